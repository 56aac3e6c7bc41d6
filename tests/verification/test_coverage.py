"""Nominal 95 % intervals against simulation: how often do they hold the truth of the population?

People differ in how much their photos vary, and share references, so that scores are clustered. The truth is that of
one very large sample. Tolerance: with 160 trials the observed coverage of a true 95 % interval lies in .905–.985 in
99 % of runs; .89–.99 is accepted, since a percentile bootstrap of 50 people is known to fall a little short, and one of
comparisons with two sides ("pigeonhole") to be a little wide. The seed is fixed.
"""

import numpy as np
import pytest
from numpy.typing import NDArray

from benchmark.verification import error_rates
from benchmark.verification.bootstrap import draw_subjects, percentile_interval
from benchmark.verification.contrast_metrics import Recovery
from benchmark.verification.error_rates import count_errors
from benchmark.verification.replicates import SubjectScores, count_at_frozen, count_at_matched
from benchmark.verification.selections import RankedScores, Selections
from benchmark.verification.thresholds import threshold_at
from tests.verification.population import scores, search

CONDITIONS = ("raw-raw", "raw-masked", "raw-restored")
PEOPLE, TRIALS, REPLICATES, TARGET = 50, 160, 150, 0.02
MEASURES = ("matched GFRR of masked", "frozen GFRR of masked", "frozen FMR of masked", "recovery", "FNMR at 0.5")


def ranked(people: int, rng: np.random.Generator, draws: NDArray[np.int32]) -> list[SubjectScores]:
    comparisons, subjects = search(people)
    selections = Selections(comparisons, subjects, [None] * len(subjects), draws)
    return [RankedScores(selections, values).of("all") for values in scores(people, rng, *CONDITIONS)]


def replicates_of(people: int, rng: np.random.Generator, draws: NDArray[np.int32]) -> dict[str, NDArray[np.float64]]:
    """Every measure, ``(R + 1,)``."""
    raw, masked, restored = ranked(people, rng, draws)
    matched = [count_at_matched(side, draws, (TARGET,)) for side in (raw, masked, restored)]
    frozen = count_at_frozen(masked, draws, matched[0].thresholds).counts.column(0)
    fixed = count_at_frozen(masked, draws, np.full((len(draws), 1), 0.5)).counts.column(0)
    own = [result.counts.column(0) for result in matched]
    values = (
        error_rates.gfrr(own[1]),
        error_rates.gfrr(frozen),
        error_rates.fmr(frozen),
        Recovery().contrast(own[2], own[1], own[0]),
        error_rates.fnmr(fixed),
    )
    return dict(zip(MEASURES, values, strict=True))


@pytest.fixture(scope="module")
def truth() -> dict[str, float]:
    only_itself = np.ones((1, 1500), dtype=np.int32)
    return {
        name: float(values[0]) for name, values in replicates_of(1500, np.random.default_rng(99), only_itself).items()
    }


@pytest.fixture(scope="module")
def coverage(truth: dict[str, float]) -> dict[str, float]:
    rng = np.random.default_rng(2024)
    hits = dict.fromkeys(MEASURES, 0)
    for trial in range(TRIALS):
        for name, values in replicates_of(PEOPLE, rng, draw_subjects(PEOPLE, REPLICATES, seed=trial)).items():
            interval = percentile_interval(values)
            assert interval is not None
            hits[name] += interval[0] <= truth[name] <= interval[1]
    return {name: hit / TRIALS for name, hit in hits.items()}


@pytest.mark.slow
@pytest.mark.parametrize("name", MEASURES)
def test_a_nominal_95_percent_interval_covers_95_percent(coverage: dict[str, float], name: str) -> None:
    assert 0.89 <= coverage[name] <= 0.99, coverage


@pytest.mark.slow
def test_treating_comparisons_as_independent_would_be_wrong(truth: dict[str, float]) -> None:
    """The textbook binomial interval of the matched GFRR covers far less: the reason for all this."""
    rng = np.random.default_rng(5)
    hits = 0
    for _ in range(TRIALS):
        comparisons, _ = search(PEOPLE)
        values = scores(PEOPLE, rng, "raw-raw", "raw-masked")[1]
        threshold = threshold_at(values[~comparisons.mated], TARGET)
        assert threshold is not None
        counts = count_errors(values, comparisons.mated, np.float32(threshold))
        rate = float(error_rates.fnmr(counts))
        half = 1.96 * np.sqrt(rate * (1 - rate) / float(counts.mated))
        hits += abs(rate - truth["matched GFRR of masked"]) <= half
    assert hits / TRIALS < 0.85
