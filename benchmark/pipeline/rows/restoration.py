"""The rows of ``metrics.csv`` that need no recogniser: likeness to the true pixels, seconds and memory."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from functools import partial

import numpy as np
from numpy.typing import NDArray

from benchmark.methods.step import RestoredView
from benchmark.pipeline.conditions.arm import PreparedArm
from benchmark.pipeline.planning.plan import Plan
from benchmark.pipeline.rows.columns import leading_columns
from benchmark.pipeline.rows.stored_measurements import StoredMeasurements
from benchmark.progress import Progress
from benchmark.verification.base import Cell, ImageMetric, ImageSetMetric, MetricRow
from benchmark.verification.measure_image_sets import measure_image_sets
from benchmark.verification.measure_images import measure_images
from benchmark.verification.measurement import Measurement
from benchmark.views import MaskedView, View


def measure_restoration(
    plan: Plan, prepared: PreparedArm, subjects: NDArray[np.int32], progress: Progress, kept: StoredMeasurements
) -> Measurement:
    """Image quality of the masked faces and of every method that restores faces, and what each method cost.

    Where masks were really worn there is no truth to compare pixels with, and only the costs remain.
    """
    masked = prepared.faces.masked.view
    costs = tuple(_costs(plan, prepared, prepared.restored))
    if not isinstance(masked, MaskedView):
        return Measurement(costs, ())
    measured = _image_quality(plan, prepared, masked, subjects, progress, kept=kept)
    return Measurement((*measured.rows, *costs), measured.notes)


def _image_quality(
    plan: Plan,
    prepared: PreparedArm,
    masked: MaskedView,
    subjects: NDArray[np.int32],
    progress: Progress,
    *,
    kept: StoredMeasurements,
) -> Measurement:
    shown: dict[str, tuple[str, View]] = {"none": ("raw-masked", masked)} | {
        label: ("raw-restored", restored.view) for label, restored in prepared.restored.items()
    }
    parts: list[Measurement] = []
    with progress.bar("compare pixels", total=len(shown), unit="method") as bar:
        for label, (condition, view) in shown.items():
            cell = leading_columns(plan, prepared.arm, label, condition)
            about = {
                "what": "pixels",
                "cell": vars(cell),
                "masked": masked.key,
                "shown": view.key,
                "subjects": kept.digest_of(subjects),
            }
            make = partial(_likeness, plan, cell, masked, view, subjects)
            parts.append(kept.once(about, make, kinds=(ImageMetric, ImageSetMetric)))
            bar.update(1)
    return Measurement(
        tuple(row for part in parts for row in part.rows), tuple(note for part in parts for note in part.notes)
    )


def _likeness(plan: Plan, cell: Cell, masked: MaskedView, view: View, subjects: NDArray[np.int32]) -> Measurement:
    failed = np.array([view.failed(row) for row in range(len(view))])
    measured = measure_images(
        cell,
        true=masked.true_pixels,
        restored=view.faces.pixels,
        holes=masked.holes,
        failed=failed,
        subjects=subjects,
        mask_types=masked.mask_types,
        replicates=plan.config.replicates,
        seed=plan.config.seed,
        metrics=plan.metrics,
    )
    as_sets = measure_image_sets(
        cell,
        true=masked.true_pixels,
        shown=view.faces.pixels,
        failed=failed,
        subjects=subjects,
        metrics=plan.metrics,
        seed=plan.config.seed,
    )
    return Measurement((*measured.rows, *as_sets.rows), (*measured.notes, *as_sets.notes))


def _costs(plan: Plan, prepared: PreparedArm, restored: Mapping[str, RestoredView]) -> Iterator[MetricRow]:
    for label, made in restored.items():
        failed = sum(made.view.failed(row) for row in range(len(made.view)))
        for metric, value in (
            ("seconds_per_image", made.seconds_per_image),
            ("peak_memory_mib", made.peak_memory_mib),
        ):
            yield MetricRow(
                **vars(leading_columns(plan, prepared.arm, label, "raw-restored")),
                mask_type="all",
                metric=metric,
                threshold_kind="none",
                target=None,
                value=value if math.isfinite(value) else None,
                ci_low=None,
                ci_high=None,
                n_mated=0,
                n_nonmated=0,
                n_failed=failed,
                threshold=None,
            )
