"""McNemar's and DeLong's tests, for readers who know them: both take every comparison to be independent of the others.

Comparisons are not: those of one person are alike, and a non-mated one belongs to two people. These p-values are
therefore too small, and nothing in a report rests on them; the tests of `differences` count people.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Scores = NDArray[np.floating]


def mcnemar(one: NDArray[np.bool_], other: NDArray[np.bool_]) -> float:
    """Two-sided p-value of equal error rates of two methods on the same comparisons: exact, from the binomial
    distribution of the comparisons on which exactly one of them errs.

    McNemar, *Note on the sampling error of the difference between correlated proportions or percentages*,
    Psychometrika 12(2), 1947.

    Args:
        one: ``(N,)``, whether the one method errs.
        other: ``(N,)``, likewise.

    Returns:
        0 to 1; 1 where both err on the same comparisons.

    >>> errs = np.array([True] * 8 + [False] * 12)
    >>> mcnemar(errs, np.roll(errs, 20)), round(mcnemar(errs, np.zeros(20, dtype=bool)), 6)
    (1.0, 0.007812)
    """
    from scipy import special  # noqa: PLC0415  # takes half a second

    only_one, only_other = int(np.count_nonzero(one & ~other)), int(np.count_nonzero(other & ~one))
    return float(min(1.0, 2 * special.bdtr(min(only_one, only_other), only_one + only_other, 0.5)))


def delong(one: Scores, other: Scores, mated: NDArray[np.bool_]) -> float | None:
    """Two-sided p-value of equal areas under two ROC curves of the same comparisons.

    DeLong, DeLong and Clarke-Pearson, *Comparing the areas under two or more correlated receiver operating
    characteristic curves: a nonparametric approach*, Biometrics 44(3), 1988: the placements of each comparison among
    those of the other sort, their variance of ddof 1.

    Args:
        one: ``(N,)`` scores, higher = more alike; comparisons without both scores are left out.
        other: ``(N,)``.
        mated: ``(N,)``.

    Returns:
        0 to 1; None with fewer than two comparisons of either sort.
    """
    both = np.isfinite(one) & np.isfinite(other)
    kinds = both & mated, both & ~mated
    if min(np.count_nonzero(kind) for kind in kinds) < 2:
        return None
    (mated_one, stranger_one), (mated_other, stranger_other) = (
        _placements(scores[kinds[0]], scores[kinds[1]]) for scores in (one, other)
    )
    difference = mated_one.mean() - mated_other.mean()
    variance = sum(
        float(np.var(first - second, ddof=1)) / len(first)
        for first, second in ((mated_one, mated_other), (stranger_one, stranger_other))
    )
    if variance <= 0:
        return 1.0
    from scipy import special  # noqa: PLC0415  # takes half a second

    return float(2 * special.ndtr(-abs(difference) / np.sqrt(variance)))


def _placements(mated: Scores, nonmated: Scores) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Share of the non-mated scores below each mated one, and of the mated scores above each non-mated one; ties count
    half."""
    return _share_below(np.sort(nonmated), mated), 1.0 - _share_below(np.sort(mated), nonmated)


def _share_below(ordered: Scores, scores: Scores) -> NDArray[np.float64]:
    low, high = (np.searchsorted(ordered, scores, side=side) for side in ("left", "right"))
    return np.asarray((low + high) / (2.0 * len(ordered)), dtype=np.float64)
