"""Closed-set identification: is the most alike reference the right person?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmark.datasets.base import Comparisons

SEARCH_SHARE = 0.1
"""A protocol is a search where the median searching probe is compared with at least this share of all references."""


@dataclass(frozen=True)
class RankOne:
    """The outcome of every search.

    Attributes:
        probes: ``int64 (Q,)``, photos that searched: those with a mated and a non-mated reference.
        found: ``bool (Q,)``, the best mated score exceeds every non-mated score.
    """

    probes: NDArray[np.int64]
    found: NDArray[np.bool_]

    @property
    def rate(self) -> float | None:
        """Share of the probes that were found; None where none searched."""
        return float(self.found.mean()) if len(self.found) else None


def is_search(comparisons: Comparisons) -> bool:
    """Whether the protocol compares probes with a gallery, rather than listing pairs (as LFW's ``view2``)."""
    probes = _searching(comparisons)
    if not len(probes):
        return False
    compared = np.bincount(comparisons.probe)[probes]
    references = np.count_nonzero(np.bincount(comparisons.reference))
    return bool(np.median(compared) >= SEARCH_SHARE * references and np.median(compared) > 2)


def rank_one(scores: NDArray[np.floating], comparisons: Comparisons) -> RankOne:
    """Search each probe among the references that the protocol compares it with.

    A probe without a template misses; so does one whose mated references all failed. A tie with a non-mated reference
    is a miss. A failed non-mated reference cannot be returned.

    Args:
        scores: ``(P,)``; not finite = failed.
        comparisons: P rows.
    """
    probes = _searching(comparisons)
    size = int(comparisons.probe.max()) + 1 if len(comparisons) else 0
    best = {}
    for mated in (True, False):
        rows = np.isfinite(scores) & (comparisons.mated == mated)
        best[mated] = np.full(size, -np.inf, dtype=scores.dtype)
        np.maximum.at(best[mated], comparisons.probe[rows], scores[rows])
    return RankOne(probes, best[True][probes] > best[False][probes])


def _searching(comparisons: Comparisons) -> NDArray[np.int64]:
    if not len(comparisons):
        return np.empty(0, dtype=np.int64)
    compared = np.bincount(comparisons.probe)
    mated = np.bincount(comparisons.probe, weights=comparisons.mated)
    return np.flatnonzero((mated > 0) & (mated < compared))
