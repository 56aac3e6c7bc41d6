"""The rows of ``metrics.csv`` that say how well each detector finds masks, and what it finds on bare faces."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from benchmark.methods.detection_step import FoundMasks
from benchmark.methods.detector import Detector
from benchmark.pipeline.arm import PreparedArm
from benchmark.pipeline.chosen_weights import train_data
from benchmark.pipeline.comparison import leading_columns
from benchmark.pipeline.plan import Plan
from benchmark.pipeline.restoration_rows import NO_RECOGNISER
from benchmark.verification.base import Cell
from benchmark.verification.measure_masks import measure_masks
from benchmark.verification.measurement import Measurement
from benchmark.views import MaskedView


def measure_detection(plan: Plan, prepared: PreparedArm, subjects: NDArray[np.int32]) -> Measurement:
    """Overlap with the true masks (condition ``raw-masked``) and false masks (``raw-passthrough``) of each detector.

    Where masks were really worn nobody knows the true ones, and there is no overlap.
    """
    replicates, seed = plan.config.replicates, plan.config.seed
    masked = prepared.faces.masked.view
    bare_photos = list(prepared.faces.bare_photos)
    measured = []
    for detection in prepared.detections.values():
        if isinstance(masked, MaskedView):
            measured.append(
                measure_masks(
                    detector_columns(plan, prepared, detection.detector, "raw-masked"),
                    true=masked.holes,
                    found=detection.masked.holes,
                    failed=_failed(detection.masked),
                    subjects=subjects,
                    mask_types=masked.mask_types,
                    replicates=replicates,
                    seed=seed,
                )
            )
        if detection.bare is not None:
            measured.append(
                measure_masks(
                    detector_columns(plan, prepared, detection.detector, "raw-passthrough"),
                    true=None,
                    found=detection.bare.holes,
                    failed=_failed(detection.bare),
                    subjects=subjects[bare_photos],
                    mask_types=[None] * len(bare_photos),
                    replicates=replicates,
                    seed=seed,
                )
            )
    return Measurement(
        tuple(row for part in measured for row in part.rows), tuple(note for part in measured for note in part.notes)
    )


def detector_columns(plan: Plan, prepared: PreparedArm, detector: Detector, condition: str) -> Cell:
    """The leading columns of a detector's own rows."""
    columns = leading_columns(plan, prepared.arm, "none", condition, NO_RECOGNISER)
    return replace(
        columns,
        method=detector.name,
        preset=detector.preset,
        train_data=train_data(detector, plan.weights, "" if plan.training is None else plan.training.name),
        mask_source=detector.mask_source,
    )


def _failed(found: FoundMasks) -> NDArray[np.bool_]:
    return np.array([bool(record.get("reason")) for record in found.records], dtype=np.bool_)
