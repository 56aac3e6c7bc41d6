"""Error counts in every bootstrap replicate, at frozen and at matched thresholds.

Millions of non-mated comparisons times hundreds of replicates would be too much to sort or even to weigh. But a
threshold at a low FMR is among the highest non-mated scores: only that *tail* is weighed (`weighed_tail`), while the
total weight comes from a product of matrices. For replicates whose threshold falls below the tail it is made longer.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmark.verification.error_rates import ErrorCounts
from benchmark.verification.subject_scores import SubjectScores
from benchmark.verification.thresholds import allowed_false_matches, just_above
from benchmark.verification.weighed_tail import WeighedTail

Floats = NDArray[np.float64]

TAIL_FACTOR = 1.5
"""The tail holds this many times the share of scores that the highest target FMR accepts: replicates differ."""
SMALLEST_TAIL = 2_000


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
    waiting = np.flatnonzero(scores.nonmated_total > 0) if targets else np.empty(0, dtype=np.intp)
    length = max(SMALLEST_TAIL, int(TAIL_FACTOR * max(targets, default=0.0) * len(scores.nonmated)))
    while len(waiting):
        tail = WeighedTail(scores, draws[waiting], length)
        whole = length >= len(scores.nonmated)
        reached = whole | (tail.weight > allowed[waiting].max(axis=1))
        rows = waiting[reached]
        place = tail.last_within(allowed[waiting])[reached]
        first_refused = tail.descending[place]
        thresholds[rows] = just_above(first_refused)
        matches[rows] = tail.accepted(tail.above(first_refused), np.flatnonzero(reached))
        waiting = waiting[~reached]
        length *= 2
    if carried is not None:
        thresholds[:, ~carried] = np.nan
        matches[:, ~carried] = np.nan
    return ReplicateCounts(thresholds, _with_mated(scores, draws, thresholds, matches))


def count_at_frozen(scores: SubjectScores, draws: NDArray[np.int32], thresholds: Floats) -> ReplicateCounts:
    """Counts at thresholds given from elsewhere, ``(R + 1, T)``; NaN = undefined there."""
    matches = np.full(thresholds.shape, np.nan)
    defined = np.isfinite(thresholds)
    if defined.any():
        lowest = np.nanmin(thresholds).astype(scores.nonmated.dtype)
        reaching = len(scores.nonmated) - int(np.searchsorted(scores.nonmated, lowest, side="left"))
        tail = WeighedTail(scores, draws, reaching)
        accepted = tail.accepted(tail.reaching(np.where(defined, thresholds, lowest)), np.arange(len(draws)))
        matches[defined] = accepted[defined]
    return ReplicateCounts(thresholds, _with_mated(scores, draws, thresholds, matches))


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
