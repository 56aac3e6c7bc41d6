"""The replicates against brute force: subjects drawn literally, pairs of copies dropped, everything recounted."""

import numpy as np
import pytest
from numpy.typing import NDArray

from benchmark.datasets.base import Comparisons
from benchmark.verification import replicates
from benchmark.verification.bootstrap import draw_subjects, mated_weight, nonmated_weight, percentile_interval
from benchmark.verification.error_rates import ErrorCounts, count_errors
from benchmark.verification.replicates import count_at_frozen, count_at_matched
from benchmark.verification.selections import RankedScores, Selections
from benchmark.verification.thresholds import threshold_at

TARGETS = (0.1, 0.02)


def unordered_pairs(subjects: NDArray[np.int32]) -> Comparisons:
    reference, probe = np.triu_indices(len(subjects), 1)
    mated = subjects[reference] == subjects[probe]
    return Comparisons(reference.astype(np.int32), probe.astype(np.int32), mated, np.full(len(mated), -1, np.int8))


def literally(
    scores: NDArray[np.float32], comparisons: Comparisons, subjects: NDArray[np.int32], drawn: NDArray[np.int32]
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Scores and mated flags of a replicate in which a subject drawn twice is there twice."""
    copies = [(subject, copy) for subject in range(len(drawn)) for copy in range(drawn[subject])]
    found, mated = [], []
    for first in copies:
        for second in copies:
            for row in range(len(comparisons)):
                pair = (subjects[comparisons.reference[row]], subjects[comparisons.probe[row]])
                if pair != (first[0], second[0]):
                    continue
                if pair[0] == pair[1] and first != second:
                    continue  # a copy of one subject with another copy: neither mated nor non-mated
                found.append(scores[row])
                mated.append(comparisons.mated[row])
    return np.array(found, dtype=np.float32), np.array(mated, dtype=bool)


def small_case(seed: int, decimals: int) -> tuple[NDArray[np.float32], Comparisons, NDArray[np.int32]]:
    rng = np.random.default_rng(seed)
    subjects = np.repeat(np.arange(7), [1, 2, 3, 1, 4, 2, 3]).astype(np.int32)
    comparisons = unordered_pairs(subjects)
    scores = np.round(rng.normal(1.5 * comparisons.mated), decimals).astype(np.float32)
    scores[rng.random(len(scores)) < 0.08] = np.nan
    return scores, comparisons, subjects


@pytest.mark.parametrize("decimals", [1, 6])
@pytest.mark.parametrize("tail", [1, 10_000])
def test_equal_to_literal_resampling(decimals: int, tail: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replicates, "SMALLEST_TAIL", tail)  # 1: thresholds fall below the tail, and it falls back
    monkeypatch.setattr(replicates, "TAIL_FACTOR", 1)
    scores, comparisons, subjects = small_case(decimals, decimals)
    draws = draw_subjects(7, 25, seed=4)
    frozen = np.random.default_rng(0).normal(0.5, 0.5, (26, 2)).astype(np.float32).astype(np.float64)
    sorted_scores = RankedScores(Selections(comparisons, subjects, [None] * 18, draws), scores).of("all")
    matched_result = count_at_matched(sorted_scores, draws, TARGETS)
    frozen_result = count_at_frozen(sorted_scores, draws, frozen)
    for row, drawn in enumerate(draws):
        resampled, mated = literally(scores, comparisons, subjects, drawn)
        for column, target in enumerate(TARGETS):
            threshold = threshold_at(resampled[~mated], target)
            assert threshold == matched_result.thresholds[row, column]
            _assert_same(matched_result.counts, row, column, count_errors(resampled, mated, np.float32(threshold)))
            given = np.float32(frozen[row, column])
            _assert_same(frozen_result.counts, row, column, count_errors(resampled, mated, given))


def _assert_same(found: ErrorCounts, row: int, column: int, expected: ErrorCounts) -> None:
    assert [values[row, column] for values in found.fields()] == [float(values) for values in expected.fields()]


def test_row_0_is_the_sample_itself() -> None:
    scores, comparisons, subjects = small_case(1, 3)
    draws = draw_subjects(7, 2, seed=0)
    result = count_at_matched(
        RankedScores(Selections(comparisons, subjects, [None] * 18, draws), scores).of("all"), draws, (0.1,)
    )
    threshold = threshold_at(scores[~comparisons.mated], 0.1)
    assert result.thresholds[0, 0] == threshold
    _assert_same(result.counts, 0, 0, count_errors(scores, comparisons.mated, np.float32(threshold)))


def test_total_weights_against_a_sum_over_pairs() -> None:
    rng = np.random.default_rng(0)
    reference, probe = rng.integers(0, 9, (2, 400)).astype(np.int32)
    draws = draw_subjects(9, 150, seed=1)
    expected = (draws[:, reference] * draws[:, probe]).sum(axis=1)
    assert nonmated_weight(reference, probe, draws).tolist() == expected.tolist()
    assert mated_weight(probe, draws).tolist() == draws[:, probe].sum(axis=1).tolist()
    nothing = np.empty(0, np.int32)
    assert nonmated_weight(nothing, nothing, draws).tolist() == [0] * 151


def test_one_subject_leaves_thresholds_undefined() -> None:
    subjects = np.zeros(3, np.int32)
    comparisons = unordered_pairs(subjects)
    draws = draw_subjects(1, 5, seed=0)
    scores = RankedScores(
        Selections(comparisons, subjects, [None] * 3, draws), np.array([0.1, 0.2, 0.3], np.float32)
    ).of("all")
    result = count_at_matched(scores, draws, (0.1,))
    assert np.isnan(result.thresholds).all()
    assert np.isnan(result.counts.mated_nonmatches).all()
    assert (result.counts.mated == 3).all()


def test_draws() -> None:
    draws = draw_subjects(40, 300, seed=0)
    assert (draws.sum(axis=1) == 40).all()
    assert (draws[0] == 1).all()
    assert draws[1:].mean() == pytest.approx(1)
    assert draws[1:].var() == pytest.approx(1 - 1 / 40, rel=0.05)
    assert (draw_subjects(40, 300, seed=0) == draws).all()
    assert (draw_subjects(40, 300, seed=1) != draws).any()


def test_percentile_interval() -> None:
    values = np.concatenate([[0.4], np.random.default_rng(0).random(500)])
    assert percentile_interval(values) == tuple(np.percentile(values[1:], [2.5, 97.5]))
    few_missing = values.copy()
    few_missing[1:11] = np.nan
    assert percentile_interval(few_missing) is not None
    many_missing = values.copy()
    many_missing[1:100] = np.nan
    assert percentile_interval(many_missing) is None
    assert percentile_interval(np.array([np.nan, 0.1, 0.2])) is None
    assert percentile_interval(np.array([0.5])) is None
