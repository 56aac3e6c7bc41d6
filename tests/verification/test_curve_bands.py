"""The band of a ROC or DET curve, against the interval of FNMR in the table and against chance."""

from __future__ import annotations

import numpy as np
import pytest

from benchmark.verification import error_rates
from benchmark.verification.bootstrap import draw_subjects
from benchmark.verification.count_spread import (
    CountedScores,
    ThresholdSetter,
    count_spread,
    rate_interval,
    spread_of_rate,
)
from benchmark.verification.curve_bands import fnmr_band
from benchmark.verification.replicates import count_at_matched
from benchmark.verification.selections import RankedScores, Selections
from tests.verification.population import scores, search


def _counted(people: int) -> CountedScores:
    comparisons, subjects = search(people)
    selections = Selections(comparisons, subjects, [None] * len(subjects), draw_subjects(people, 1, seed=3))
    (values,) = scores(people, np.random.default_rng(7), "raw-masked")
    ranked = RankedScores(selections, values)
    return ranked.counted("all", ranked.of("all"))


@pytest.fixture(scope="module")
def counted() -> CountedScores:
    return _counted(80)


def test_the_band_holds_the_curve_and_is_ordered(counted: CountedScores) -> None:
    band = fnmr_band(counted, people=80)
    assert len(band) >= 8 and (np.diff(band[:, 0]) > 0).all()
    assert band[0, 0] < 0.001 and 0.4 < band[-1, 0] <= 0.5
    for fmr, low, high in band:
        threshold = np.sort(counted.scores.nonmated)[::-1][round(fmr * len(counted.scores.nonmated)) - 1]
        fnmr = np.mean(counted.scores.mated < threshold)
        assert 0 <= low <= fnmr <= high <= 1 and high - low > 0


def test_at_a_target_it_is_the_interval_of_the_table(counted: CountedScores) -> None:
    band = fnmr_band(counted, people=80)
    fmr, low, high = band[len(band) // 2]
    found = count_at_matched(counted.scores, np.ones((2, 80), dtype=np.int32), (float(fmr),))
    threshold, counts = float(found.thresholds[0, 0]), found.counts.column(0)
    setter = ThresholdSetter.of(counted, threshold)
    assert setter is not None
    spread = count_spread(counted, threshold, setter, matched=True)
    expected = rate_interval(
        float(error_rates.fnmr(counts)[0]),
        spread_of_rate(error_rates.fnmr, [counts], [spread]),
        counts,
        spread,
        "mated",
        people=80,
    )
    assert expected == pytest.approx((low, high))


def test_more_people_make_it_narrower(counted: CountedScores) -> None:
    few, many = fnmr_band(_counted(25), people=25), fnmr_band(counted, people=80)
    at = 0.05
    widths = [np.interp(at, band[:, 0], band[:, 2] - band[:, 1]) for band in (few, many)]
    assert widths[1] < 0.8 * widths[0]


def test_without_comparisons_there_is_no_band(counted: CountedScores) -> None:
    comparisons, subjects = search(6)
    selections = Selections(comparisons, subjects, [None] * len(subjects), draw_subjects(6, 1, seed=3))
    ranked = RankedScores(selections, np.full(len(comparisons), np.nan, dtype=np.float32))
    assert fnmr_band(ranked.counted("all", ranked.of("all")), people=6).shape == (0, 3)
