"""Prepares one acquisition arm: every face that a recogniser will be shown, and what is compared with what."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from benchmark.acquisition.redetection import RECOGNITION_SIZE
from benchmark.acquisition.step import Acquired, crop_raw
from benchmark.config import Arm
from benchmark.context import RunContext
from benchmark.methods.step import RestoredView
from benchmark.pipeline.conditions.bare_faces import faces_without_masks
from benchmark.pipeline.conditions.drawn_masks import faces_with_drawn_masks
from benchmark.pipeline.conditions.faces import ArmFaces
from benchmark.pipeline.conditions.found_masks import Detection, detect_masks
from benchmark.pipeline.conditions.method_kinds.inputs import MethodConditions, MethodInputs
from benchmark.pipeline.conditions.method_kinds.kinds import kind_of
from benchmark.pipeline.conditions.pairing import Pairing, ShownFaces
from benchmark.pipeline.conditions.real_masks import faces_with_real_masks
from benchmark.pipeline.planning.plan import Plan


@dataclass(frozen=True)
class PreparedArm:
    """Everything that one arm compares.

    Attributes:
        faces: raw and masked, before any method.
        restored: by the label of each `Unmasker`, what it made of the masked crops.
        detections: by the label of each detector that takes part.
        pairings: every condition of every method.
        notes: what a reader must know about the faces, and conditions that make no sense for a method.
    """

    faces: ArmFaces
    restored: Mapping[str, RestoredView]
    detections: Mapping[str, Detection]
    pairings: Sequence[Pairing]
    notes: Sequence[str]

    @property
    def arm(self) -> Arm:
        """``"oracle"`` or ``"redetect"``."""
        return self.faces.arm


def mask_faces(plan: Plan, arm: Arm, acquired: Acquired, context: RunContext) -> ArmFaces:
    """The step `mask`: every face raw and masked. Where masks are really worn, or not asked for, none is drawn.

    Args:
        plan: what was asked for.
        arm: how faces are aligned and found.
        acquired: the faces of the protocol's photos.
        context: what the run's steps share: store, ledger, progress bars, device, seed.
    """
    really_masked = any(photo.masked for photo in plan.protocol.photos)
    if really_masked:
        faces_of = faces_with_real_masks
    else:
        faces_of = faces_without_masks if plan.config.conditions == ("raw-raw",) else faces_with_drawn_masks
    return faces_of(plan, arm, acquired, context)


def unmask_faces(plan: Plan, faces: ArmFaces, learned: Mapping[str, str], context: RunContext) -> PreparedArm:
    """The step `unmask`: what every method makes of the faces, and the comparisons that show what it is worth.

    Args:
        plan: what was asked for.
        faces: the faces of the arm.
        learned: by the label of each part that learned, a key of what it learned.
        context: what the run's steps share: store, ledger, progress bars, device, seed.
    """
    failures = context.failures
    unfitted = {failure.name for failure in failures.entries if failure.where == "learning"}
    methods = {label: method for label, method in plan.methods.items() if label not in unfitted}
    detections = detect_masks(methods.values(), faces, learned, context)
    of_methods: dict[str, MethodConditions] = {}
    inputs = MethodInputs(plan.config, faces, detections, learned, of_methods, context)
    for label, method in methods.items():
        with failures.kept("method", label, faces.arm):
            of_methods[label] = kind_of(method).conditions(label, method, inputs)
    pairings = [
        *_without_method(plan, faces, context),
        *(pairing for of_method in of_methods.values() for pairing in of_method.pairings),
    ]
    return PreparedArm(
        faces,
        {label: of_method.restored for label, of_method in of_methods.items() if of_method.restored is not None},
        detections,
        [one for one in pairings if one.condition in plan.config.conditions and len(one.comparisons)],
        (*faces.notes, *(note for of_method in of_methods.values() for note in of_method.notes)),
    )


def _without_method(plan: Plan, faces: ArmFaces, context: RunContext) -> list[Pairing]:
    """Raw and masked faces, which every method is measured against."""
    raw, masked = faces.shown_raw, faces.shown_masked
    pairings = [faces.pairing("raw-raw", "none", raw, raw)]
    if plan.config.size != RECOGNITION_SIZE:  # to show what the working size alone costs
        view = crop_raw(faces.raw.acquired, RECOGNITION_SIZE, context)
        native = ShownFaces("raw at native resolution", view, faces.raw.photos)
        pairings.append(replace(faces.pairing("raw-raw", "none", native, native), native=True))
    return [
        *pairings,
        faces.pairing("raw-masked", "none", raw, masked, pictures=True),
        faces.pairing("masked-masked", "none", masked, masked),
    ]
