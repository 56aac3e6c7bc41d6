"""Searches of many probes in a large gallery, a tile of rows and columns at a time, on any engine.

A matrix of scores of a million probes and a million references does not fit into memory. What identification needs of
a probe's row are three numbers: the best score of its own subject, how many references of others score at least as
much, and the best score of others. They are counted tile by tile, so that ranks, and FNIR at any FPIR, are exact
whatever the size.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmark.engine.base import Engine
from benchmark.engine.local import LocalEngine
from benchmark.storage.claimed_array import new_claimed_array
from benchmark.verification.all_against_all import tile_scores
from benchmark.verification.searches import Searches

TILE = 2048
"""Rows and columns of a product: its scores take 16 MiB."""
TASK_ROWS = 8192
TASK_COLUMNS = 131_072
"""Probes and references of a task: 10^9 comparisons, some ten seconds of a core."""
_AT_ONCE = 65_536
"""Rows that are prepared at a time."""


@dataclass(frozen=True)
class _Side:
    """Unit vectors, or embeddings as they are, of the faces that did not fail, sorted by subject."""

    embeddings: NDArray[np.float32]
    subjects: NDArray[np.integer]
    rows: NDArray[np.int64]
    """Where each of them was."""


def search_in_tiles(
    probes: NDArray[np.float32],
    probe_subjects: NDArray[np.integer],
    gallery: NDArray[np.float32],
    gallery_subjects: NDArray[np.integer],
    *,
    metric: str = "cosine",
    engine: Engine | None = None,
    scratch: Path | None = None,
    task: tuple[int, int] = (TASK_ROWS, TASK_COLUMNS),
    tile: int = TILE,
) -> Searches:
    """Search every probe in the whole gallery: what `Searches.of` finds of all their comparisons, without their scores.

    A probe whose subject is in the gallery is a mated search, any other one that of a stranger. Scores are rounded as
    products of matrices are: where two scores differ by less, ranks may differ from those of `Recogniser.scores`.

    Args:
        probes: ``(Q, D)``; a row that is not finite has failed and finds nobody.
        probe_subjects: ``(Q,)``, a code of each probe's subject.
        gallery: ``(N, D)``; a row that is not finite is never found.
        gallery_subjects: ``(N,)``.
        metric: ``"cosine"`` or ``"euclidean"``, as a recogniser's card has it.
        engine: does the work; None = this process.
        scratch: a folder that every machine of the engine sees; the sorted embeddings are written there and sent by
            name. None = they are sent whole.
        task: probes and references of one task of the engine.
        tile: rows and columns that are compared at once.

    >>> rng = np.random.default_rng(0)
    >>> people = rng.normal(size=(50, 16)).astype(np.float32)
    >>> seen_again = people + rng.normal(scale=0.2, size=people.shape).astype(np.float32)
    >>> found = search_in_tiles(seen_again, np.arange(50), people[:40], np.arange(40))
    >>> len(found.probes), len(found.strangers), float(found.found_within(1).mean())
    (40, 10, 1.0)
    """
    engine = engine or LocalEngine()
    searched = _side(probes, probe_subjects, metric, scratch, "probes")
    references = _side(gallery, gallery_subjects, metric, scratch, "gallery")
    own = np.stack(
        [np.searchsorted(references.subjects, searched.subjects, side=side) for side in ("left", "right")], axis=1
    )
    mates = _mates(searched, references, own, metric)
    beaten = np.zeros(len(searched.rows), dtype=np.int64)
    highest = np.full(len(searched.rows), -np.inf, dtype=np.float32)
    parts = [
        (slice(top, top + task[0]), slice(left, left + task[1]))
        for top in range(0, len(searched.rows), task[0])
        for left in range(0, len(references.rows), task[1])
    ]
    count = partial(_count, searched.embeddings, references.embeddings, own, mates, metric=metric, tile=tile)
    for (rows, _), (others, best) in zip(
        parts, engine.map(count, iter(parts), workers=engine.processes(0), bar=None), strict=True
    ):
        beaten[rows] += others
        highest[rows] = np.maximum(highest[rows], best)
    mate_of = np.full(len(probes), -np.inf, dtype=np.float32)
    rank_of = np.full(len(probes), np.iinfo(np.int64).max)
    highest_of = np.full(len(probes), -np.inf, dtype=np.float32)
    mate_of[searched.rows], highest_of[searched.rows] = mates, highest
    rank_of[searched.rows] = np.where(np.isfinite(mates), 1 + beaten, rank_of[searched.rows])
    enrolled = np.isin(probe_subjects, gallery_subjects)
    mated, strangers = np.flatnonzero(enrolled), np.flatnonzero(~enrolled)
    return Searches(mated, mate_of[mated], rank_of[mated], strangers, highest_of[strangers])


def _side(
    embeddings: NDArray[np.float32], subjects: NDArray[np.integer], metric: str, scratch: Path | None, name: str
) -> _Side:
    usable = np.concatenate(
        [
            start + np.flatnonzero(np.isfinite(embeddings[start : start + _AT_ONCE]).all(axis=1))
            for start in range(0, len(embeddings), _AT_ONCE)
        ]
        or [np.empty(0, np.int64)]
    )
    rows = usable[np.argsort(subjects[usable], kind="stable")]
    shape = (len(rows), embeddings.shape[1])
    file = None if scratch is None else scratch / f"{name}.npy"
    ready: NDArray[np.float32] = (
        np.empty(shape, np.float32)
        if file is None or not len(rows)
        else new_claimed_array(file, dtype=np.float32, shape=shape)
    )
    for start in range(0, len(rows), _AT_ONCE):
        part = np.asarray(embeddings[rows[start : start + _AT_ONCE]], dtype=np.float32)
        if metric == "cosine":
            part = part / np.maximum(np.linalg.norm(part, axis=1, keepdims=True), np.finfo(np.float32).tiny)
        ready[start : start + len(part)] = part
    if isinstance(ready, np.memmap) and file is not None:
        ready.flush()
        ready = np.load(file, mmap_mode="r")
    return _Side(ready, subjects[rows], rows)


def _mates(searched: _Side, references: _Side, own: NDArray[np.int64], metric: str) -> NDArray[np.float32]:
    """``float32 (Q,)``: the best score of each probe with a reference of its own subject, −inf without one."""
    best = np.full(len(own), -np.inf, dtype=np.float32)
    for place in range(int((own[:, 1] - own[:, 0]).max(initial=0))):
        having = np.flatnonzero(own[:, 0] + place < own[:, 1])
        for start in range(0, len(having), _AT_ONCE):
            rows = having[start : start + _AT_ONCE]
            pairs = searched.embeddings[rows], references.embeddings[own[rows, 0] + place]
            if metric == "cosine":
                scores = np.einsum("ij,ij->i", *pairs)
            else:
                scores = -np.linalg.norm(pairs[0] - pairs[1], axis=1)
            best[rows] = np.maximum(best[rows], scores)
    return best


def _count(
    probes: NDArray[np.float32],
    gallery: NDArray[np.float32],
    own: NDArray[np.int64],
    mates: NDArray[np.float32],
    part: tuple[slice, slice],
    *,
    metric: str,
    tile: int,
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Of each probe of a part: how many references of others score as much as its mate, or more, and the best score."""
    rows, columns = part[0].indices(len(probes)), part[1].indices(len(gallery))
    beaten = np.zeros(rows[1] - rows[0], dtype=np.int64)
    highest = np.full(rows[1] - rows[0], -np.inf, dtype=np.float32)
    bar = np.where(np.isfinite(mates), mates, np.float32(np.inf))  # without a mate there is nothing to count
    for top in range(rows[0], rows[1], tile):
        end = min(top + tile, rows[1])
        of_probes, here = np.asarray(probes[top:end]), slice(top - rows[0], end - rows[0])
        for left in range(columns[0], columns[1], tile):
            right = min(left + tile, columns[1])
            scores = tile_scores(of_probes, np.asarray(gallery[left:right]), metric)
            first, last = np.clip(own[top:end].T - left, 0, right - left)
            for row in np.flatnonzero(first < last):
                scores[row, first[row] : last[row]] = -np.inf
            best = scores.max(axis=1)
            near = np.flatnonzero(best >= bar[top:end])
            beaten[here][near] += np.count_nonzero(scores[near] >= bar[top:end][near, None], axis=1)
            highest[here] = np.maximum(highest[here], best)
    return beaten, highest
