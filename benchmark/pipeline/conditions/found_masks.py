"""What the mask detectors of a run's methods find in one arm: each looks once, for all methods behind it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from benchmark.context import RunContext
from benchmark.methods.adapters.detected_probes import DetectedProbes
from benchmark.methods.base import Method
from benchmark.methods.detect_inpaint import DetectInpaint
from benchmark.methods.detection_step import FoundMasks, find_masks
from benchmark.methods.detectors.base import Detector
from benchmark.pipeline.conditions.faces import ArmFaces


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


def detect_masks(
    methods: Iterable[Method], faces: ArmFaces, learned: Mapping[str, str], context: RunContext
) -> dict[str, Detection]:
    """What every detector that one of `methods` relies on finds, by the detector's label; without those that fail.

    Args:
        methods: the methods of the run.
        faces: the faces of the arm.
        learned: by the label of each part that learned, a key of what it learned.
        context: what the run's steps share: store, ledger, progress bars, device, seed.
    """
    found: dict[str, Detection] = {}
    broken: set[str] = set()
    for method in methods:
        detector = detector_of(method)
        if detector is None or detector.label in found or detector.label in broken:
            continue
        trained_on = learned[detector.label] if detector.trains else ""
        bare = faces.bare
        failed = len(context.failures.entries)
        with context.failures.kept("detector", detector.label, faces.arm):
            found[detector.label] = Detection(
                detector,
                find_masks(detector, faces.masked.view, trained_on=trained_on, context=context),
                None if bare is None else find_masks(detector, bare.view, trained_on=trained_on, context=context),
            )
        if len(context.failures.entries) > failed:
            broken.add(detector.label)
    return found


def detector_of(method: Method) -> Detector | None:
    """The detector that looks for the mask for `method`; None where none looks, or where it is told the true mask."""
    if isinstance(method, DetectInpaint | DetectedProbes) and not method.detector.card.privileged:
        return method.detector
    return None
