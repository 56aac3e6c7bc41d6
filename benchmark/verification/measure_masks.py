"""The measuring step for detectors: found and true masks in, rows of ``metrics.csv`` out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from benchmark.verification.base import Cell, MaskMetric, Metric
from benchmark.verification.measure import DEFAULT_REPLICATES
from benchmark.verification.measure_images import BATCH, rows_by_mask_type
from benchmark.verification.measurement import Measurement, NoteBook
from benchmark.verification.resolve import load_metrics


def measure_masks(
    cell: Cell,
    *,
    bare: bool,
    true: NDArray[np.uint8] | None,
    found: NDArray[np.uint8],
    failed: NDArray[np.bool_],
    subjects: NDArray[np.int32],
    mask_types: Sequence[str | None],
    replicates: int = DEFAULT_REPLICATES,
    seed: int = 0,
    metrics: Mapping[str, Metric] | None = None,
) -> Measurement:
    """Every mask metric of one detector, over all its images and over those of each mask type.

    Args:
        cell: the leading columns of the rows; no recogniser has a part in them.
        bare: whether the faces wear no mask; then only the metrics of bare faces are measured, else only the others.
        true: ``uint8 (N, S, S)``, 255 = covered; None where nobody knows, and on bare faces: metrics that need it are
            left out. May be a memory map, as may `found`.
        found: ``uint8 (N, S, S)``.
        failed: ``bool (N,)``, images that the detector was not shown; left out and counted in `n_failed`.
        subjects: ``int32 (N,)``, codes.
        mask_types: one per image; all None on bare faces.
        replicates: the replicates of the bootstrap over subjects.
        seed: the run's seed.
        metrics: what to measure, by name, others than mask metrics being passed over; None = every registered one.

    Returns:
        Rows with no threshold; `n_mated` and `n_nonmated` are 0.
    """
    book = NoteBook()
    values = {}
    for name, metric in (load_metrics() if metrics is None else metrics).items():
        if not isinstance(metric, MaskMetric) or metric.bare != bare:
            continue
        if true is None and metric.needs_truth and not bare:
            continue
        try:
            values[name] = _per_image(metric, true, found, failed)
        except Exception as error:  # a plugin may raise anything; the others' rows must not be lost
            book.add("failed", f"metric '{name}' failed: {type(error).__name__}: {error}", cell, metric=name)
    rows = rows_by_mask_type(
        cell,
        values,
        dict.fromkeys(values, float),
        failed=failed,
        subjects=subjects,
        mask_types=mask_types,
        replicates=replicates,
        seed=seed,
        book=book,
    )
    return Measurement(tuple(rows), book.notes())


def _per_image(
    metric: MaskMetric, true: NDArray[np.uint8] | None, found: NDArray[np.uint8], failed: NDArray[np.bool_]
) -> NDArray[np.float64]:
    values = np.full(len(failed), np.nan)
    there = np.flatnonzero(~failed)
    for start in range(0, len(there), BATCH):
        rows = there[start : start + BATCH]
        seen = np.asarray(found[rows])
        values[rows] = metric.per_image(np.zeros_like(seen) if true is None else np.asarray(true[rows]), seen)
    return values
