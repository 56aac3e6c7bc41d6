"""LFW's 10-fold accuracy."""

import numpy as np
import pytest
from scipy import stats

from benchmark.verification.accuracy import best_threshold, fold_accuracy, standard_error


def brute_force(scores: np.ndarray, mated: np.ndarray, fold: np.ndarray) -> list[float]:
    """The same by trying every candidate threshold."""
    accuracies = []
    for name in range(int(fold.max()) + 1):
        train, test = fold != name, fold == name
        distinct = np.unique(scores[train].astype(np.float64))
        middles = (distinct[1:] + distinct[:-1]) / 2
        candidates = np.concatenate([[distinct[0] - 1], middles, [distinct[-1] + 1]])
        right = np.array([((scores[train] >= t) == mated[train]).sum() for t in candidates])
        best = np.flatnonzero(right == right.max())
        threshold = candidates[best[(len(best) - 1) // 2]]
        accuracies.append(((scores[test] >= threshold) == mated[test]).mean())
    return accuracies


@pytest.mark.parametrize("decimals", [1, 3])
def test_against_brute_force(decimals: int) -> None:
    rng = np.random.default_rng(0)
    fold = np.repeat(np.arange(10), 30)
    mated = np.tile([True] * 15 + [False] * 15, 10)
    scores = np.round(rng.normal(mated, 0.6), decimals).astype(np.float32)
    result = fold_accuracy(scores, mated, fold)
    assert result is not None
    assert result.folds.tolist() == pytest.approx(brute_force(scores, mated, fold))
    assert result.mean == pytest.approx(result.folds.mean())
    assert result.standard_error == pytest.approx(stats.sem(result.folds))
    low, high = stats.t.interval(0.95, 9, loc=result.mean, scale=stats.sem(result.folds))
    assert result.interval == pytest.approx((low, high))
    assert standard_error(*result.interval) == pytest.approx(result.standard_error)


def test_the_test_fold_does_not_choose_its_threshold() -> None:
    # fold 0 alone would choose a threshold below 0; the other fold chooses 0.5 and gets fold 0 wrong
    scores = np.array([-1.0, -2.0, 1.0, 0.0])
    mated = np.array([True, False, True, False])
    fold = np.array([0, 0, 1, 1])
    result = fold_accuracy(scores, mated, fold)
    assert result is not None
    assert result.thresholds.tolist() == [0.5, -1.5]
    assert result.folds.tolist() == [0.5, 0.5]


def test_failures_are_left_out_or_wrong() -> None:
    scores = np.array([0.9, np.nan, 0.1, 0.9, 0.1, np.nan])
    mated = np.array([True, True, False, True, False, False])
    fold = np.array([0, 0, 0, 1, 1, 1])
    completed = fold_accuracy(scores, mated, fold)
    generalised = fold_accuracy(scores, mated, fold, failures_wrong=True)
    assert completed is not None and generalised is not None
    assert completed.folds.tolist() == [1.0, 1.0]
    assert generalised.folds.tolist() == pytest.approx([2 / 3, 2 / 3]), "a failed non-mated pair is wrong as well"
    assert completed.thresholds.tolist() == generalised.thresholds.tolist()


def test_without_folds_there_is_no_accuracy() -> None:
    scores, mated = np.array([0.9, 0.1]), np.array([True, False])
    assert fold_accuracy(scores, mated, np.array([-1, -1])) is None
    assert fold_accuracy(scores, mated, np.array([0, 0])) is None
    assert fold_accuracy(np.array([0.9, np.nan]), mated, np.array([0, 1])) is None, "a fold without a score"


def test_best_threshold_is_the_middle_of_the_equally_good() -> None:
    assert best_threshold(np.array([0.0, 1.0, 2.0]), np.array([True, True, True])) == -1.0
    assert best_threshold(np.array([0.0, 1.0, 2.0]), np.array([False, False, False])) == 3.0
    # rejecting none, two or four of these alternating scores is right twice: the middle of the three is taken
    alternating = np.array([True, False, True, False])
    assert best_threshold(np.array([0.0, 1.0, 2.0, 3.0]), alternating) == 1.5
