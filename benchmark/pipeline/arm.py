"""Prepares one acquisition arm: every face that a recogniser will be shown, and what is compared with what."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from benchmark.acquisition.redetection import RECOGNITION_SIZE
from benchmark.acquisition.step import Acquired, crop_raw
from benchmark.config import Arm
from benchmark.context import RunContext
from benchmark.faces import FaceGeometry
from benchmark.masking.choice import choose_style
from benchmark.masking.step import mask_photos
from benchmark.methods.base import CropTransform, Method, ReferenceMasker, TemplateMapper, Unmasker
from benchmark.methods.detect_inpaint import DetectInpaint
from benchmark.methods.detection_step import FoundMasks, find_masks
from benchmark.methods.detector import Detector
from benchmark.methods.step import Restored, transform, unmask
from benchmark.pipeline.conditions import Pairing, Side, only, subset, whole
from benchmark.pipeline.plan import Plan
from benchmark.recognisers.presentation import present
from benchmark.seeds import generator_for
from benchmark.views import MaskedView, View


@dataclass(frozen=True)
class Detection:
    """What one detector found in this arm.

    Attributes:
        detector: fitted, not privileged.
        masked: on the masked crops.
        bare: on the crops of the probes that pass through without a mask; None where there are none.
    """

    detector: Detector
    masked: FoundMasks
    bare: FoundMasks | None


@dataclass(frozen=True)
class PreparedArm:
    """The faces of one arm.

    Attributes:
        arm: ``"oracle"`` or ``"redetect"``.
        masked: the masked crops, with the truth beside them.
        restored: by `Unmasker`, what it made of the masked crops.
        detections: by the label of each detector that takes part.
        bare_probes: rows of the photos that pass through without a mask.
        pairings: every condition of every method.
        notes: conditions that were asked for and make no sense for a method.
    """

    arm: Arm
    masked: MaskedView
    restored: Mapping[str, Restored]
    detections: Mapping[str, Detection]
    bare_probes: Sequence[int]
    pairings: Sequence[Pairing]
    notes: Sequence[str]


def prepare_arm(
    plan: Plan, arm: Arm, acquired: Acquired, learned: Mapping[str, str], context: RunContext
) -> PreparedArm:
    """Mask, unmask and present every face of the test.

    Args:
        plan: what was asked for.
        arm: how faces are aligned and found (DESIGN.md section 5 item 2).
        acquired: the faces of the raw photos.
        learned: by the label of each part that learned, a key of what it learned.
        context: of the run.
    """
    return _ArmBuilder(plan, arm, acquired, learned, context).build()


class _ArmBuilder:
    """Collects the pairings of one arm, method by method."""

    def __init__(
        self, plan: Plan, arm: Arm, acquired: Acquired, learned: Mapping[str, str], context: RunContext
    ) -> None:
        self._plan = plan
        self._arm = arm
        self._acquired = acquired
        self._learned = learned
        self._context = context
        self._all = plan.protocol.comparisons
        self._wanted = set(plan.config.conditions)
        self._pairings: list[Pairing] = []
        self._restored: dict[str, Restored] = {}
        self._detections: dict[str, Detection] = {}
        self._notes: list[str] = []
        self._raw_crops = crop_raw(acquired, plan.config.size, context)
        self._mask_types = [
            choose_style(plan.config.masks, context.seed, photo.image_id) for photo in plan.protocol.photos
        ]
        self._masked_crops = mask_photos(
            acquired, self._mask_types, size=plan.config.size, redetect=arm == "redetect", context=context
        )
        self._raw = self._shown(self._raw_crops, acquired, acquired.geometry, None, "raw")
        self._masked = self._shown(
            self._masked_crops, acquired, self._masked_crops.photo_geometry, self._mask_types, "masked"
        )
        self._bare_probes = self._choose_bare_probes()
        self._bare = np.isin(self._all.probe, np.asarray(self._bare_probes, dtype=np.int32))
        self._bare_comparisons = only(self._all, self._bare)

    def build(self) -> PreparedArm:
        raw_reference, raw_probe = self._sides("raw", self._raw)
        _, masked_probe = self._sides("masked", self._masked)
        self._add("raw-raw", "none", raw_reference, raw_probe)
        self._add_native()
        self._add("raw-masked", "none", raw_reference, masked_probe)
        masked_reference, _ = self._sides("masked", self._masked)
        self._add("masked-masked", "none", masked_reference, masked_probe)
        for name, method in self._plan.methods.items():
            self._add_method(name, method)
        return PreparedArm(
            self._arm,
            self._masked_crops,
            self._restored,
            self._detections,
            self._bare_probes,
            self._pairings,
            self._notes,
        )

    def _add_method(self, name: str, method: Method) -> None:
        if isinstance(method, Unmasker):
            self._add_unmasker(name, method)
        elif isinstance(method, ReferenceMasker):
            self._add_reference_masker(name)
        elif isinstance(method, CropTransform):
            self._add_crop_transform(name, method)
        elif isinstance(method, TemplateMapper):
            self._add_template_mapper(name)
        else:
            raise TypeError(f"method '{name}' is none of the four kinds of benchmark.methods.base")

    def _add_unmasker(self, name: str, method: Unmasker) -> None:
        trained_on = [self._learned[part.label] for part in method.parts() if part.trains]
        found = self._detect(method)
        restored = unmask(
            method,
            self._masked_crops,
            trained_on=trained_on,
            name=name,
            context=self._context,
            found=None if found is None else found.masked,
        )
        self._restored[name] = restored
        shown = self._shown(restored.view, self._acquired, self._masked_crops.photo_geometry, self._mask_types, name)
        reference, probe = self._sides(name, shown)
        self._add("raw-restored", name, self._sides("raw", self._raw)[0], probe)
        self._add("restored-restored", name, reference, probe)
        if "raw-passthrough" in self._wanted and self._bare_probes:
            bare = self._acquired.take(self._bare_probes)
            passed = unmask(
                method,
                self._raw_crops.take(self._bare_probes),
                trained_on=trained_on,
                name=name,
                context=self._context,
                found=None if found is None else found.bare,
            )
            label = f"{name} on bare faces"
            self._add_passthrough(name, self._shown(passed.view, bare, bare.geometry, None, label), label)

    def _detect(self, method: Unmasker) -> Detection | None:
        """What the method's detector finds: once, for all the methods that share it. None where none looks."""
        if not isinstance(method, DetectInpaint) or method.detector.card.privileged:
            return None
        detector = method.detector
        if detector.label not in self._detections:
            learned = self._learned[detector.label] if detector.trains else ""
            bare = self._raw_crops.take(self._bare_probes) if self._bare_probes else None
            self._detections[detector.label] = Detection(
                detector,
                find_masks(detector, self._masked_crops, trained_on=learned, context=self._context),
                None if bare is None else find_masks(detector, bare, trained_on=learned, context=self._context),
            )
        return self._detections[detector.label]

    def _add_reference_masker(self, name: str) -> None:
        """Each reference wears the mask type of the probe it is compared with: one image a (reference, type)."""
        kinds = {kind: code for code, kind in enumerate(dict.fromkeys(self._mask_types))}
        codes = np.array([kinds[kind] for kind in self._mask_types], dtype=np.int64)
        wanted = self._all.reference.astype(np.int64) * len(kinds) + codes[self._all.probe]
        pairs, rows = np.unique(wanted, return_inverse=True)
        photos, types = (pairs // len(kinds)).tolist(), [list(kinds)[code] for code in pairs % len(kinds)]
        references = self._acquired.take(photos)
        crops = mask_photos(
            references,
            types,
            size=self._plan.config.size,
            redetect=self._arm == "redetect",
            context=self._context,
            variant=name,
        )
        view = self._shown(crops, references, crops.photo_geometry, types, name)
        reference = Side(name, view, rows.astype(np.int32))
        self._add("raw-restored", name, reference, self._sides("masked", self._masked)[1])
        if "restored-restored" in self._wanted:
            self._notes.append(f"{name} restores nothing, so it has no restored-restored condition")
        if self._bare_probes:
            self._add_pairing(
                Pairing(
                    "raw-passthrough",
                    name,
                    self._bare_comparisons,
                    Side(name, view, rows[self._bare].astype(np.int32)),
                    whole("raw", self._raw, self._bare_comparisons.probe),
                )
            )

    def _add_crop_transform(self, name: str, method: CropTransform) -> None:
        raw, masked = (
            transform(method, view, name=name, shown=shown, context=self._context)
            for view, shown in ((self._raw, "raw"), (self._masked, "masked"))
        )
        raw_reference, raw_probe = self._sides(f"{name}: raw", raw)
        masked_reference, masked_probe = self._sides(f"{name}: masked", masked)
        self._add("raw-restored", name, raw_reference, masked_probe)
        self._add("restored-restored", name, masked_reference, masked_probe)
        self._add_on_bare(name, raw_reference, raw_probe)

    def _add_template_mapper(self, name: str) -> None:
        raw_reference, _ = self._sides("raw", self._raw)
        reference, probe = self._sides("masked", self._masked, mapped=True)
        self._add("raw-restored", name, raw_reference, probe)
        self._add("restored-restored", name, reference, probe)
        self._add_on_bare(name, raw_reference, whole("raw", self._raw, self._all.probe, mapped=True))

    def _add_on_bare(self, name: str, reference: Side, probe: Side) -> None:
        """Passthrough of a method whose views hold every photo anyway."""
        self._add_pairing(
            Pairing(
                "raw-passthrough",
                name,
                self._bare_comparisons,
                Side(reference.shown, reference.view, reference.rows[self._bare], reference.mapped),
                Side(probe.shown, probe.view, probe.rows[self._bare], probe.mapped),
            )
        )

    def _add_passthrough(self, name: str, passed: View, label: str) -> None:
        self._add_pairing(
            Pairing(
                "raw-passthrough",
                name,
                self._bare_comparisons,
                whole("raw", self._raw, self._bare_comparisons.reference),
                subset(label, passed, self._bare_comparisons.probe, self._bare_probes),
            )
        )

    def _add_native(self) -> None:
        """Raw faces at native resolution, to show what the working size alone costs."""
        if self._plan.config.size != RECOGNITION_SIZE:
            view = crop_raw(self._acquired, RECOGNITION_SIZE, self._context)
            reference, probe = self._sides("raw at native resolution", view)
            self._add_pairing(Pairing("raw-raw", "none", self._all, reference, probe, native=True))

    def _add(self, condition: str, method: str, reference: Side, probe: Side) -> None:
        self._add_pairing(Pairing(condition, method, self._all, reference, probe))

    def _add_pairing(self, pairing: Pairing) -> None:
        if pairing.condition in self._wanted and len(pairing.comparisons):
            self._pairings.append(pairing)

    def _sides(self, shown: str, view: View, *, mapped: bool = False) -> tuple[Side, Side]:
        """The reference's and the probe's side of all comparisons, both seen as `view`."""
        return (
            whole(shown, view, self._all.reference, mapped=mapped),
            whole(shown, view, self._all.probe, mapped=mapped),
        )

    def _shown(
        self,
        crops: View,
        acquired: Acquired,
        aligned_on: Sequence[FaceGeometry | None],
        mask_types: Sequence[str] | None,
        name: str,
    ) -> View:
        """What the recogniser is shown of `crops`: themselves, or what is found anew in the photo."""
        if self._arm == "oracle":
            return crops
        return present(crops, acquired, aligned_on, mask_types, name=name, context=self._context)

    def _choose_bare_probes(self) -> list[int]:
        """The probes that go through every method without a mask: seeded, the same for all methods."""
        if "raw-passthrough" not in self._wanted:
            return []
        mated = np.unique(self._all.probe[self._all.mated])
        count = min(self._plan.config.passthrough, len(mated))
        chosen = generator_for(self._context.seed, "passthrough").choice(mated, size=count, replace=False)
        return sorted(int(row) for row in chosen)
