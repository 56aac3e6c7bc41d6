"""LFW's 10-fold accuracy: the threshold is chosen on nine folds and scored on the tenth."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

CONFIDENCE = 0.95


@dataclass(frozen=True)
class FoldAccuracy:
    """Accuracy of every fold.

    Attributes:
        folds: ``float64 (K,)``, accuracy of each fold.
        thresholds: ``float64 (K,)``, the threshold that the other folds chose.
    """

    folds: NDArray[np.float64]
    thresholds: NDArray[np.float64]

    @property
    def mean(self) -> float:
        """Mean over the folds."""
        return float(self.folds.mean())

    @property
    def standard_error(self) -> float:
        """σ / √K with ddof 1, as LFW results are reported (Huang et al., 2007)."""
        return float(self.folds.std(ddof=1) / np.sqrt(len(self.folds)))

    @property
    def interval(self) -> tuple[float, float]:
        """95 % interval of the mean by Student's t, K − 1 degrees of freedom: ±2.262 standard errors for ten folds."""
        half = _students_t(len(self.folds)) * self.standard_error
        return self.mean - half, self.mean + half


def fold_accuracy(
    scores: NDArray[np.floating], mated: NDArray[np.bool_], fold: NDArray[np.integer], *, failures_wrong: bool = False
) -> FoldAccuracy | None:
    """Accuracy fold by fold.

    Args:
        scores: ``(P,)``; not finite = failed.
        mated: ``bool (P,)``.
        fold: ``(P,)``, 0-based; rows with −1 belong to none and are left out.
        failures_wrong: count every failed pair as a wrong answer, mated or not; otherwise failed pairs are left out.
            The thresholds are the same.

    Returns:
        None where there are fewer than two folds, or a fold has no completed pair.

    >>> scores, mated = np.array([.9, .2, .8, .1]), np.array([True, False, True, False])
    >>> fold_accuracy(scores, mated, np.array([0, 0, 1, 1])).mean
    1.0
    """
    completed = np.isfinite(scores) & (fold >= 0)
    names = np.unique(fold[fold >= 0])
    if len(names) < 2 or len(np.unique(fold[completed])) < len(names):
        return None
    accuracies, thresholds = [], []
    for name in names:
        others, own = completed & (fold != name), completed & (fold == name)
        threshold = best_threshold(scores[others], mated[others])
        right = np.count_nonzero((scores[own] >= threshold) == mated[own])
        accuracies.append(right / np.count_nonzero(fold == name if failures_wrong else own))
        thresholds.append(threshold)
    return FoldAccuracy(np.array(accuracies), np.array(thresholds))


def best_threshold(scores: NDArray[np.floating], mated: NDArray[np.bool_]) -> float:
    """The threshold with most right answers on completed comparisons.

    Candidates are the midpoints between neighbouring distinct scores, and one beyond either end; of several equally
    good ones the middle is taken (of an even number, the lower of the two in the middle).

    >>> best_threshold(np.array([.1, .2, .6, .9]), np.array([False, False, True, True]))
    0.4
    """
    distinct, inverse = np.unique(scores.astype(np.float64), return_inverse=True)
    mated_at = np.bincount(inverse, weights=mated, minlength=len(distinct))
    nonmated_at = np.bincount(inverse, weights=~mated, minlength=len(distinct))
    # candidate k rejects the k lowest distinct scores
    right = np.concatenate([[0.0], np.cumsum(nonmated_at - mated_at)])
    candidates = np.flatnonzero(right == right.max())
    chosen = int(candidates[(len(candidates) - 1) // 2])
    if chosen == 0:
        return float(distinct[0]) - 1.0
    if chosen == len(distinct):
        return float(distinct[-1]) + 1.0
    return float((distinct[chosen - 1] + distinct[chosen]) / 2)


def standard_error(ci_low: float, ci_high: float, *, folds: int = 10) -> float:
    """The standard error behind an `accuracy` row's interval, to print "mean ± s.e.".

    >>> result = FoldAccuracy(np.array([.97, .98, .99]), np.zeros(3))
    >>> round(standard_error(*result.interval, folds=3) - result.standard_error, 12)
    0.0
    """
    return (ci_high - ci_low) / (2 * _students_t(folds))


def _students_t(folds: int) -> float:
    from scipy import special  # noqa: PLC0415  # takes half a second

    return float(special.stdtrit(folds - 1, (1 + CONFIDENCE) / 2))
