"""The step `measure`: every row of ``metrics.csv``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
from numpy.typing import NDArray

from benchmark.artifacts import ArtifactStore
from benchmark.pipeline.conditions.arm import PreparedArm
from benchmark.pipeline.conditions.faces import ArmFaces
from benchmark.pipeline.planning.plan import Plan
from benchmark.pipeline.rows.detection import measure_detection
from benchmark.pipeline.rows.missing_truth import note_missing_truth
from benchmark.pipeline.rows.restoration import measure_restoration
from benchmark.pipeline.rows.stored_measurements import StoredMeasurements
from benchmark.progress import Progress
from benchmark.verification.base import OF_SCORES
from benchmark.verification.demographics import measure_groups
from benchmark.verification.errors_in_cells import group_of
from benchmark.verification.measure import measure
from benchmark.verification.measurement import Measurement, ScoredCell


def measure_run(
    plan: Plan, arms: Sequence[PreparedArm], cells: Sequence[ScoredCell], progress: Progress, store: ArtifactStore
) -> Measurement:
    """Error rates of the scored cells; then, arm by arm, the likeness of restored faces, costs and found masks.

    Only what the store does not hold is measured.
    """
    subjects = _subject_codes(plan)
    faces = arms[0].faces
    settings = {"replicates": plan.config.replicates, "seed": plan.config.seed}
    kept = StoredMeasurements(store, settings, plan.metrics)
    verified = measure(
        cells,
        subjects=subjects[faces.templates.first],
        mask_types=faces.mask_types,
        targets=plan.config.targets,
        replicates=plan.config.replicates,
        seed=plan.config.seed,
        progress=progress,
        metrics=plan.metrics,
        baselines=_baselines(plan),
        given_thresholds=None if plan.thresholds is None else plan.thresholds.by_group,
        keep=partial(_kept_group, plan=plan, faces=faces, subjects=subjects, kept=kept),
    )
    measured = [verified]
    for arm in arms:
        measured.append(measure_restoration(plan, arm, subjects, progress, kept))
        measured.append(measure_detection(plan, arm, subjects, kept))
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


def _kept_group(
    group: Sequence[ScoredCell],
    make: Callable[[], Measurement],
    *,
    plan: Plan,
    faces: ArmFaces,
    subjects: NDArray[np.int32],
    kept: StoredMeasurements,
) -> Measurement:
    given = None if plan.thresholds is None else plan.thresholds.by_group.get(group_of(group[0].cell))
    about = {
        "what": "scores",
        "cells": [kept.cell_in_key(scored) for scored in group],
        "subjects": kept.digest_of(subjects[faces.templates.first]),
        "mask_types": list(faces.mask_types),
        "targets": list(plan.config.targets),
        "baselines": sorted(_baselines(plan)),
        "given_thresholds": None if given is None else list(given.items()),
    }
    return kept.once(about, make, kinds=OF_SCORES)


def _baselines(plan: Plan) -> set[str]:
    return {method.name for method in plan.methods.values() if method.card.baseline}


def _subject_codes(plan: Plan) -> NDArray[np.int32]:
    """``int32 (n_photos,)``: a code of each photo's subject, from 0 up."""
    subjects = [photo.subject_id for photo in plan.protocol.photos]
    codes = {subject: code for code, subject in enumerate(dict.fromkeys(subjects))}
    return np.array([codes[subject] for subject in subjects], dtype=np.int32)
