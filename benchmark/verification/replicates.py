"""Error counts in every bootstrap replicate, at frozen and at matched thresholds.

Millions of non-mated comparisons times hundreds of replicates would be too much to sort or even to weigh. But a
threshold at a low FMR is among the highest non-mated scores: only that *tail* is weighed replicate by replicate,
while the total weight comes from a product of matrices. Where a threshold falls below the tail, everything is weighed.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmark.verification.error_rates import ErrorCounts
from benchmark.verification.thresholds import allowed_false_matches, just_above

Floats = NDArray[np.float64]

TAIL_FACTOR = 4
"""The tail holds this many times the share of scores that the highest target FMR accepts: replicates differ."""
SMALLEST_TAIL = 2_000


@dataclass(frozen=True)
class SubjectScores:
    """Sorted completed scores with the subjects they belong to, and weights in every replicate.

    Attributes:
        mated: ``(M,)`` ascending.
        mated_subject: ``int32 (M,)``.
        nonmated: ``(N,)`` ascending.
        reference_subject: ``int32 (N,)``, of the non-mated comparisons.
        probe_subject: ``int32 (N,)``, likewise.
        mated_total: ``(R + 1,)``, weight of the completed mated comparisons in each replicate.
        mated_failed: ``(R + 1,)``, of the failed ones.
        nonmated_total: ``(R + 1,)``, of the completed non-mated comparisons.
        nonmated_failed: ``(R + 1,)``, of the failed ones.
    """

    mated: NDArray[np.floating]
    mated_subject: NDArray[np.int32]
    nonmated: NDArray[np.floating]
    reference_subject: NDArray[np.int32]
    probe_subject: NDArray[np.int32]
    mated_total: Floats
    mated_failed: Floats
    nonmated_total: Floats
    nonmated_failed: Floats


@dataclass(frozen=True)
class ReplicateCounts:
    """Thresholds and what happens at them, one row per replicate (row 0: the sample itself), one column per target.

    Attributes:
        thresholds: ``float64 (R + 1, T)``; NaN where undefined.
        counts: arrays ``(R + 1, T)``; NaN where an undefined threshold leaves them undefined.
    """

    thresholds: Floats
    counts: ErrorCounts


def count_at_matched(
    scores: SubjectScores,
    draws: NDArray[np.int32],
    targets: tuple[float, ...],
    *,
    carried: NDArray[np.bool_] | None = None,
) -> ReplicateCounts:
    """Counts at each replicate's own threshold for each target FMR (smallest representable, by weighted counting).

    Args:
        scores: of one cell.
        draws: ``int32 (R + 1, S)`` of `bootstrap.draw_subjects`.
        targets: T false match rates.
        carried: ``bool (T,)``, the targets that there are comparisons enough for; the others stay undefined.
    """
    allowed = allowed_false_matches(np.asarray(targets)[None, :], scores.nonmated_total[:, None])
    thresholds = np.full(allowed.shape, np.nan)
    matches = np.full(allowed.shape, np.nan)
    share = TAIL_FACTOR * max(targets, default=0.0)
    short = _Tail(scores, max(SMALLEST_TAIL, int(share * len(scores.nonmated))))
    for row in np.flatnonzero(scores.nonmated_total > 0):
        tail, accepted = short, short.weigh(draws[row])
        if len(tail.descending) < len(scores.nonmated) and (accepted[-1] <= allowed[row]).any():
            tail = _Tail(scores, len(scores.nonmated))
            accepted = tail.weigh(draws[row])
        first_refused = tail.descending[np.searchsorted(accepted, allowed[row], side="right") - 1]
        thresholds[row] = just_above(first_refused)
        matches[row] = accepted[tail.above(first_refused)]
    if carried is not None:
        thresholds[:, ~carried] = np.nan
        matches[:, ~carried] = np.nan
    return ReplicateCounts(thresholds, _with_mated(scores, draws, thresholds, matches))


def count_at_frozen(scores: SubjectScores, draws: NDArray[np.int32], thresholds: Floats) -> ReplicateCounts:
    """Counts at thresholds given from elsewhere, ``(R + 1, T)``; NaN = undefined there."""
    matches = np.full(thresholds.shape, np.nan)
    if np.isfinite(thresholds).any():
        lowest = np.nanmin(thresholds).astype(scores.nonmated.dtype)
        tail = _Tail(scores, len(scores.nonmated) - int(np.searchsorted(scores.nonmated, lowest, side="left")))
        for row, given in enumerate(thresholds):
            matches[row] = np.where(np.isfinite(given), tail.weigh(draws[row])[tail.reaching(given)], np.nan)
    return ReplicateCounts(thresholds, _with_mated(scores, draws, thresholds, matches))


class _Tail:
    """The highest non-mated scores, best first."""

    def __init__(self, scores: SubjectScores, length: int) -> None:
        start = max(len(scores.nonmated) - length, 0)
        self.descending = np.ascontiguousarray(scores.nonmated[start:][::-1])
        self._negated = -self.descending
        self._reference = np.ascontiguousarray(scores.reference_subject[start:][::-1])
        self._probe = np.ascontiguousarray(scores.probe_subject[start:][::-1])
        self._accepted = np.zeros(len(self.descending) + 1, dtype=np.int64)

    def weigh(self, drawn: NDArray[np.int32]) -> NDArray[np.int64]:
        """Weight of the k best scores in one replicate, ``(length + 1,)`` from k = 0; overwritten by the next call."""
        weights = drawn[self._reference]
        weights *= drawn[self._probe]
        np.cumsum(weights, out=self._accepted[1:])
        return self._accepted

    def above(self, scores: NDArray[np.floating]) -> NDArray[np.int64]:
        """How many scores exceed each of `scores`."""
        return np.searchsorted(self._negated, -scores.astype(self._negated.dtype), side="left")

    def reaching(self, scores: NDArray[np.floating]) -> NDArray[np.int64]:
        """How many scores are at least each of `scores`."""
        return np.searchsorted(self._negated, -scores.astype(self._negated.dtype), side="right")


def _with_mated(scores: SubjectScores, draws: NDArray[np.int32], thresholds: Floats, matches: Floats) -> ErrorCounts:
    position = np.searchsorted(scores.mated, thresholds.astype(scores.mated.dtype), side="left")
    rejected = np.zeros(thresholds.shape)
    below = np.zeros(len(scores.mated) + 1, dtype=np.int64)
    for row, drawn in enumerate(draws):
        np.cumsum(drawn[scores.mated_subject], out=below[1:])
        rejected[row] = below[position[row]]
    # without a completed mated comparison none is rejected, whatever the threshold
    rejected[~np.isfinite(thresholds) & (scores.mated_total > 0)[:, None]] = np.nan
    shape = thresholds.shape
    return ErrorCounts(
        mated=np.broadcast_to(scores.mated_total[:, None], shape),
        mated_nonmatches=rejected,
        mated_failed=np.broadcast_to(scores.mated_failed[:, None], shape),
        nonmated=np.broadcast_to(scores.nonmated_total[:, None], shape),
        nonmated_matches=matches,
        nonmated_failed=np.broadcast_to(scores.nonmated_failed[:, None], shape),
    )
