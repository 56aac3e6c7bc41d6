"""Variance of sums over people and over pairs of people, two of which are dependent where they share a person.

A mated comparison belongs to one subject, a non-mated one to two. An estimate that is linear in both,
θ̂ − θ ≈ Σ_i u_i + Σ_{i<j} e_ij, has the dyadic cluster-robust variance

    V = Σ_i A_i² − Σ_{i<j} e_ij²,  A_i = u_i + Σ_j e_ij

(Aronow, Samii and Assenova, *Cluster-robust variance estimation for dyadic data*, Political Analysis 23(4), 2015; for
error rates of recognisers Fogliato et al., *Confidence intervals for error rates in 1:1 matching tasks*, IJCV,
2024).
The bootstrap over subjects, whose pairs have weight c_i·c_j, has Σ_i A_i² + Σ_{i<j} e_ij² instead: where pairs of one
person have nothing in common that is three times as much.
"""

from __future__ import annotations

from collections.abc import MutableMapping, Sequence
from dataclasses import dataclass, field
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class PairSums:
    """A number for each pair of subjects; pairs that are not named have 0.

    Attributes:
        codes: ``int64 (K,)``, ascending, each once: i · S + j of the subjects i < j.
        values: ``float64 (K,)``.
        touching: ``float64 (S,)``, the sum over all pairs of each subject.
    """

    codes: NDArray[np.int64]
    values: Floats
    touching: Floats
    _products: MutableMapping[PairSums, float] = field(default_factory=WeakKeyDictionary, repr=False)
    """What `dot` gave before: every rate of a cell asks for the same products."""

    @classmethod
    def counted(cls, one: NDArray[np.integer], other: NDArray[np.integer], subjects: int) -> PairSums:
        """How many comparisons each pair of subjects has.

        Args:
            one: ``(N,)``, a subject of each comparison.
            other: ``(N,)``, the other one.
            subjects: S.

        >>> PairSums.counted(np.array([0, 1, 2]), np.array([1, 0, 1]), 3).values.tolist()
        [2.0, 1.0]
        """
        first, second = np.minimum(one, other).astype(np.int64), np.maximum(one, other).astype(np.int64)
        codes, counts = np.unique(first * subjects + second, return_counts=True)
        touching = np.bincount(first, minlength=subjects) + np.bincount(second, minlength=subjects)
        return cls(codes, counts.astype(np.float64), touching.astype(np.float64))

    def weighed(self, places: NDArray[np.integer], values: Floats, subjects: int) -> PairSums:
        """Other numbers for the same pairs: the sum of `values` of the comparisons of each.

        Args:
            places: ``(N,)``, for each comparison the index of its pair in `codes`.
            values: ``(N,)``.
            subjects: S.
        """
        sums: Floats = np.bincount(places, weights=values, minlength=len(self.codes)).astype(np.float64)
        first, second = np.divmod(self.codes, subjects)
        touching = np.bincount(first, sums, subjects) + np.bincount(second, sums, subjects)
        return PairSums(self.codes, sums, touching.astype(np.float64))

    def dot(self, other: PairSums) -> float:
        """Σ over the pairs of the product of both numbers."""
        if self.codes is other.codes:
            return float(self.values @ other.values)
        short, long = (self, other) if len(self.codes) <= len(other.codes) else (other, self)
        if not len(short.codes):
            return 0.0
        if long not in short._products:
            place = np.minimum(np.searchsorted(long.codes, short.codes), len(long.codes) - 1)
            found = long.codes[place] == short.codes
            short._products[long] = float(short.values[found] @ long.values[place[found]])
        return short._products[long]


@dataclass(frozen=True)
class Part:
    """Something that is summed over subjects, over pairs of them, or both.

    Attributes:
        subjects: ``float64 (S,)``; None = nothing belongs to single subjects.
        pairs: by pair; None = nothing belongs to pairs.
    """

    subjects: Floats | None = None
    pairs: PairSums | None = None

    @property
    def by_subject(self) -> Floats:
        """``(S,)``: A_i, all that a subject takes part in."""
        if self.pairs is None:
            if self.subjects is None:
                raise AssertionError("a part of nothing")
            return self.subjects
        return self.pairs.touching if self.subjects is None else self.subjects + self.pairs.touching


@dataclass(frozen=True)
class Spread:
    """The two terms of a linear estimate's variance.

    Attributes:
        people: Σ_i A_i².
        pairs: Σ_{i<j} e_ij².
    """

    people: float
    pairs: float

    @property
    def variance(self) -> float:
        """The dyadic variance. Chance between single pairs is its least: an estimate below that is noise."""
        return max(self.people - self.pairs, self.pairs)

    @property
    def shrinkage(self) -> float:
        """By what factor replicates of the bootstrap over subjects are to be brought nearer to the estimate."""
        drawn = self.people + self.pairs
        return float(np.sqrt(self.variance / drawn)) if drawn > 0 else 1.0


def spread_of(parts: Sequence[Part], weights: Floats) -> Spread:
    """The spread of Σ_k weights[k] · parts[k].

    Args:
        parts: K summands; each a sum over subjects and pairs.
        weights: ``(K,)``, the derivative of the estimate by each sum.

    >>> part = Part(subjects=np.array([1.0, -1.0]))
    >>> spread_of([part], np.array([0.5])).variance
    0.5
    """
    used = np.flatnonzero(weights)
    if not len(used):
        return Spread(0.0, 0.0)
    chosen = [parts[int(index)] for index in used]
    by_subject = weights[used] @ np.stack([part.by_subject for part in chosen])
    pairs = 0.0
    for index, part in enumerate(chosen):
        for other_index, other in enumerate(chosen[: index + 1]):
            if part.pairs is None or other.pairs is None:
                continue
            product = weights[used[index]] * weights[used[other_index]] * part.pairs.dot(other.pairs)
            pairs += product if index == other_index else 2 * product
    return Spread(float(by_subject @ by_subject), max(pairs, 0.0))


def effective_size(clusters: NDArray[np.number]) -> float:
    """How many independent observations those of clusters are worth at least, if within one all are the same.

    Kish, *Survey Sampling*, 1965: (Σ m)² / Σ m².

    >>> effective_size(np.array([2, 2, 0, 2]))
    3.0
    """
    sizes = np.asarray(clusters, dtype=np.float64)
    squares = float(sizes @ sizes)
    return float(sizes.sum() ** 2 / squares) if squares else 0.0
