from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from benchmark.verification.intervals import share_interval, share_of_people, shrunk_interval


@pytest.mark.parametrize(("events", "number"), [(0, 40), (3, 40), (20, 40), (40, 40), (1, 1000)])
def test_a_share_of_independent_trials_has_wilsons_interval(events: int, number: int) -> None:
    expected = stats.binomtest(events, number).proportion_ci(method="wilson")
    found = share_interval(events / number, number, subjects=10**6)
    assert found == pytest.approx((expected.low, expected.high), abs=1e-6)


def test_people_who_are_one_photo_each_count_as_independent() -> None:
    which = np.arange(1000) < 200
    expected = stats.binomtest(200, 1000).proportion_ci(method="wilson")
    assert share_of_people(which, np.arange(1000)) == pytest.approx((expected.low, expected.high), abs=1e-3)


def test_photos_of_one_person_count_as_one_where_they_agree() -> None:
    which = np.repeat(np.arange(200) < 40, 5)
    clustered = share_of_people(which, np.repeat(np.arange(200), 5))
    expected = stats.binomtest(40, 200).proportion_ci(method="wilson")
    assert clustered == pytest.approx((expected.low, expected.high), abs=2e-3)


def test_nothing_seen_is_never_nothing_known() -> None:
    low, high = share_of_people(np.zeros(500, dtype=bool), np.repeat(np.arange(100), 5))
    assert low == 0
    assert 3 / 100 < high < 4 / 100
    low, high = share_of_people(np.ones(500, dtype=bool), np.repeat(np.arange(100), 5))
    assert high == 1
    assert 1 - 4 / 100 < low < 1 - 3 / 100


def test_shrinking_keeps_the_shape_and_the_estimate() -> None:
    values = np.array([0.0, *np.linspace(-1, 3, 401)])
    low, high = shrunk_interval(values, 0.5) or (0, 0)
    assert (low, high) == pytest.approx((-0.45, 1.45))


def test_a_difference_without_a_single_different_outcome_keeps_a_width() -> None:
    assert shrunk_interval(np.zeros(101), 1.0, least=0.03) == (-0.03, 0.03)
