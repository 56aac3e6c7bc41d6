"""The rows of ``metrics.csv`` that say how well each detector finds masks, and what it finds on bare faces."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from benchmark.faces import REAL_MASK
from benchmark.methods.detection_step import FoundMasks
from benchmark.methods.detectors.base import Detector
from benchmark.pipeline.conditions.arm import PreparedArm
from benchmark.pipeline.planning.plan import Plan
from benchmark.pipeline.rows.columns import detector_columns
from benchmark.pipeline.rows.stored_measurements import StoredMeasurements
from benchmark.verification.base import MaskMetric
from benchmark.verification.measure_masks import measure_masks
from benchmark.verification.measurement import Measurement
from benchmark.views import MaskedView


def measure_detection(
    plan: Plan, prepared: PreparedArm, subjects: NDArray[np.int32], kept: StoredMeasurements
) -> Measurement:
    """Overlap with the true masks and missed masks (condition ``raw-masked``), and false masks (``raw-passthrough``).

    Where masks were really worn nobody knows the true ones, and there is no overlap.
    """

    def measured(
        detector: Detector,
        found: FoundMasks,
        condition: str,
        *,
        photos: Sequence[int],
        true: NDArray[np.uint8] | None,
        mask_types: Sequence[str | None],
    ) -> Measurement:
        cell = detector_columns(plan, prepared.arm, detector, condition)
        people = subjects[list(photos)]
        about = {
            "what": "masks",
            "cell": vars(cell),
            "found": found.key,
            "true": None if true is None else prepared.faces.masked.view.key,
            "mask_types": list(mask_types),
            "subjects": kept.digest_of(people),
        }

        def make() -> Measurement:
            return measure_masks(
                cell,
                bare=condition == "raw-passthrough",
                true=true,
                found=found.holes,
                failed=_failed(found),
                subjects=people,
                mask_types=mask_types,
                replicates=plan.config.replicates,
                seed=plan.config.seed,
                metrics=plan.metrics,
            )

        return kept.once(about, make, kinds=(MaskMetric,))

    masked, bare_photos = prepared.faces.masked, prepared.faces.bare_photos
    drawn = masked.view if isinstance(masked.view, MaskedView) else None
    masked_photos = range(len(masked.view)) if masked.photos is None else masked.photos
    parts = []
    for detection in prepared.detections.values():
        parts.append(
            measured(
                detection.detector,
                detection.masked,
                "raw-masked",
                photos=masked_photos,
                true=None if drawn is None else drawn.holes,
                mask_types=[REAL_MASK] * len(masked.view) if drawn is None else drawn.mask_types,
            )
        )
        if detection.bare is not None:
            parts.append(
                measured(
                    detection.detector,
                    detection.bare,
                    "raw-passthrough",
                    photos=bare_photos,
                    true=None,
                    mask_types=[None] * len(bare_photos),
                )
            )
    return Measurement(
        tuple(row for part in parts for row in part.rows), tuple(note for part in parts for note in part.notes)
    )


def _failed(found: FoundMasks) -> NDArray[np.bool_]:
    return np.array([bool(record.get("reason")) for record in found.records], dtype=np.bool_)
