"""FMR and FNMR at every threshold that tells two comparisons apart, exactly, a part of the thresholds at a time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmark.errors import BenchmarkError

AT_ONCE = 1 << 16
"""Non-mated scores whose thresholds are worked out together: bounds the memory, and stays in the cache."""


@dataclass(frozen=True)
class CurvePart:
    """A run of thresholds, ascending, and the error rates where scores of at least so much are accepted.

    Attributes:
        thresholds: ``(K,)``, distinct scores.
        fmr: ``float64 (K,)``.
        fnmr: ``float64 (K,)``.
    """

    thresholds: NDArray[np.floating]
    fmr: NDArray[np.float64]
    fnmr: NDArray[np.float64]


def error_curve(
    mated: NDArray[np.floating], nonmated: NDArray[np.floating], *, at_once: int = AT_ONCE
) -> Iterator[CurvePart]:
    """The error rates at every distinct score, from the lowest up.

    Nothing is thinned or interpolated. Sorted scores are their own thresholds, and the place of a score in its own
    list is its error rate: only the mated scores, which are few, are looked up among the others.

    Args:
        mated: ``(M,)`` ascending, finite.
        nonmated: ``(N,)`` ascending, finite, of the same type.
        at_once: non-mated scores to a part.

    Raises:
        BenchmarkError: either side is empty.

    >>> parts = list(error_curve(np.array([.4, .9]), np.array([.1, .4, .5])))
    >>> parts[0].thresholds.tolist(), parts[0].fmr.round(2).tolist(), parts[0].fnmr.tolist()
    ([0.1, 0.4, 0.5, 0.9], [1.0, 0.67, 0.33, 0.0], [0.0, 0.0, 0.5, 0.5])
    """
    if not len(mated) or not len(nonmated):
        raise BenchmarkError("a curve of error rates needs mated and non-mated scores")
    start, mated_start = 0, 0
    while start < len(nonmated):
        end = min(start + at_once, len(nonmated))
        if end < len(nonmated):  # equal scores stay together
            end = int(np.searchsorted(nonmated, nonmated[end - 1], side="right"))
        mated_end = len(mated)
        if end < len(nonmated):
            mated_end = int(np.searchsorted(mated, nonmated[end], side="left"))
        yield _part(mated, nonmated, slice(mated_start, mated_end), slice(start, end))
        start, mated_start = end, mated_end


def _part(
    mated: NDArray[np.floating], nonmated: NDArray[np.floating], of_mated: slice, of_nonmated: slice
) -> CurvePart:
    others, own = nonmated[of_nonmated], mated[of_mated]
    first = _first_of_equals(others)
    own_first = _first_of_equals(own)
    distinct, own_distinct = _chosen(others, first), _chosen(own, own_first)
    below = np.searchsorted(distinct, own_distinct, side="left")
    # a score that both sides have is one threshold
    new = np.ones(len(below), dtype=bool)
    seen = below < len(distinct)
    new[seen] = distinct[below[seen]] != own_distinct[seen]
    rejected = of_mated.start + _steps(np.searchsorted(distinct, own, side="right"), len(distinct))
    accepted = len(nonmated) - of_nonmated.start - first
    accepted_below = np.append(accepted, len(nonmated) - of_nonmated.stop)[below[new]]

    kept = np.ones(len(distinct) + int(new.sum()), dtype=bool)
    kept[below[new] + np.arange(int(new.sum()))] = False
    return CurvePart(
        _interleaved(kept, distinct, own_distinct[new]),
        _interleaved(kept, accepted / len(nonmated), accepted_below / len(nonmated)),
        _interleaved(kept, rejected / len(mated), (of_mated.start + own_first[new]) / len(mated)),
    )


def _interleaved(kept: NDArray[np.bool_], one: NDArray[Any], other: NDArray[Any]) -> NDArray[Any]:
    """`one` where `kept`, `other` elsewhere, both in order."""
    if not len(other):
        return one
    together = np.empty(len(kept), dtype=one.dtype)
    together[kept] = one
    together[~kept] = other
    return together


def _chosen(ordered: NDArray[np.floating], which: NDArray[np.intp]) -> NDArray[np.floating]:
    return ordered if len(which) == len(ordered) else ordered[which]


def _first_of_equals(ordered: NDArray[np.floating]) -> NDArray[np.intp]:
    """Where each distinct value of an ascending array comes first."""
    first = np.ones(len(ordered), dtype=bool)
    np.not_equal(ordered[1:], ordered[:-1], out=first[1:])
    return np.flatnonzero(first)


def _steps(places: NDArray[np.intp], length: int) -> NDArray[np.intp]:
    """``(length,)``: how many mated scores are below each distinct score.

    `places` says before which distinct score each of them would be put in; equal to one, after it.
    """
    ends = np.minimum(places, length)
    return np.repeat(np.arange(len(places) + 1), np.diff(ends, prepend=0, append=length))
