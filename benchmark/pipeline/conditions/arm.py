"""Prepares one acquisition arm: every face that a recogniser will be shown, and what is compared with what."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from benchmark.acquisition.redetection import RECOGNITION_SIZE
from benchmark.acquisition.step import Acquired, crop_raw
from benchmark.config import Arm, Condition
from benchmark.context import RunContext
from benchmark.masking.choice import choose_style
from benchmark.masking.step import mask_photos
from benchmark.methods.base import CropTransform, Method, ReferenceMasker, TemplateMapper, Unmasker
from benchmark.methods.detect_inpaint import DetectInpaint
from benchmark.methods.detection_step import FoundMasks, find_masks
from benchmark.methods.detectors.base import Detector
from benchmark.methods.step import Restored, transform, unmask
from benchmark.pipeline.conditions.crops import Crops
from benchmark.pipeline.conditions.drawn_masks import faces_with_drawn_masks
from benchmark.pipeline.conditions.faces import ArmFaces
from benchmark.pipeline.conditions.masked_references import masked_references
from benchmark.pipeline.conditions.pairing import Pairing, ShownFaces, Side
from benchmark.pipeline.conditions.real_masks import faces_with_real_masks
from benchmark.pipeline.planning.plan import Plan


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
        faces: raw and masked, before any method.
        restored: by `Unmasker`, what it made of the masked crops.
        detections: by the label of each detector that takes part.
        pairings: every condition of every method.
        notes: what a reader must know about the faces, and conditions that make no sense for a method.
    """

    arm: Arm
    faces: ArmFaces
    restored: Mapping[str, Restored]
    detections: Mapping[str, Detection]
    pairings: Sequence[Pairing]
    notes: Sequence[str]


def prepare_arm(
    plan: Plan, arm: Arm, acquired: Acquired, learned: Mapping[str, str], context: RunContext
) -> PreparedArm:
    """Mask, unmask and present every face of the test. Where masks are really worn, none is drawn.

    Args:
        plan: what was asked for.
        arm: how faces are aligned and found (DESIGN.md section 5 item 2).
        acquired: the faces of the photos.
        learned: by the label of each part that learned, a key of what it learned.
        context: of the run.
    """
    really_masked = any(photo.masked for photo in plan.protocol.photos)
    faces_of = faces_with_real_masks if really_masked else faces_with_drawn_masks
    faces = faces_of(plan, arm, acquired, context)
    return _ArmBuilder(plan, arm, faces, learned, context).build()


class _ArmBuilder:
    """Collects the pairings of one arm, method by method."""

    def __init__(self, plan: Plan, arm: Arm, faces: ArmFaces, learned: Mapping[str, str], context: RunContext) -> None:
        self._plan = plan
        self._arm = arm
        self._faces = faces
        self._learned = learned
        self._context = context
        self._pairings: list[Pairing] = []
        self._restored: dict[str, Restored] = {}
        self._detections: dict[str, Detection] = {}
        self._notes: list[str] = list(faces.notes)

    def build(self) -> PreparedArm:
        raw, masked = self._faces.shown_raw, self._faces.shown_masked
        self._add("raw-raw", "none", raw, raw)
        self._add_native()
        self._add("raw-masked", "none", raw, masked)
        self._add("masked-masked", "none", masked, masked)
        for name, method in self._plan.methods.items():
            self._add_method(name, method)
        return PreparedArm(self._arm, self._faces, self._restored, self._detections, self._pairings, tuple(self._notes))

    def _add_native(self) -> None:
        """Raw faces at native resolution, to show what the working size alone costs."""
        if self._plan.config.size != RECOGNITION_SIZE:
            crops = self._faces.raw
            view = crop_raw(crops.acquired, RECOGNITION_SIZE, self._context)
            native = ShownFaces("raw at native resolution", view, crops.photos)
            self._add("raw-raw", "none", native, native, native=True)

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
        found = self._detect(method)
        raw, crops = self._faces.shown_raw, self._faces.masked
        restored = self._unmask(name, method, crops, None if found is None else found.masked)
        self._restored[name] = restored
        shown = crops.changed(restored.view).shown(self._arm, name, self._context)
        self._add("raw-restored", name, raw, shown)
        self._add("restored-restored", name, shown, shown)
        bare = self._bare_crops()
        if bare is not None:
            passed = self._unmask(name, method, bare, None if found is None else found.bare)
            shown = bare.changed(passed.view).shown(self._arm, f"{name} on bare faces", self._context)
            self._add("raw-passthrough", name, raw, shown)

    def _unmask(self, name: str, method: Unmasker, crops: Crops, found: FoundMasks | None) -> Restored:
        trained_on = [self._learned[part.label] for part in method.parts() if part.trains]
        return unmask(method, crops.view, trained_on=trained_on, name=name, context=self._context, found=found)

    def _detect(self, method: Unmasker) -> Detection | None:
        """What the method's detector finds: once, for all the methods that share it. None where none looks."""
        if not isinstance(method, DetectInpaint) or method.detector.card.privileged:
            return None
        detector = method.detector
        if detector.label not in self._detections:
            learned = self._learned[detector.label] if detector.trains else ""
            bare = self._bare_crops()
            self._detections[detector.label] = Detection(
                detector,
                find_masks(detector, self._faces.masked.view, trained_on=learned, context=self._context),
                None if bare is None else find_masks(detector, bare.view, trained_on=learned, context=self._context),
            )
        return self._detections[detector.label]

    def _bare_crops(self) -> Crops | None:
        photos = self._faces.bare_photos
        return self._faces.raw.take(photos) if photos else None

    def _add_reference_masker(self, name: str) -> None:
        """Each reference wears the mask type of the probe it is compared with: one image a (reference, type)."""
        faces, config, photos = self._faces, self._plan.config, self._plan.protocol.photos
        conditions: tuple[Condition, ...] = ("raw-restored", "raw-passthrough")
        wanted = masked_references(
            faces.templates,
            [faces.comparisons[condition] for condition in conditions],
            faces.like_probes,
            own_type=lambda row: choose_style(config.masks, self._context.seed, photos[row].image_id),
        )
        references = faces.raw.acquired.take(faces.raw.rows_of(wanted.photos))
        view = mask_photos(
            references,
            wanted.mask_types,
            size=config.size,
            redetect=self._arm == "redetect",
            context=self._context,
            variant=name,
        )
        crops = Crops(view, references, view.photo_geometry, wanted.mask_types)
        shown = crops.shown(self._arm, name, self._context).view
        probes = (faces.shown_masked, faces.shown_raw)
        for condition, rows, probe in zip(conditions, wanted.rows, probes, strict=True):
            reference = Side(name, shown, rows, members=wanted.members)
            compared = faces.comparisons[condition]
            self._add_pairing(
                Pairing(condition, name, compared, reference, probe.side(faces.templates, compared.probe))
            )
        if "restored-restored" in self._plan.config.conditions:
            self._notes.append(f"{name} restores nothing, so it has no restored-restored condition")

    def _add_crop_transform(self, name: str, method: CropTransform) -> None:
        raw, masked = (
            replace(
                faces,
                shown=f"{name}: {faces.shown}",
                view=transform(method, faces.view, name=name, shown=faces.shown, context=self._context),
            )
            for faces in (self._faces.shown_raw, self._faces.shown_masked)
        )
        self._add("raw-restored", name, raw, masked)
        self._add("restored-restored", name, masked, masked)
        self._add("raw-passthrough", name, raw, raw)

    def _add_template_mapper(self, name: str) -> None:
        raw = self._faces.shown_raw
        repaired = replace(self._faces.shown_masked, mapped=True)
        self._add("raw-restored", name, raw, repaired)
        self._add("restored-restored", name, repaired, repaired)
        self._add("raw-passthrough", name, raw, replace(raw, mapped=True))

    def _add(
        self, condition: Condition, method: str, reference: ShownFaces, probe: ShownFaces, *, native: bool = False
    ) -> None:
        compared, templates = self._faces.comparisons[condition], self._faces.templates
        sides = reference.side(templates, compared.reference), probe.side(templates, compared.probe)
        self._add_pairing(Pairing(condition, method, compared, *sides, native=native))

    def _add_pairing(self, pairing: Pairing) -> None:
        if pairing.condition in self._plan.config.conditions and len(pairing.comparisons):
            self._pairings.append(pairing)
