"""The spread of rates, thresholds included, against the bootstrap that it linearises."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from benchmark.verification import error_rates
from benchmark.verification.bootstrap import draw_subjects
from benchmark.verification.contrast_metrics import Gain, Recovery
from benchmark.verification.count_spread import (
    CountedScores,
    ThresholdSetter,
    count_spread,
    min_half_width,
    rate_interval,
    spread_of_rate,
)
from benchmark.verification.replicates import ReplicateCounts, count_at_frozen, count_at_matched
from benchmark.verification.selections import RankedScores, Selections
from tests.verification.population import scores, search

PEOPLE, REPLICATES, TARGET = 120, 800, 0.02


@pytest.fixture(scope="module")
def cells() -> tuple[NDArray[np.int32], list[CountedScores]]:
    comparisons, subjects = search(PEOPLE)
    draws = draw_subjects(PEOPLE, REPLICATES, seed=3)
    selections = Selections(comparisons, subjects, [None] * len(subjects), draws)
    found = []
    for values in scores(PEOPLE, np.random.default_rng(7), "raw-raw", "raw-masked", "raw-restored"):
        values[::97] = np.nan  # failures
        ranked = RankedScores(selections, values)
        found.append(ranked.counted("all", ranked.of("all")))
    return draws, found


def at(
    draws: NDArray[np.int32], cells: list[CountedScores], which: int, *, matched: bool
) -> tuple[ReplicateCounts, ThresholdSetter | None]:
    setter = cells[which] if matched else cells[0]
    thresholds = count_at_matched(setter.scores, draws, (TARGET,)).thresholds
    counts = count_at_frozen(cells[which].scores, draws, thresholds)
    return counts, ThresholdSetter.of(setter, float(thresholds[0, 0]))


@pytest.mark.parametrize(
    ("rate", "which", "matched"),
    [
        (error_rates.fmr, (1,), False),
        (error_rates.fnmr, (1,), False),
        (error_rates.gfrr, (1,), True),
        (error_rates.gfar, (2,), False),
        (error_rates.gfrr, (0,), False),
        (lambda own, masked: Gain().contrast(own, masked), (2, 1), True),
        (lambda own, masked: Gain().contrast(own, masked), (2, 1), False),
        (lambda own, masked, raw: Recovery().contrast(own, masked, raw), (2, 1, 0), True),
    ],
)
def test_people_and_pairs_add_up_to_the_bootstraps_variance(
    cells: tuple[NDArray[np.int32], list[CountedScores]],
    rate: Callable[..., NDArray[np.float64]],
    which: tuple[int, ...],
    matched: bool,
) -> None:
    draws, counted = cells
    found = [at(draws, counted, cell, matched=matched) for cell in which]
    counts = [result.counts.column(0) for result, _ in found]
    spreads = [
        count_spread(counted[cell], float(result.thresholds[0, 0]), setter, matched=matched)
        for cell, (result, setter) in zip(which, found, strict=True)
    ]
    spread = spread_of_rate(rate, counts, spreads)
    drawn = float(np.var(rate(*counts)[1:]))
    assert spread.people + spread.pairs == pytest.approx(drawn, rel=0.3)
    assert 0 < spread.variance <= spread.people + spread.pairs


def test_without_a_single_rejection_the_interval_is_that_of_a_design_effect(
    cells: tuple[NDArray[np.int32], list[CountedScores]],
) -> None:
    draws, counted = cells
    counts = count_at_frozen(counted[0].scores, draws, np.full((len(draws), 1), -2.0)).counts.column(0)
    spread = count_spread(counted[0], -2.0, None, matched=False)
    of_rate = spread_of_rate(error_rates.fnmr, [counts], [spread])
    interval = rate_interval(0.0, of_rate, counts, spread, "mated", people=PEOPLE)
    assert interval is not None
    assert interval[0] == 0
    assert interval[1] == pytest.approx(3.9 * spread.mated_design / float(counts.mated[0]), rel=0.05)
    assert spread.mated_design > 1, "photos of one person rise and fall together"


def test_differences_get_a_least_width_only_where_hardly_anything_differs(
    cells: tuple[NDArray[np.int32], list[CountedScores]],
) -> None:
    draws, counted = cells
    result, setter = at(draws, counted, 1, matched=True)
    counts = result.counts.column(0)
    spread = count_spread(counted[1], float(result.thresholds[0, 0]), setter, matched=True)
    same = spread_of_rate(lambda own, other: Gain().contrast(own, other), [counts, counts], [spread, spread])
    assert same.variance == pytest.approx(0, abs=1e-12)
    assert min_half_width(same, counts, spread) > 0
    other = spread_of_rate(error_rates.gfrr, [counts], [spread])
    assert min_half_width(other, counts, spread) == 0
    assert min_half_width(same, counts, spread, "nonmated") == pytest.approx(
        3 * spread.nonmated_design / float(counts.nonmated[0]), rel=0.01
    )
