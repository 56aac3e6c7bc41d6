"""Tests whose comparisons are listed one by one: the columns of the list, people told by links, folds, a limit."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmark.datasets.base import Comparisons
from benchmark.datasets.splits import spread_evenly
from benchmark.faces import Photo


@dataclass(frozen=True)
class ListedPair:
    """One comparison of a list.

    Attributes:
        reference: `image_id` of the enrolled photo.
        probe: `image_id` of the new one.
        mated: both of one person.
        fold: counted from 0; −1 where the list has none.
        line: of the list, for errors; 0 where it has no lines.
    """

    reference: str
    probe: str
    mated: bool
    fold: int = -1
    line: int = 0


def ids_of(pairs: Iterable[ListedPair]) -> tuple[str, ...]:
    """Every photo of the pairs once, sorted."""
    return tuple(sorted({side for pair in pairs for side in (pair.reference, pair.probe)}))


def lines_of(pairs: Iterable[ListedPair]) -> dict[str, int]:
    """By `image_id`, the first line that names the photo."""
    lines: dict[str, int] = {}
    for pair in pairs:
        lines.setdefault(pair.reference, pair.line)
        lines.setdefault(pair.probe, pair.line)
    return lines


def comparisons_of(pairs: Sequence[ListedPair], photos: Sequence[Photo]) -> Comparisons:
    """The pairs as columns that point into `photos`."""
    row = {photo.image_id: number for number, photo in enumerate(photos)}
    return Comparisons(
        np.array([row[pair.reference] for pair in pairs], dtype=np.int32),
        np.array([row[pair.probe] for pair in pairs], dtype=np.int32),
        np.array([pair.mated for pair in pairs], dtype=np.bool_),
        np.array([pair.fold for pair in pairs], dtype=np.int8),
    )


def some_pairs(
    pairs: Sequence[ListedPair], most: int | None, *, seed: int, ids: Sequence[str] | None = None
) -> Sequence[ListedPair]:
    """At most `most` of the pairs, even over folds and both kinds; all of them if `most` is None.

    Args:
        pairs: the whole list.
        most: how many to keep.
        seed: the run's seed.
        ids: distinct names that decide the draw; by default the row and both photos.
    """
    if most is None or most >= len(pairs):
        return pairs
    rows = spread_evenly(
        np.array([pair.mated for pair in pairs], dtype=np.bool_),
        np.array([pair.fold for pair in pairs], dtype=np.int8),
        ids or [f"{row} {pair.reference} {pair.probe}" for row, pair in enumerate(pairs)],
        most,
        seed=seed,
    )
    return [pairs[row] for row in rows]


def linked_people(pairs: Iterable[ListedPair]) -> dict[str, str]:
    """Who is on each photo, by the list alone: photos that mated pairs link, directly or through others, are of
    one person, named by the first of its ids in alphabetical order; all others are of different people.

    >>> linked_people([ListedPair("b", "a", True), ListedPair("b", "c", True), ListedPair("a", "d", False)])
    {'b': 'a', 'a': 'a', 'c': 'a', 'd': 'd'}
    """
    parent: dict[str, str] = {}

    def root_of(photo: str) -> str:
        parent.setdefault(photo, photo)
        while parent[photo] != photo:
            parent[photo] = photo = parent[parent[photo]]
        return photo

    for pair in pairs:
        one, other = sorted((root_of(pair.reference), root_of(pair.probe)))
        if pair.mated:
            parent[other] = one
    return {photo: root_of(photo) for photo in list(parent)}


def consecutive_folds(count: int, folds: int) -> NDArray[np.int8]:
    """The fold of each of `count` comparisons, cut in order into parts of equal size, the first ones one larger where
    it does not divide, as scikit-learn's ``KFold`` without shuffling does.

    >>> consecutive_folds(7, 3)
    array([0, 0, 0, 1, 1, 2, 2], dtype=int8)
    """
    return np.repeat(np.arange(folds), [len(part) for part in np.array_split(np.arange(count), folds)]).astype(np.int8)


def even_folds(mated: Sequence[bool], folds: int) -> NDArray[np.int8]:
    """The fold of each comparison where mated and non-mated ones are cut in order, each kind by itself.

    So every fold has both kinds however the list is sorted; a list made of folds with as many of either keeps them.

    >>> even_folds([True, True, False, False], 2).tolist(), even_folds([True, False, True, False], 2).tolist()
    ([0, 1, 0, 1], [0, 0, 1, 1])
    """
    kind = np.asarray(mated, dtype=np.bool_)
    fold = np.empty(len(kind), dtype=np.int8)
    for rows in (np.flatnonzero(kind), np.flatnonzero(~kind)):
        fold[rows] = consecutive_folds(len(rows), folds)
    return fold
