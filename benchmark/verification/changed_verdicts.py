"""Which comparisons a method changes the verdict of: those worth looking at, and a random sample beside them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Change = Literal["rescue", "failure", "false match", "sample"]
CHANGES: tuple[Change, ...] = ("rescue", "failure", "false match", "sample")


@dataclass(frozen=True)
class ScoredTwice:
    """The same P comparisons before a method and after it, each with the threshold of its own condition.

    Attributes:
        before: ``(P,)`` scores with the mask left on, NaN where the comparison failed.
        after: ``(P,)`` scores of restored faces, likewise.
        threshold_before: accept at or above it.
        threshold_after: likewise.
        mated: ``bool (P,)``.
    """

    before: NDArray[np.floating]
    after: NDArray[np.floating]
    threshold_before: float
    threshold_after: float
    mated: NDArray[np.bool_]

    @property
    def accepted_before(self) -> NDArray[np.bool_]:
        """``bool (P,)``: a failed comparison is not accepted."""
        return np.asarray(self.before >= self.threshold_before, dtype=np.bool_)

    @property
    def accepted_after(self) -> NDArray[np.bool_]:
        """``bool (P,)``, likewise."""
        return np.asarray(self.after >= self.threshold_after, dtype=np.bool_)

    @property
    def moved(self) -> NDArray[np.float64]:
        """``(P,)``: how much farther above its threshold a score is than before; NaN where one of the two failed."""
        before = np.asarray(self.before, dtype=np.float64) - self.threshold_before
        return np.asarray(self.after, dtype=np.float64) - self.threshold_after - before


@dataclass(frozen=True)
class ChangedVerdicts:
    """Rows of the comparisons to look at, and how many there are of each sort.

    Attributes:
        rows: by sort, the most telling first; ``sample`` in random order.
        counts: by sort, of all comparisons; ``sample`` counts the mated ones that it was drawn from.
        worsened: of the failures, those that were accepted before.
        failed: of the failures, those that a failed acquisition rejects.
    """

    rows: Mapping[Change, NDArray[np.int64]]
    counts: Mapping[Change, int]
    worsened: int
    failed: int


def changed_verdicts(
    scored: ScoredTwice, mask_types: NDArray[np.integer], *, each: int, generator: np.random.Generator
) -> ChangedVerdicts:
    """The biggest rescues, the worst failures, the false matches that were created, and a random sample.

    A rescue is a mated comparison rejected before and accepted after, a failure a mated one rejected after, a created
    false match a non-mated one rejected before and accepted after. Rescues are ordered by how far the score moved
    against its threshold; failures likewise, those that were accepted before first and failed acquisitions last of
    either; false matches by how far they are accepted. Of each sort the mask types take turns, so that every one of
    them is seen.

    Args:
        scored: the comparisons.
        mask_types: ``(P,)``, a code of the mask of each probe.
        each: rows of each sort at most.
        generator: draws the sample.

    >>> scores = ScoredTwice(np.array([.1, .6, .1]), np.array([.9, .2, .7]), .5, .5, np.array([True, True, False]))
    >>> found = changed_verdicts(scores, np.zeros(3, int), each=2, generator=np.random.default_rng(0))
    >>> {change: rows.tolist() for change, rows in found.rows.items() if change != "sample"}
    {'rescue': [0], 'failure': [1], 'false match': [2]}
    """
    before, after, moved = scored.accepted_before, scored.accepted_after, scored.moved
    rescues = np.flatnonzero(scored.mated & ~before & after)
    failures = np.flatnonzero(scored.mated & ~after)
    created = np.flatnonzero(~scored.mated & ~before & after)
    mated = np.flatnonzero(scored.mated)
    lost = ~np.isfinite(scored.after[failures])
    unknown_last = np.nan_to_num(moved, nan=np.inf)
    ordered: dict[Change, NDArray[np.int64]] = {
        "rescue": rescues[np.lexsort((rescues, -np.nan_to_num(moved[rescues], nan=-np.inf)))],
        "failure": failures[np.lexsort((failures, unknown_last[failures], lost, ~before[failures]))],
        "false match": created[np.lexsort((created, -scored.after[created]))],
        "sample": generator.permutation(mated),
    }
    return ChangedVerdicts(
        rows={change: _in_turn(rows, mask_types, each) for change, rows in ordered.items()},
        counts={change: len(rows) for change, rows in ordered.items()},
        worsened=int(np.count_nonzero(before[failures])),
        failed=int(np.count_nonzero(lost)),
    )


def _in_turn(rows: NDArray[np.int64], mask_types: NDArray[np.integer], each: int) -> NDArray[np.int64]:
    """The first `each` rows if the mask types take turns, in the order that they had."""
    taken: dict[int, int] = {}
    turns = []
    for code in mask_types[rows].tolist():
        turns.append(taken.get(code, 0))
        taken[code] = turns[-1] + 1
    chosen = np.lexsort((np.arange(len(rows)), np.array(turns, dtype=np.int64)))[:each]
    return rows[np.sort(chosen)]
