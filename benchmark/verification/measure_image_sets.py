"""The measuring step for sets of images: restored and true faces in, one row of ``metrics.csv`` for each metric out."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from benchmark.verification.base import Cell, ImageSetMetric, Metric, MetricRow
from benchmark.verification.measurement import Measurement, NoteBook
from benchmark.verification.samples import Estimate, ImageSetSample
from benchmark.verification.selections import ALL_TYPES


def measure_image_sets(
    cell: Cell,
    *,
    true: NDArray[np.uint8],
    shown: NDArray[np.uint8],
    failed: NDArray[np.bool_],
    subjects: NDArray[np.int32],
    metrics: Mapping[str, Metric],
    seed: int = 0,
) -> Measurement:
    """Every metric of one cell that compares the set of shown images with that of true ones, over all mask types.

    Args:
        cell: the leading columns of the rows; no recogniser has a part in them.
        true: ``uint8 (N, S, S, 3)``, the faces without mask; may be a memory map, as may the next.
        shown: ``uint8 (N, S, S, 3)``.
        failed: ``bool (N,)``, images that were not restored; left out of both sets and counted in `n_failed`.
        subjects: ``int32 (N,)``, the same codes as for `measure.measure`.
        metrics: what to measure, by name, others than metrics of sets of images being passed over.
        seed: the run's seed.

    Returns:
        Rows with no threshold; `n_mated` and `n_nonmated` are 0.
    """
    book = NoteBook()
    rows = []
    there = np.flatnonzero(~failed)
    sample = ImageSetSample(true, shown, there, subjects[there], seed)
    for name, metric in metrics.items():
        if not isinstance(metric, ImageSetMetric):
            continue
        try:
            remark = metric.remark(sample)
            found = metric.estimate(sample) or Estimate(None)
        except Exception as error:  # a plugin may raise anything; the others' rows must not be lost
            book.add("failed", f"metric '{name}' failed: {type(error).__name__}: {error}", cell, metric=name)
            continue
        if remark is not None:
            book.add(remark[0], remark[1], cell, metric=name)
        rows.append(
            MetricRow(
                **vars(cell),
                mask_type=ALL_TYPES,
                metric=name,
                threshold_kind="none",
                target=None,
                value=found.value,
                ci_low=found.ci_low,
                ci_high=found.ci_high,
                n_mated=0,
                n_nonmated=0,
                n_failed=int(np.count_nonzero(failed)),
                threshold=None,
            )
        )
    return Measurement(tuple(rows), book.notes())
