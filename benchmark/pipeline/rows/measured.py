"""The step `measure`: every row of ``metrics.csv``."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from benchmark.pipeline.conditions.arm import PreparedArm
from benchmark.pipeline.planning.plan import Plan
from benchmark.pipeline.rows.detection import measure_detection
from benchmark.pipeline.rows.missing_truth import note_missing_truth
from benchmark.pipeline.rows.restoration import measure_restoration
from benchmark.progress import Progress
from benchmark.verification.demographics import measure_groups
from benchmark.verification.measure import measure
from benchmark.verification.measurement import Measurement, ScoredCell


def measure_run(
    plan: Plan, arms: Sequence[PreparedArm], cells: Sequence[ScoredCell], progress: Progress
) -> Measurement:
    """Error rates of the scored cells; then, arm by arm, the likeness of restored faces, costs and found masks."""
    subjects = _subject_codes(plan)
    faces = arms[0].faces
    verified = measure(
        cells,
        subjects=subjects[faces.templates.first],
        mask_types=faces.mask_types,
        targets=plan.config.targets,
        replicates=plan.config.replicates,
        seed=plan.config.seed,
        progress=progress,
        metrics=plan.metrics,
        baselines={method.name for method in plan.methods.values() if method.card.baseline},
        given_thresholds=None if plan.thresholds is None else plan.thresholds.by_group,
    )
    measured = [verified]
    for arm in arms:
        measured.append(measure_restoration(plan, arm, subjects, progress))
        measured.append(measure_detection(plan, arm, subjects))
        measured.append(note_missing_truth(plan, arm))
    return Measurement(
        tuple(row for part in measured for row in part.rows),
        tuple(note for part in measured for note in part.notes),
        verified.curves,
        verified.differences,
        measure_groups(
            cells, verified.rows, subjects=subjects[faces.templates.first], attributes=plan.attributes.groups
        ),
    )


def _subject_codes(plan: Plan) -> NDArray[np.int32]:
    """``int32 (n_photos,)``: a code of each photo's subject, from 0 up."""
    subjects = [photo.subject_id for photo in plan.protocol.photos]
    codes = {subject: code for code, subject in enumerate(dict.fromkeys(subjects))}
    return np.array([codes[subject] for subject in subjects], dtype=np.int32)
