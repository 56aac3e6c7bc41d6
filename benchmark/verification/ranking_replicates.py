"""AUC, equal error rate and d′ in every bootstrap replicate at once: what `ranking` says of each weighed sample.

A replicate changes weights only, never the order of the scores. So the scores are looked up among each other once, and
of the weights nothing is needed but sums up to some places in that order.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from benchmark.verification.bootstrap import mated_weight, nonmated_weight
from benchmark.verification.subject_scores import SubjectScores
from benchmark.verification.weighed_tail import WeighedTail

Floats = NDArray[np.float64]


def auc_replicates(scores: SubjectScores, draws: NDArray[np.int32]) -> Floats:
    """`ranking.auc` of each replicate, ``(R,)``; NaN where it is not defined.

    Args:
        scores: of one cell.
        draws: ``int32 (R, S)``.
    """
    if not len(scores.mated) or not len(scores.nonmated):
        return np.full(len(draws), np.nan)
    tail = _all_nonmated(scores, draws)
    distinct, place = np.unique(scores.mated, return_inverse=True)
    reached, exceeded = tail.reaching(distinct), tail.above(distinct)
    at_least = tail.accepted_in_each(reached)
    more = at_least if np.array_equal(reached, exceeded) else tail.accepted_in_each(exceeded)
    beaten = tail.weight[:, None] - (at_least + more) / 2  # of the non-mated scores, ties counting half
    weights = draws[:, scores.mated_subject]
    total = weights.sum(axis=1) * tail.weight.astype(np.float64)
    won = np.einsum("rm,rm->r", weights.astype(np.float64), beaten[:, place])
    areas: Floats = np.full(len(draws), np.nan)
    np.divide(won, total, out=areas, where=total > 0)
    return areas


def eer_replicates(scores: SubjectScores, draws: NDArray[np.int32]) -> Floats:
    """`ranking.eer` of each replicate, as `auc_replicates`."""
    if not len(scores.mated) or not len(scores.nonmated):
        return np.full(len(draws), np.nan)
    curve = _Curve(scores, draws)
    last = curve.last_with_fmr_above()
    fmr_before, fnmr_before = curve.at(last)
    fmr_after, fnmr_after = curve.at(last + 1)
    gap_before, gap_after = fmr_before - fnmr_before, fnmr_after - fmr_after
    with np.errstate(invalid="ignore"):
        found: Floats = fmr_before + gap_before / (gap_before + gap_after) * (fmr_after - fmr_before)
    return np.where(curve.defined, found, np.nan)


def d_prime_replicates(scores: SubjectScores, draws: NDArray[np.int32]) -> Floats:
    """`ranking.d_prime` of each replicate, as `auc_replicates`."""
    if not len(scores.mated) or not len(scores.nonmated):
        return np.full(len(draws), np.nan)
    nowhere = float(scores.nonmated.mean(dtype=np.float64))  # sums of squares lose digits far from 0
    mated, nonmated = (side.astype(np.float64) - nowhere for side in (scores.mated, scores.nonmated))
    subject, reference, probe = scores.mated_subject, scores.reference_subject, scores.probe_subject
    mean_mated, variance_mated, mated_total = _moments(
        mated_weight(subject, draws), *(mated_weight(subject, draws, values) for values in (mated, mated**2))
    )
    mean_nonmated, variance_nonmated, nonmated_total = _moments(
        nonmated_weight(reference, probe, draws),
        *(nonmated_weight(reference, probe, draws, values) for values in (nonmated, nonmated**2)),
    )
    with np.errstate(invalid="ignore", divide="ignore"):
        pooled = (variance_mated + variance_nonmated) / 2
        found: Floats = (mean_mated - mean_nonmated) / np.sqrt(pooled)
    return np.where((mated_total >= 2) & (nonmated_total >= 2) & (pooled > 0), found, np.nan)


def _all_nonmated(scores: SubjectScores, draws: NDArray[np.int32]) -> WeighedTail:
    """All non-mated scores, weighed once for AUC and EER."""
    drawn, known = scores.kept.get("all non-mated", (None, None))
    if known is not None and np.array_equal(drawn, draws):
        tail: WeighedTail = known
    else:
        tail = WeighedTail(scores, draws, len(scores.nonmated))
        scores.kept["all non-mated"] = (draws, tail)
    return tail


class _Curve:
    """FMR and FNMR at every distinct score, in every replicate; beyond the highest score nothing is accepted."""

    def __init__(self, scores: SubjectScores, draws: NDArray[np.int32]) -> None:
        thresholds = np.unique(np.concatenate([scores.mated, scores.nonmated]))
        self._tail = _all_nonmated(scores, draws)
        self._rows = np.arange(len(draws))
        self._reached = np.append(self._tail.reaching(thresholds), 0)
        self._missed = np.append(np.searchsorted(scores.mated, thresholds, side="left"), len(scores.mated))
        weights = draws[:, scores.mated_subject]
        self._mated_below = np.concatenate([np.zeros((len(draws), 1)), np.cumsum(weights, axis=1)], axis=1)
        self.defined = (self._mated_below[:, -1] > 0) & (self._tail.weight > 0)

    def at(self, place: NDArray[np.intp]) -> tuple[Floats, Floats]:
        """FMR and FNMR ``(R,)`` at each replicate's own threshold, counted from the lowest."""
        accepted = self._tail.accepted(self._reached[place][:, None], self._rows)[:, 0]
        missed = self._mated_below[self._rows, self._missed[place]]
        with np.errstate(invalid="ignore", divide="ignore"):
            return accepted / self._tail.weight, missed / self._mated_below[:, -1]

    def last_with_fmr_above(self) -> NDArray[np.intp]:
        """The highest threshold of each replicate at which FMR ≥ FNMR; the lowest always is one."""
        low, high = np.zeros(len(self._rows), dtype=np.intp), np.full(len(self._rows), len(self._reached) - 1)
        while (high - low > 1).any():
            middle = (low + high) // 2
            fmr, fnmr = self.at(middle)
            above = fmr >= fnmr
            low, high = np.where(above, middle, low), np.where(above, high, middle)
        return low


def _moments(weight: Floats, total: Floats, squares: Floats) -> tuple[Floats, Floats, Floats]:
    """Mean, variance (ddof 1) and weight of each replicate's scores."""
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = total / weight
        return mean, (squares - mean * total) / (weight - 1), weight
