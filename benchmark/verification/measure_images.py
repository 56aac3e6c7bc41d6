"""The measuring step for pixels: restored and true faces in, rows of ``metrics.csv`` out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from benchmark.verification.base import Cell, ImageMetric, Metric, MetricRow, region_name
from benchmark.verification.bootstrap import draw_subjects, percentile_interval
from benchmark.verification.image_quality import mean_over
from benchmark.verification.intervals import share_of_people
from benchmark.verification.measure import DEFAULT_REPLICATES
from benchmark.verification.measurement import Measurement, NoteBook
from benchmark.verification.resolve import load_metrics
from benchmark.verification.selections import ALL_TYPES

_COVERED: Mapping[str, Callable[[NDArray[np.uint8]], NDArray[np.bool_] | None]] = {
    "face": lambda _: None,
    "hole": lambda holes: holes > 127,
}
"""The pixels of each region that count; None = all."""
BATCH = 32
"""Images compared at a time: bounds the memory."""


def measure_images(
    cell: Cell,
    *,
    true: NDArray[np.uint8],
    restored: NDArray[np.uint8],
    holes: NDArray[np.uint8],
    failed: NDArray[np.bool_],
    subjects: NDArray[np.int32],
    mask_types: Sequence[str | None],
    replicates: int = DEFAULT_REPLICATES,
    seed: int = 0,
    metrics: Mapping[str, Metric] | None = None,
) -> Measurement:
    """Every image metric of one cell, over all its images and over those of each mask type.

    Args:
        cell: the leading columns of the rows; no recogniser has a part in them.
        true: ``uint8 (N, S, S, 3)``, the faces without mask; may be a memory map, as may the next two.
        restored: ``uint8 (N, S, S, 3)``.
        holes: ``uint8 (N, S, S)``, 255 = covered.
        failed: ``bool (N,)``, images that were not restored; left out and counted in `n_failed`.
        subjects: ``int32 (N,)``, the same codes as for `measure.measure`.
        mask_types: one per image.
        replicates: the replicates of the bootstrap over subjects.
        seed: the run's seed.
        metrics: what to measure, by name, others than image metrics being passed over; None = every registered one.

    Returns:
        Rows with no threshold; `n_mated` and `n_nonmated` are 0.
    """
    book = NoteBook()
    values: dict[str, NDArray[np.float64]] = {}
    pools: dict[str, Callable[[float], float]] = {}
    for name, metric in (load_metrics() if metrics is None else metrics).items():
        if not isinstance(metric, ImageMetric):
            continue
        names = [region_name(name, region) for region in metric.regions]
        try:
            pooled = _per_image(metric, true, restored, holes, failed)
        except Exception as error:  # a plugin may raise anything; the others' rows must not be lost
            for row in names:
                book.add("failed", f"metric '{name}' failed: {type(error).__name__}: {error}", cell, metric=row)
            continue
        values |= dict(zip(names, pooled, strict=True))
        pools |= dict.fromkeys(names, metric.pool)
    rows = rows_by_mask_type(
        cell,
        values,
        pools,
        failed=failed,
        subjects=subjects,
        mask_types=mask_types,
        replicates=replicates,
        seed=seed,
        book=book,
    )
    return Measurement(tuple(rows), book.notes())


def rows_by_mask_type(
    cell: Cell,
    values: Mapping[str, NDArray[np.float64]],
    pools: Mapping[str, Callable[[float], float]],
    *,
    failed: NDArray[np.bool_],
    subjects: NDArray[np.int32],
    mask_types: Sequence[str | None],
    replicates: int,
    seed: int,
    book: NoteBook,
) -> list[MetricRow]:
    """A row for each metric, over all images and over those of each mask type.

    Args:
        cell: the leading columns.
        values: by metric, one number per image, ``(N,)``; NaN leaves the image out.
        pools: by metric, the cell's value from the mean over its images.
        failed: ``bool (N,)``.
        subjects: ``int32 (N,)``.
        mask_types: one per image.
        replicates: the replicates of the bootstrap over subjects.
        seed: the run's seed.
        book: takes the notes.
    """
    draws = draw_subjects(int(subjects.max()) + 1 if len(subjects) else 0, replicates, seed=seed)
    types = sorted({name for name in mask_types if name is not None})
    worn = np.array([name or "" for name in mask_types], dtype=object)
    rows = []
    for mask_type in (ALL_TYPES, *(types if len(types) > 1 else ())):
        member = np.ones(len(subjects), dtype=bool) if mask_type == ALL_TYPES else worn == mask_type
        for name, numbers in values.items():
            pooled = _pooled(pools[name], numbers[member], subjects[member], draws)
            low, high = percentile_interval(pooled) or (None, None)
            if replicates and _yes_or_no(numbers[member]):
                defined = member & np.isfinite(numbers)
                low, high = share_of_people(numbers[defined] > 0, subjects[defined])
            if not np.isfinite(pooled[0]):
                text = "identical to the truth: infinite" if np.isinf(pooled[0]) else "no image to compare"
                book.add("undefined", f"{name} is left empty: {text}", cell, mask_type=mask_type, metric=name)
            rows.append(
                MetricRow(
                    **vars(cell),
                    mask_type=mask_type,
                    metric=name,
                    threshold_kind="none",
                    target=None,
                    value=float(pooled[0]) if np.isfinite(pooled[0]) else None,
                    ci_low=low,
                    ci_high=high,
                    n_mated=0,
                    n_nonmated=0,
                    n_failed=int(np.count_nonzero(failed & member)),
                    threshold=None,
                )
            )
    return rows


def _yes_or_no(numbers: NDArray[np.float64]) -> bool:
    """Whether every image's number is 0 or 1, so that their mean is a share."""
    defined = numbers[np.isfinite(numbers)]
    return len(defined) > 0 and bool(np.isin(defined, (0.0, 1.0)).all())


def _per_image(
    metric: ImageMetric,
    true: NDArray[np.uint8],
    restored: NDArray[np.uint8],
    holes: NDArray[np.uint8],
    failed: NDArray[np.bool_],
) -> list[NDArray[np.float64]]:
    """One number for each image, ``(N,)``, and each of the metric's regions; every map is computed once."""
    values = [np.full(len(failed), np.nan) for _ in metric.regions]
    there = np.flatnonzero(~failed)
    for start in range(0, len(there), BATCH):
        batch = there[start : start + BATCH]
        maps = np.asarray(metric.map(true[batch], restored[batch]), dtype=np.float64)
        if len(maps) != len(batch):
            raise ValueError(f"map() returned the shape {maps.shape} for {len(batch)} images")
        for region, numbers in zip(metric.regions, values, strict=True):
            numbers[batch] = mean_over(maps, _COVERED[region](holes[batch]))
    return values


def _pooled(
    pool: Callable[[float], float],
    values: NDArray[np.float64],
    subjects: NDArray[np.int32],
    draws: NDArray[np.int32],
) -> NDArray[np.float64]:
    """The pooled value in every replicate, ``(R + 1,)``."""
    defined = np.isfinite(values)
    people = draws.shape[1]
    total = draws @ np.bincount(subjects[defined], weights=values[defined], minlength=people)
    count = draws @ np.bincount(subjects[defined], minlength=people).astype(np.float64)
    means = np.divide(total, count, out=np.full(len(draws), np.nan), where=count > 0)
    return np.array([pool(float(mean)) if np.isfinite(mean) else np.nan for mean in means])
