"""Every photo of a set against every other one: scores by matrix products, a tile of rows and columns at a time.

Ten thousand million scores do not fit into memory. The mated ones, which are few, are all kept. Of the non-mated ones
the highest are kept, from which thresholds for low false match rates follow exactly; all of them are counted in a
histogram, which bounds the rates at lower thresholds. Tallies of tiles add up, in whatever order they come.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmark.errors import BenchmarkError
from benchmark.verification.thresholds import allowed_false_matches, just_above

BINS = 1 << 16
TAIL = 10_000_000
"""Non-mated scores that are kept: with 10^10 comparisons all thresholds for a FMR of 1e-3 or less are exact."""
TILE = 2048
"""Rows and columns of a tile: its scores take 16 MiB."""


@dataclass
class ScoreTally:
    """What is known of the scores of many comparisons.

    Attributes:
        low: the lowest score that there can be.
        high: the highest.
        tail: how many of the highest non-mated scores are kept.
        nonmated: non-mated scores seen.
        counts: ``int64 (BINS,)``, how many of them are in each bin of equal width from `low` to `high`.
    """

    low: float
    high: float
    tail: int = TAIL
    nonmated: int = 0
    counts: NDArray[np.int64] = field(default_factory=lambda: np.zeros(BINS, dtype=np.int64))
    _mated: list[NDArray[np.float32]] = field(default_factory=list)
    _held: int = 0
    _bound: np.float32 = field(default_factory=lambda: np.float32(-np.inf))
    _room: NDArray[np.float32] = field(init=False)

    def __post_init__(self) -> None:
        self._room = np.empty(2 * self.tail, dtype=np.float32)  # memory is taken as it is filled

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_room": self._room[: self._held]}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._room = np.empty(2 * self.tail, dtype=np.float32)
        self._room[: self._held] = state["_room"]

    @property
    def bin_width(self) -> float:
        """How far a threshold that follows from the histogram can be from the exact one."""
        return (self.high - self.low) / BINS

    @property
    def mated(self) -> NDArray[np.float32]:
        """All mated scores, ascending."""
        return np.sort(np.concatenate([np.empty(0, np.float32), *self._mated]))

    @property
    def highest(self) -> NDArray[np.float32]:
        """The highest non-mated scores, ascending: at least `tail` of them but for ties, or all. A view."""
        held = self._room[: self._held]
        held.sort()
        return held

    @property
    def exact_from(self) -> float:
        """Rates at thresholds above this score are exact; −∞ where every score was kept."""
        return float(self._bound)

    def add(self, mated: NDArray[np.float32], nonmated: NDArray[np.float32]) -> None:
        """Count scores, in any order; none may be NaN, and all must be between `low` and `high`."""
        if len(mated):
            self._mated.append(np.array(mated))
        self.nonmated += len(nonmated)
        bins = ((nonmated - np.float32(self.low)) * np.float32(BINS / (self.high - self.low))).clip(0, BINS - 1)
        self.counts += np.bincount(bins.astype(np.uint16), minlength=BINS)
        self._keep(nonmated)

    def merge(self, other: ScoreTally) -> None:
        """Add the scores of another tally of the same range and tail.

        Raises:
            BenchmarkError: the ranges or the tails differ.
        """
        if (self.low, self.high, self.tail) != (other.low, other.high, other.tail):
            raise BenchmarkError("tallies of different ranges or tails cannot be added")
        self._mated += other._mated
        self.nonmated += other.nonmated
        self.counts = self.counts + other.counts
        if other._bound > self._bound:
            self._forget_up_to(other._bound)
        self._keep(other._room[: other._held])

    def fnmr(self, threshold: float) -> float:
        """Share of the mated scores below a threshold, exactly; NaN without any."""
        mated = self.mated
        return float(np.searchsorted(mated, np.float32(threshold), side="left") / len(mated)) if len(mated) else np.nan

    def fmr(self, threshold: float) -> tuple[float, float]:
        """Bounds of the share of the non-mated scores at or above a threshold: equal where it is exact."""
        if not self.nonmated:
            return np.nan, np.nan
        if threshold > self.exact_from:
            highest = self.highest
            accepted = len(highest) - int(np.searchsorted(highest, np.float32(threshold), side="left"))
            return accepted / self.nonmated, accepted / self.nonmated
        # a bin's edge is rounded to float32 as its scores are: one more bin on either side is in doubt
        place = int((threshold - self.low) / self.bin_width)
        above = int(self.counts[min(place + 2, BINS) :].sum())
        doubtful = int(self.counts[max(place - 1, 0) : place + 2].sum())
        return above / self.nonmated, (above + doubtful) / self.nonmated

    def threshold_at(self, target: float) -> float:
        """The smallest threshold whose FMR does not exceed `target`; up to two bins too high where it is not exact.

        Raises:
            BenchmarkError: there are no non-mated scores.
        """
        if not self.nonmated:
            raise BenchmarkError("a threshold needs non-mated scores")
        allowed = int(allowed_false_matches(target, np.asarray(float(self.nonmated))))
        highest = self.highest
        if allowed < len(highest):
            return float(just_above(highest[len(highest) - 1 - allowed, None])[0])
        accepted = np.cumsum(self.counts[::-1])[::-1]  # in each bin or above it
        within = int(np.argmax(accepted <= allowed)) if accepted[-1] <= allowed else BINS
        if within + 1 >= BINS:
            return float(just_above(np.asarray(self.high, dtype=np.float32)))
        return self.low + (within + 1) * self.bin_width

    def _keep(self, scores: NDArray[np.float32]) -> None:
        for start in range(0, len(scores), max(self.tail, 1)):
            part = scores[start : start + self.tail]
            if np.isfinite(self._bound):
                part = part[part > self._bound]
            if self._held + len(part) > len(self._room):
                self._room[: self._held].partition(self._held - self.tail)
                # of equal scores at the bound some may have been dropped: none of them is kept
                self._forget_up_to(self._room[self._held - self.tail])
                part = part[part > self._bound]
            self._room[self._held : self._held + len(part)] = part
            self._held += len(part)

    def _forget_up_to(self, bound: np.float32) -> None:
        held = self._room[: self._held]
        left = held[held > bound]
        self._bound, self._held = bound, len(left)
        self._room[: self._held] = left


def all_against_all(
    embeddings: NDArray[np.float32],
    subjects: NDArray[np.integer],
    *,
    metric: str = "cosine",
    tail: int = TAIL,
    tile: int = TILE,
) -> ScoreTally:
    """The tally of every unordered pair of photos, each once.

    Args:
        embeddings: ``(N, D)``; rows that are not finite have failed, and their comparisons are left out.
        subjects: ``(N,)``, a code of the subject of each photo.
        metric: ``"cosine"``, or ``"euclidean"`` for the negative distance, as `Recogniser.scores` gives them but for
            the last digits: products of matrices are rounded otherwise.
        tail: how many of the highest non-mated scores are kept.
        tile: rows and columns that are compared at once.

    >>> rng = np.random.default_rng(0)
    >>> faces = rng.normal(size=(40, 8)).astype(np.float32)
    >>> found = all_against_all(faces, np.arange(40) // 2, tile=16)
    >>> found.nonmated, len(found.mated), found.exact_from
    (760, 20, -inf)
    """
    completed = np.flatnonzero(np.isfinite(embeddings).all(axis=1))
    order = completed[np.argsort(subjects[completed], kind="stable")]  # mated pairs are then near the diagonal
    prepared, codes = np.ascontiguousarray(embeddings[order]), subjects[order]
    if metric == "cosine":
        prepared = prepared / np.maximum(np.linalg.norm(prepared, axis=1, keepdims=True), np.finfo(np.float32).tiny)
        tally = ScoreTally(-1.0, 1.0, tail)
    else:
        longest = float(np.linalg.norm(prepared, axis=1).max(initial=1e-6))
        tally = ScoreTally(-2 * longest, 0.0, tail)
    for rows, columns in _tiles(len(order), tile):
        scores = tile_scores(prepared[rows], prepared[columns], metric)
        tally.add(*_told_apart(scores, codes[rows], codes[columns], diagonal=rows == columns))
    return tally


def tile_scores(rows: NDArray[np.float32], columns: NDArray[np.float32], metric: str) -> NDArray[np.float32]:
    """Scores ``(R, C)`` of rows ``(R, D)`` against columns ``(C, D)``; for ``"cosine"`` of unit vectors."""
    scores: NDArray[np.float32] = rows @ columns.T
    if metric == "cosine":
        return scores
    scores *= -2
    scores += np.square(rows).sum(axis=1)[:, None]
    scores += np.square(columns).sum(axis=1)[None, :]
    np.sqrt(np.maximum(scores, 0, out=scores), out=scores)
    return np.negative(scores, out=scores)


def _tiles(count: int, side: int) -> Iterator[tuple[slice, slice]]:
    """The upper triangle."""
    starts = range(0, count, side)
    for top in starts:
        for left in range(top, count, side):
            yield slice(top, min(top + side, count)), slice(left, min(left + side, count))


def _told_apart(
    scores: NDArray[np.float32], rows: NDArray[np.integer], columns: NDArray[np.integer], *, diagonal: bool
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Mated and non-mated scores of a tile; of one on the diagonal those above it. Subjects ascend."""
    if not diagonal and rows[-1] < columns[0]:
        return np.empty(0, np.float32), scores.ravel()
    same = rows[:, None] == columns[None, :]
    if not diagonal:
        return scores[same], scores[~same]
    upper = np.triu(np.ones(scores.shape, dtype=bool), 1)
    return scores[same & upper], scores[~same & upper]
