"""Identification: probes searched in a gallery, some of whom are enrolled in it and some are strangers.

Words of ISO/IEC 19795-1: a *mated search* is one whose subject is enrolled, a *non-mated search* one of a stranger.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmark.datasets.base import Comparisons
from benchmark.verification.intervals import FEW_EVENTS, share_interval, share_of_people
from benchmark.verification.thresholds import FLAGGED_BELOW, REFUSED_BELOW, allowed_false_matches, just_above

SEARCH_SHARE = 0.1
"""A protocol is a search where the median searching probe is compared with at least this share of all references."""


@dataclass(frozen=True)
class Searches:
    """The outcome of every search.

    Attributes:
        probes: ``int64 (Q,)``, photos of the mated searches: those that the protocol compares with a reference of their
            subject and one of another.
        mate: ``(Q,)``, score of the best reference of the probe's subject; −inf where there is none.
        rank: ``int64 (Q,)``, 1 + how many references of others score at least as much: a tie counts against the mate.
            A search without a mated score has a rank beyond every reference.
        strangers: ``int64 (U,)``, photos of the non-mated searches.
        highest: ``(U,)``, the best score of each; −inf where there is none.
    """

    probes: NDArray[np.int64]
    mate: NDArray[np.floating]
    rank: NDArray[np.int64]
    strangers: NDArray[np.int64]
    highest: NDArray[np.floating]

    @classmethod
    def of(cls, scores: NDArray[np.floating], comparisons: Comparisons) -> Searches:
        """Search each probe among the references that the protocol compares it with.

        Args:
            scores: ``(P,)``; not finite = failed: a reference without a score cannot be returned.
            comparisons: P rows.
        """
        size = int(comparisons.probe.max()) + 1 if len(comparisons) else 0
        completed = np.isfinite(scores)
        best = {}
        for mated in (True, False):
            rows = completed & (comparisons.mated == mated)
            best[mated] = np.full(size, -np.inf, dtype=scores.dtype)
            np.maximum.at(best[mated], comparisons.probe[rows], scores[rows])
        compared = np.bincount(comparisons.probe, minlength=size)
        enrolled = np.bincount(comparisons.probe, weights=comparisons.mated, minlength=size)
        others = completed & ~comparisons.mated
        beaten = others & (scores >= best[True][comparisons.probe])
        rank = 1 + np.bincount(comparisons.probe[beaten], minlength=size)
        rank[~np.isfinite(best[True])] = np.iinfo(np.int64).max
        probes = _searching(comparisons)
        strangers = np.flatnonzero((enrolled == 0) & (compared > 0))
        return cls(probes, best[True][probes], rank[probes], strangers, best[False][strangers])

    def found_within(self, rank: int) -> NDArray[np.bool_]:
        """``bool (Q,)``: whether the mate is among the `rank` best references (closed-set identification)."""
        return np.asarray(self.rank <= rank)

    def curve(self, ranks: int) -> NDArray[np.float64]:
        """``(ranks,)``: the cumulative match characteristic, the share found within rank 1, 2, …

        >>> none, scores = np.empty(0, np.int64), np.zeros(4, np.float32)
        >>> Searches(np.arange(4), scores, np.array([1, 3, 1, 2]), none, scores[:0]).curve(3).tolist()
        [0.5, 0.75, 1.0]
        """
        if not len(self.rank):
            return np.full(ranks, np.nan)
        counts = np.bincount(np.minimum(self.rank, ranks + 1), minlength=ranks + 2)[1 : ranks + 1]
        curve: NDArray[np.float64] = np.cumsum(counts) / len(self.rank)
        return curve

    def threshold(self, target: float) -> float | None:
        """The smallest representable threshold whose FPIR does not exceed `target`; None without non-mated searches."""
        total = len(self.highest)
        if not total:
            return None
        allowed = int(allowed_false_matches(target, np.asarray(float(total))))
        position = total - 1 - allowed
        return float(just_above(np.partition(self.highest, position)[position]))

    def fpir(self, threshold: float) -> float:
        """False positive identification rate: non-mated searches that return somebody at or above the threshold."""
        return float(np.mean(self.highest >= threshold)) if len(self.highest) else float("nan")

    def missed(self, threshold: float) -> NDArray[np.bool_]:
        """``bool (Q,)``: mated searches that do not return the mate at or above the threshold (whatever its rank).

        Their share is FNIR(N, N, T), with as many candidates as references.
        """
        return np.asarray(self.mate < threshold)


def is_search(comparisons: Comparisons) -> bool:
    """Whether the protocol compares probes with a gallery, rather than listing pairs (as LFW's ``view2``)."""
    probes = _searching(comparisons)
    if not len(probes):
        return False
    compared = np.bincount(comparisons.probe)[probes]
    references = np.count_nonzero(np.bincount(comparisons.reference))
    return bool(np.median(compared) >= SEARCH_SHARE * references and np.median(compared) > 2)


def carried(target: float, searches: int) -> str:
    """``"carried"``, ``"flagged"`` or ``"refused"``: whether so many non-mated searches carry a target FPIR.

    >>> carried(1e-2, 5000), carried(1e-2, 500), carried(1e-2, 100)
    ('carried', 'flagged', 'refused')
    """
    expected = int(np.floor(target * searches + 0.5))
    return "refused" if expected < REFUSED_BELOW else "flagged" if expected < FLAGGED_BELOW else "carried"


def fnir_interval(
    searches: Searches, threshold: float, subjects: NDArray[np.integer], *, setter: Searches | None
) -> tuple[float, float]:
    """95 % interval of FNIR at a threshold, over the people who are searched; the gallery is as it is.

    Args:
        searches: the searches of the condition.
        threshold: accept at or above it.
        subjects: ``(n_photos,)``, the subject of each photo of the protocol.
        setter: the searches on whose strangers the threshold was set, whose chance is then part of the interval; None
            where it is given.
    """
    missed = searches.missed(threshold)
    value, count = float(missed.mean()), len(missed)
    residual = np.bincount(subjects[searches.probes], (missed - value) / count, int(subjects.max()) + 1)
    if setter is not None and len(setter.highest):
        above = setter.highest >= threshold
        residual = residual + _slope(searches, setter, threshold) * np.bincount(
            subjects[setter.strangers], (above - above.mean()) / len(above), len(residual)
        )
    variance = float(residual @ residual)
    events = min(np.count_nonzero(missed), count - np.count_nonzero(missed))
    if events < FEW_EVENTS or variance <= 0:
        return share_of_people(missed, subjects[searches.probes])
    people = len(np.unique(subjects[searches.probes]))
    return share_interval(value, value * (1 - value) / variance, subjects=people)


def _slope(searches: Searches, setter: Searches, threshold: float) -> float:
    """By how much FNIR rises where FPIR is brought down by as much: the slope of their curve at a threshold."""
    ordered = np.sort(setter.highest)
    matches = int(np.count_nonzero(ordered >= threshold))
    step = max(matches // 2, 5)
    low = ordered[max(len(ordered) - matches - step, 0)]
    high = ordered[min(len(ordered) - max(matches - step, 1), len(ordered) - 1)]
    fewer = np.mean((ordered >= low) & (ordered < high))
    more_missed = np.mean((searches.mate >= low) & (searches.mate < high))
    return float(more_missed / fewer) if fewer > 0 else 0.0


def _searching(comparisons: Comparisons) -> NDArray[np.int64]:
    if not len(comparisons):
        return np.empty(0, dtype=np.int64)
    compared = np.bincount(comparisons.probe)
    mated = np.bincount(comparisons.probe, weights=comparisons.mated)
    return np.flatnonzero((mated > 0) & (mated < compared))
