"""The dyadic variance against sums written out, and against simulation."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from benchmark.verification.dyadic import PairSums, Part, Spread, effective_size, spread_of


def written_out(subjects, pairs, values):
    """Σ over every two summands that share a subject of their product."""
    summands = [({person}, value) for person, value in enumerate(subjects)]
    summands += [(set(pair), value) for pair, value in zip(pairs, values, strict=True)]
    return sum(a * b for (one, a), (other, b) in itertools.product(summands, summands) if one & other)


def test_the_variance_is_the_sum_over_all_that_share_a_subject() -> None:
    rng = np.random.default_rng(0)
    people = 6
    one, other = rng.integers(people, size=(2, 60))
    one, other = one[one != other], other[one != other]
    table = PairSums.counted(one, other, people)
    subjects = rng.normal(size=people)
    part = Part(subjects, table)
    pairs = [(int(code) // people, int(code) % people) for code in table.codes]
    spread = spread_of([part, Part(pairs=table)], np.array([0.3, -0.1]))
    expected = written_out(0.3 * subjects, pairs, 0.2 * table.values)
    assert spread.people - spread.pairs == pytest.approx(expected)


def test_pairs_are_counted_whichever_way_round() -> None:
    table = PairSums.counted(np.array([3, 0, 2, 3]), np.array([0, 3, 1, 0]), 4)
    assert table.codes.tolist() == [0 * 4 + 3, 1 * 4 + 2]
    assert table.values.tolist() == [3, 1]
    assert table.touching.tolist() == [3, 1, 1, 3]


def test_products_of_two_tables_meet_at_the_same_pairs() -> None:
    some = PairSums.counted(np.array([0, 0, 1]), np.array([1, 1, 2]), 3)
    others = PairSums.counted(np.array([2, 1, 0]), np.array([1, 0, 2]), 3)
    assert some.dot(others) == others.dot(some) == 2 * 1 + 1 * 1
    assert some.dot(PairSums.counted(np.array([], int), np.array([], int), 3)) == 0


def test_independent_pairs_have_their_own_variance_and_a_third_of_the_bootstraps() -> None:
    rng = np.random.default_rng(1)
    people = 300
    one, other = np.triu_indices(people, k=1)
    values = rng.normal(size=len(one))
    touching = np.bincount(one, values, people) + np.bincount(other, values, people)
    spread = spread_of([Part(pairs=PairSums(one * people + other, values, touching))], np.array([1.0]))
    assert spread.variance == pytest.approx(len(one), rel=0.15)
    assert spread.shrinkage == pytest.approx(np.sqrt(1 / 3), rel=0.1)


def test_single_subjects_need_no_shrinking() -> None:
    spread = spread_of([Part(np.array([1.0, -2.0, 1.0]))], np.array([1.0]))
    assert spread == Spread(people=6.0, pairs=0.0)
    assert spread.shrinkage == 1.0


def test_the_effective_size_of_equal_clusters_is_their_number() -> None:
    assert effective_size(np.full(7, 5)) == pytest.approx(7)
    assert effective_size(np.array([98, 1, 1])) < 1.05
    assert effective_size(np.zeros(3)) == 0
