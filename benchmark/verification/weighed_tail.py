"""The highest non-mated scores with their weights in many replicates at once.

The weight of a comparison in a replicate is the product of how often its two subjects were drawn. To find a threshold,
or to count what lies above one, only sums of weights from the best score down are needed: they are kept at the ends of
blocks of comparisons, for all replicates together, and within a block they are added up where something is asked.
The numbers of draws are small, so that bytes hold them and their products: 16 to 64 of them are multiplied at once.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from benchmark.verification.subject_scores import SubjectScores

_SHORTEST_BLOCK = 64
"""Comparisons whose weights, at most 255 each, add up to a 16-bit number."""
_BLOCKS = 4096
"""At most: bounds the memory at this many times the replicates, 8 bytes each."""
_AT_ONCE = 256
"""Comparisons that are multiplied at once: their draws stay in the processor's cache."""


class WeighedTail:
    """The highest non-mated scores of a cell, best first.

    Args:
        scores: of the cell.
        draws: ``int32 (R, S)``, how often each of R replicates drew each subject.
        length: how many scores; all of them where there are fewer.

    Attributes:
        descending: ``(L,)``, the scores.
        weight: ``int64 (R,)``, of all of them together.
    """

    def __init__(self, scores: SubjectScores, draws: NDArray[np.int32], length: int) -> None:
        start = max(len(scores.nonmated) - length, 0)
        self.descending = np.ascontiguousarray(scores.nonmated[start:][::-1])
        self._negated = -self.descending
        count = len(self.descending)
        self._block = _SHORTEST_BLOCK * max(1, -(-count // (_BLOCKS * _SHORTEST_BLOCK)))
        blocks = -(-count // self._block)
        # the last block is filled up with comparisons of somebody who is never drawn
        nobody = draws.shape[1]
        self._reference = np.full(blocks * self._block, nobody, dtype=np.intp)
        self._reference[:count] = scores.reference_subject[start:][::-1]
        self._probe = np.full(blocks * self._block, nobody, dtype=np.intp)
        self._probe[:count] = scores.probe_subject[start:][::-1]
        self._draws = np.concatenate([draws, np.zeros((len(draws), 1), draws.dtype)], axis=1)
        most = int(draws.max(initial=0)) ** 2
        small: type[np.unsignedinteger] = np.uint8 if most <= 0xFF else np.uint16 if most <= 0xFFFF else np.uint32
        self._by_subject = np.ascontiguousarray(self._draws.T.astype(small))
        self._before = self._sums_before(blocks)
        self.weight = self._before[-1]

    def last_within(self, allowed: NDArray[np.floating]) -> NDArray[np.intp]:
        """For each replicate and number ``(R, T)``: how many of the best scores weigh at most so much together.

        Where that is the whole tail, the answer is one score less.
        """
        found = np.empty(allowed.shape, dtype=np.intp)
        rows = np.arange(len(allowed))
        for column, most in enumerate(allowed.T):
            block = np.minimum((self._before[1:] <= most).sum(axis=0), len(self._before) - 2)
            within = np.cumsum(self._weights(block, rows), axis=1, dtype=np.int64)
            within += self._before[block, rows][:, None]
            found[:, column] = block * self._block + (within <= most[:, None]).sum(axis=1)
        return np.minimum(found, len(self.descending) - 1)

    def accepted(self, counts: NDArray[np.integer], rows: NDArray[np.intp]) -> NDArray[np.int64]:
        """Weight of the best scores, as many as `counts` ``(K, T)`` says, in the replicates `rows` ``(K,)``."""
        found = np.empty(counts.shape, dtype=np.int64)
        order = np.arange(self._block)
        for column, count in enumerate(counts.T):
            block = np.minimum(count // self._block, len(self._before) - 2)
            asked = order < (count - block * self._block)[:, None]
            found[:, column] = self._before[block, rows] + (self._weights(block, rows) * asked).sum(axis=1)
        return found

    def accepted_in_each(self, counts: NDArray[np.integer]) -> NDArray[np.int64]:
        """``(R, K)``: weight of the best scores, as many as `counts` ``(K,)`` says, in every replicate."""
        found = np.empty((len(counts), len(self._draws)), dtype=np.int64)
        for place, count in enumerate(counts.tolist()):
            block = min(count // self._block, len(self._before) - 2)
            part = slice(block * self._block, count)
            weights = self._by_subject[self._reference[part]] * self._by_subject[self._probe[part]]
            np.add(self._before[block], np.add.reduce(weights, axis=0, dtype=np.int64), out=found[place])
        return found.T

    def above(self, scores: NDArray[np.floating]) -> NDArray[np.int64]:
        """How many scores exceed each of `scores`."""
        return np.searchsorted(self._negated, -scores.astype(self._negated.dtype), side="left")

    def reaching(self, scores: NDArray[np.floating]) -> NDArray[np.int64]:
        """How many scores are at least each of `scores`."""
        return np.searchsorted(self._negated, -scores.astype(self._negated.dtype), side="right")

    def _sums_before(self, blocks: int) -> NDArray[np.int64]:
        """``(blocks + 1, R)``: weight of the scores before each block; there is at least one block."""
        by_subject = self._by_subject
        sum_type = np.uint16 if by_subject.dtype == np.uint8 else np.uint64
        sums = np.zeros((max(blocks, 1) + 1, len(self._draws)), dtype=np.int64)
        for start in range(0, len(self._reference), _AT_ONCE):
            part = slice(start, start + _AT_ONCE)
            weights = by_subject[self._reference[part]]
            weights *= by_subject[self._probe[part]]
            groups = np.add.reduce(weights.reshape(-1, _SHORTEST_BLOCK, len(self._draws)), axis=1, dtype=sum_type)
            for place, group in enumerate(groups):
                sums[(start + place * _SHORTEST_BLOCK) // self._block + 1] += group
        before: NDArray[np.int64] = np.cumsum(sums, axis=0)
        return before

    def _weights(self, block: NDArray[np.intp], rows: NDArray[np.intp]) -> NDArray[np.int64]:
        """``(K, block)``: weights of the comparisons of one block for each of the replicates `rows`."""
        if not len(self._reference):
            return np.zeros((len(rows), self._block), dtype=np.int64)
        places = (block * self._block)[:, None] + np.arange(self._block)
        replicate = rows[:, None]
        reference, probe = self._reference[places], self._probe[places]
        weights: NDArray[np.int64] = self._draws[replicate, reference].astype(np.int64)
        weights *= self._draws[replicate, probe]
        return weights
