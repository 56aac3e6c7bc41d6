"""The area under the ROC curve as a sum over subjects and pairs of subjects."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmark.verification.dyadic import PairSums, Part


@dataclass(frozen=True)
class Auc:
    """An area and what it is a sum of, to first order.

    Attributes:
        value: probability that a mated score exceeds a non-mated one, ties counting half; NaN without either.
        part: how far each subject and pair moved it.
    """

    value: float
    part: Part


def area_under_curve(
    mated: NDArray[np.floating],
    nonmated: NDArray[np.floating],
    *,
    mated_subject: NDArray[np.integer],
    nonmated_place: NDArray[np.integer],
    table: PairSums,
    subjects: int,
) -> Auc:
    """The area with its placement values by subject and pair.

    A comparison's placement is the share of the other side that it beats (or is beaten by): DeLong, DeLong and
    Clarke-Pearson, *Comparing the areas under two or more correlated ROC curves*, Biometrics 44(3), 1988; by clusters
    as Obuchowski, *Nonparametric analysis of clustered ROC curve data*, Biometrics 53(2), 1997.

    Args:
        mated: ``(M,)`` ascending.
        nonmated: ``(N,)`` ascending.
        mated_subject: ``(M,)``.
        nonmated_place: ``(N,)``, index of each comparison's pair in `table`.
        table: comparisons by pair.
        subjects: S.
    """
    if not len(mated) or not len(nonmated):
        return Auc(np.nan, Part(np.zeros(subjects)))
    above = _share_below(nonmated, mated)
    below = 1.0 - _share_below(mated, nonmated)
    value = float(above.mean())
    of_people = np.bincount(mated_subject, (above - value) / len(mated), subjects).astype(np.float64)
    of_pairs = table.weighed(nonmated_place, (below - value) / len(nonmated), subjects)
    return Auc(value, Part(of_people, of_pairs))


def _share_below(ordered: NDArray[np.floating], scores: NDArray[np.floating]) -> NDArray[np.float64]:
    """Share of the `ordered` scores below each of `scores`, ties counting half."""
    low = np.searchsorted(ordered, scores, side="left")
    high = np.searchsorted(ordered, scores, side="right")
    share: NDArray[np.float64] = (low + high) / (2 * len(ordered))
    return share
