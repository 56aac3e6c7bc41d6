"""One trial of the simulation of how often an interval holds the truth: simulated people, measured as in a run."""

from __future__ import annotations

import numpy as np

from benchmark.verification.base import MetricRow
from benchmark.verification.difference import Difference
from benchmark.verification.measure import measure
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
    comparisons, subjects = search(people, strangers=strangers)
    values = scores(people, rng, *CONDITIONS, strangers=strangers)
    cells = [
        cell_of(condition, of_condition, comparisons, len(subjects))
        for condition, of_condition in zip(CONDITIONS, values, strict=True)
    ]
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
    comparisons, subjects = search(people, strangers=strangers)
    values = scores(people, rng, *COMPARED, strangers=strangers)
    cells = [
        cell_of(condition, of_condition, comparisons, len(subjects))
        for condition, of_condition in zip(COMPARED, values, strict=True)
    ]
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
