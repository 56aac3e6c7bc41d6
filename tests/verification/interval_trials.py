"""One trial of the simulation of how often an interval holds the truth: simulated people, measured as in a run."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from benchmark.verification.base import MetricRow
from benchmark.verification.difference import Difference
from benchmark.verification.measure import measure
from benchmark.verification.measurement import ScoredCell
from benchmark.verification.resolve import load_metrics
from tests.verification.population import cell_of, scores, search

CONDITIONS = ("raw-raw", "raw-masked", "raw-restored", "raw-passthrough")
Measure = tuple[str, str, str]
"""Metric, condition and kind of threshold."""
COMPARED = ("raw-raw", "raw-masked", "raw-restored", "raw-restored other")
DIFFERENCES: tuple[Measure, ...] = tuple(
    (metric, "difference", kind)
    for metric, kind in (("gfrr", "matched"), ("gfrr", "frozen"), ("fmr", "frozen"), ("auc", "none"))
)
"""What the two methods' differences are taken of: metric, the word ``difference``, and kind of threshold."""
MEASURES: tuple[Measure, ...] = (
    ("fmr", "raw-masked", "frozen"),
    ("fmr", "raw-restored", "frozen"),
    ("fnmr", "raw-masked", "frozen"),
    ("gfrr", "raw-raw", "matched"),
    ("gfrr", "raw-masked", "frozen"),
    ("gfrr", "raw-masked", "matched"),
    ("recovery", "raw-restored", "matched"),
    ("gain", "raw-restored", "frozen"),
    ("gain", "raw-restored", "matched"),
    ("harm", "raw-passthrough", "frozen"),
)


def trial(
    people: int,
    rng: np.random.Generator,
    targets: tuple[float, ...],
    *,
    replicates: int,
    strangers: int | None = None,
    seed: int = 0,
) -> dict[tuple[Measure, float], MetricRow]:
    """The rows of every measure and target that the trial's people carry."""
    cells, subjects = _cells(people, rng, CONDITIONS, strangers)
    measured = measure(
        cells,
        subjects=subjects,
        mask_types=[None] * len(subjects),
        targets=targets,
        replicates=replicates,
        seed=seed,
        metrics=load_metrics(sorted({name for name, _, _ in MEASURES})),
    )
    found = {}
    for row in measured.rows:
        key = (row.metric, row.condition, row.threshold_kind)
        if key in MEASURES and row.target is not None:
            found[key, row.target] = row
    return found


def difference_trial(
    people: int, rng: np.random.Generator, targets: tuple[float, ...], *, strangers: int | None = None
) -> dict[tuple[Measure, float | None], Difference]:
    """The differences between two methods, by measure and target (None where there is no threshold)."""
    cells, subjects = _cells(people, rng, COMPARED, strangers)
    measured = measure(
        cells,
        subjects=subjects,
        mask_types=[None] * len(subjects),
        targets=targets,
        replicates=0,
        metrics=load_metrics(["gfrr"]),
    )
    return {
        ((row.metric, "difference", row.threshold_kind), row.target): row
        for row in measured.differences
        if row.other != "none"
    }


def _cells(
    people: int, rng: np.random.Generator, conditions: Sequence[str], strangers: int | None
) -> tuple[list[ScoredCell], NDArray[np.int32]]:
    """A scored cell of each condition, over the same comparisons, and the subject of each photo."""
    comparisons, subjects = search(people, strangers=strangers)
    values = scores(people, rng, *conditions, strangers=strangers)
    cells = [
        cell_of(condition, of_condition, comparisons, len(subjects))
        for condition, of_condition in zip(conditions, values, strict=True)
    ]
    return cells, subjects
