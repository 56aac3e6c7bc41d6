"""Error rates of a set of comparisons at a threshold, over completed comparisons and with failures counted.

A comparison is accepted when ``score >= threshold``. A score that is not finite is a *failed* comparison: one side
was not acquired, or the recogniser refused it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class ErrorCounts:
    """What happened to the comparisons: six (weighted) counts, arrays of one shape, e.g. one element a replicate.

    Attributes:
        mated: completed mated comparisons.
        mated_nonmatches: those of them that were rejected (false non-matches).
        mated_failed: mated comparisons without a score.
        nonmated: completed non-mated comparisons.
        nonmated_matches: those of them that were accepted (false matches).
        nonmated_failed: non-mated comparisons without a score.
    """

    mated: Floats
    mated_nonmatches: Floats
    mated_failed: Floats
    nonmated: Floats
    nonmated_matches: Floats
    nonmated_failed: Floats

    def column(self, index: int) -> ErrorCounts:
        """The counts of one column of two-dimensional arrays."""
        return ErrorCounts(*(values[:, index] for values in self.fields()))

    def fields(self) -> tuple[Floats, ...]:
        """The six arrays in the order of the attributes."""
        return (
            self.mated,
            self.mated_nonmatches,
            self.mated_failed,
            self.nonmated,
            self.nonmated_matches,
            self.nonmated_failed,
        )


def count_errors(scores: NDArray[np.floating], mated: NDArray[np.bool_], threshold: float) -> ErrorCounts:
    """The six counts of one set of comparisons.

    Args:
        scores: ``(P,)``, higher = more alike; not finite = failed.
        mated: ``bool (P,)``.
        threshold: accept where ``score >= threshold``.

    >>> counts = count_errors(np.array([.9, .4, np.nan, .5, .1]), np.array([True, True, True, False, False]), .5)
    >>> float(fnmr(counts)), round(float(gfrr(counts)), 3), float(fmr(counts))
    (0.5, 0.667, 0.5)
    """
    completed = np.isfinite(scores)
    accepted = completed & (scores >= threshold)
    return ErrorCounts(
        *(
            np.asarray(np.count_nonzero(which), dtype=np.float64)
            for which in (
                mated & completed,
                mated & completed & ~accepted,
                mated & ~completed,
                ~mated & completed,
                ~mated & accepted,
                ~mated & ~completed,
            )
        )
    )


def fmr(counts: ErrorCounts) -> Floats:
    """False match rate: accepted / completed non-mated comparisons (ISO/IEC 19795-1). NaN where there are none."""
    return _share(counts.nonmated_matches, counts.nonmated)


def fnmr(counts: ErrorCounts) -> Floats:
    """False non-match rate: rejected / completed mated comparisons (ISO/IEC 19795-1). NaN where there are none."""
    return _share(counts.mated_nonmatches, counts.mated)


def tar(counts: ErrorCounts) -> Floats:
    """True accept rate over completed comparisons: 1 − FNMR."""
    return 1.0 - fnmr(counts)


def gfrr(counts: ErrorCounts) -> Floats:
    """Generalised false reject rate: (rejected + failed) / all mated comparisons."""
    return _share(counts.mated_nonmatches + counts.mated_failed, counts.mated + counts.mated_failed)


def gfar(counts: ErrorCounts) -> Floats:
    """Generalised false accept rate: accepted / all non-mated comparisons; a failed one is a non-match."""
    return _share(counts.nonmated_matches, counts.nonmated + counts.nonmated_failed)


def fta(failed: NDArray[np.bool_], weights: NDArray[np.floating] | None = None) -> float:
    """Failure-to-acquire rate: share of images that gave no template.

    Args:
        failed: ``bool (N,)``, one per image.
        weights: ``(N,)``, of the images; None = 1 each.

    >>> fta(np.array([True, False, False, False]))
    0.25
    """
    given = np.ones(len(failed)) if weights is None else np.asarray(weights, dtype=np.float64)
    return float(_share(np.asarray(given[failed].sum()), np.asarray(given.sum())))


def _share(part: Floats, whole: Floats) -> Floats:
    share: Floats = np.full(np.broadcast_shapes(part.shape, whole.shape), np.nan)
    return np.divide(part, whole, out=share, where=whole > 0)
