"""How the six counts of errors vary from one sample of people to the next, thresholds included.

A rate is a function of six counts; each count is a sum over subjects or pairs of subjects. Where a threshold is set on
the same people, a sample with more false matches sets it higher: to first order that moves the rejections by
Δrejections/Δmatches along the curve of both, times what the false matches exceed their target by.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmark.verification.dyadic import PairSums, Part, Spread, spread_of
from benchmark.verification.error_rates import ErrorCounts
from benchmark.verification.intervals import FEW_EVENTS, RULE_OF_THREE, share_interval
from benchmark.verification.subject_scores import SubjectScores

Floats = NDArray[np.float64]

_NEAR = 0.5
"""The slope of a curve at a threshold is taken between half of its matches less and half of them more."""
_FEWEST = 10.0
"""…and at least so many."""
BORROWED = 30
"""A design effect is that of so many of the most extreme scores at least."""


@dataclass(frozen=True)
class CountedScores:
    """The scores of one selection of a cell with the tables of all its comparisons, failed ones included.

    Attributes:
        scores: sorted completed scores.
        mated: ``(S,)`` completed mated comparisons of each subject.
        mated_failed: ``(S,)`` failed ones.
        nonmated: planned non-mated comparisons by pair, failed ones included.
        nonmated_failed: failed ones by pair.
    """

    scores: SubjectScores
    mated: Floats
    mated_failed: Floats
    nonmated: PairSums
    nonmated_failed: PairSums

    @property
    def subjects(self) -> int:
        """S."""
        return len(self.mated)

    def accepted(self, count: int) -> PairSums:
        """The `count` highest non-mated scores, by pair."""
        start = len(self.scores.nonmated) - count
        return PairSums.counted(self.scores.reference_subject[start:], self.scores.probe_subject[start:], self.subjects)

    def rejected(self, count: int) -> Floats:
        """The `count` lowest mated scores, by subject."""
        return np.bincount(self.scores.mated_subject[:count], minlength=self.subjects).astype(np.float64)

    def matches_at(self, threshold: float) -> int:
        """Non-mated scores at or above a threshold."""
        below = np.searchsorted(self.scores.nonmated, np.asarray(threshold, self.scores.nonmated.dtype), side="left")
        return len(self.scores.nonmated) - int(below)

    def rejections_at(self, threshold: float) -> int:
        """Mated scores below a threshold."""
        return int(np.searchsorted(self.scores.mated, np.asarray(threshold, self.scores.mated.dtype), side="left"))

    def around(self, matches: int) -> tuple[float, float]:
        """A lower and a higher threshold with some more and some fewer matches than `matches`."""
        ordered = self.scores.nonmated
        step = max(_NEAR * matches, _FEWEST)
        more, fewer = min(matches + step, len(ordered)), max(matches - step, 1.0)
        return float(ordered[len(ordered) - int(more)]), float(ordered[len(ordered) - int(fewer)])


@dataclass(frozen=True)
class ThresholdSetter:
    """Scores that a threshold is set on, close to it.

    Attributes:
        parts: the matches at the threshold, the planned non-mated comparisons and the failed ones.
        share: of the completed non-mated comparisons that match.
        low: a threshold with somewhat more matches.
        high: one with somewhat fewer.
        fewer: matches between the two.
    """

    parts: tuple[Part, Part, Part]
    share: float
    low: float
    high: float
    fewer: int

    @classmethod
    def of(cls, counted: CountedScores, threshold: float) -> ThresholdSetter | None:
        """The threshold that these scores set; None where there are too few to tell how they move it."""
        if not len(counted.scores.nonmated):
            return None
        matches = counted.matches_at(threshold)
        low, high = counted.around(matches)
        fewer = counted.matches_at(low) - counted.matches_at(high)
        if fewer <= 0:
            return None
        parts = (
            Part(pairs=counted.accepted(matches)),
            Part(pairs=counted.nonmated),
            Part(pairs=counted.nonmated_failed),
        )
        return cls(parts, matches / len(counted.scores.nonmated), low, high, fewer)


@dataclass(frozen=True)
class CountSpread:
    """How six counts vary.

    Attributes:
        parts: summands.
        weights: ``(6, K)``: each count, in the order of `ErrorCounts.fields`, as a sum of the parts.
        mated_design: variance of the mated rejections as a multiple of independent ones', of at least `BORROWED` of
            them: for a share of which hardly any was seen.
        nonmated_design: likewise of the matches.
    """

    parts: tuple[Part, ...]
    weights: Floats
    mated_design: float
    nonmated_design: float


def count_spread(own: CountedScores, threshold: float, setter: ThresholdSetter | None, *, matched: bool) -> CountSpread:
    """How a cell's counts at a threshold vary.

    Args:
        own: the cell's scores.
        threshold: accept at or above it.
        setter: what set it; None where it is given.
        matched: whether `setter` is of these very scores.
    """
    matches, rejections = own.matches_at(threshold), own.rejections_at(threshold)
    accepted = setter.parts[0] if setter is not None and matched else Part(pairs=own.accepted(matches))
    parts = [
        Part(subjects=own.mated),
        Part(subjects=own.rejected(rejections)),
        Part(subjects=own.mated_failed),
        Part(pairs=own.nonmated),
        accepted,
        Part(pairs=own.nonmated_failed),
    ]
    weights = np.eye(6)
    weights[3, 5] = -1.0  # completed = planned − failed
    if setter is not None:
        parts += setter.parts
        excess = np.array([1.0, -setter.share, setter.share])  # matches beyond their target
        moved = np.zeros((6, 3))
        moved[1] = (own.rejections_at(setter.high) - own.rejections_at(setter.low)) / setter.fewer * excess
        lost = own.matches_at(setter.low) - own.matches_at(setter.high)
        moved[4] = -(1.0 if matched else lost / setter.fewer) * excess
        weights = np.hstack([weights, moved])
    return CountSpread(tuple(parts), weights, _mated_design(own, rejections), _nonmated_design(own, accepted))


def spread_of_rate(
    rate: Callable[..., Floats], counts: Sequence[ErrorCounts], spreads: Sequence[CountSpread]
) -> Spread:
    """The spread of a function of one or several cells' counts, by its derivatives.

    Args:
        rate: takes `ErrorCounts` of arrays, one for each cell, and gives an array.
        counts: of each cell, scalars or arrays whose first element is the sample.
        spreads: of each cell.
    """
    sample = np.array([[_first(field) for field in one.fields()] for one in counts])
    flat = sample.ravel()
    steps = np.maximum(np.abs(flat), 1.0) * 1e-4
    shifted = np.concatenate([flat + np.diag(steps), flat - np.diag(steps)])
    columns = shifted.reshape(len(shifted), *sample.shape)
    given = [ErrorCounts(*columns[:, cell].T) for cell in range(len(counts))]
    values = np.asarray(rate(*given), dtype=np.float64)
    slopes = (values[: len(flat)] - values[len(flat) :]) / (2 * steps)
    slopes = np.where(np.isfinite(slopes), slopes, 0.0).reshape(sample.shape)
    parts: list[Part] = []
    weights: list[Floats] = []
    for of_cell, spread in zip(slopes, spreads, strict=True):
        parts += spread.parts
        weights.append(of_cell @ spread.weights)
    return spread_of(*_merged(parts, np.concatenate(weights)))


def rate_interval(
    value: float, spread: Spread, counts: ErrorCounts, of: CountSpread, side: str, *, people: int
) -> tuple[float, float] | None:
    """Wilson's interval of a rate that is a share of the comparisons of one side.

    Args:
        value: the rate.
        spread: of the rate, by `spread_of_rate`.
        counts: whose first elements are the sample's.
        of: how they vary.
        side: ``"mated"`` or ``"nonmated"``.
        people: subjects.

    Returns:
        Lower and upper end; None where the rate is not defined.
    """
    number = _first(counts.mated) if side == "mated" else _first(counts.nonmated)
    if not (np.isfinite(value) and number > 0):
        return None
    design = of.mated_design if side == "mated" else of.nonmated_design
    events = number * min(value, 1 - value)
    variance = spread.variance
    if events < FEW_EVENTS:
        variance = max(variance, value * (1 - value) * design / number)
    independent = value * (1 - value)
    size = independent / variance if variance > 0 and independent > 0 else number / design
    return share_interval(value, size, subjects=people)


def min_half_width(spread: Spread, counts: ErrorCounts, of: CountSpread, side: str = "mated") -> float:
    """What the half-width of a difference of shares of the comparisons of one side is at least: with hardly any
    comparison that turned out differently, the rule of three.

    Args:
        spread: of the difference, by `spread_of_rate`.
        counts: whose first elements are the sample's.
        of: how they vary.
        side: ``"mated"`` (failed ones included) or ``"nonmated"`` (completed ones).
    """
    if side == "mated":
        number, design = _first(counts.mated) + _first(counts.mated_failed), of.mated_design
    else:
        number, design = _first(counts.nonmated), of.nonmated_design
    few = spread.variance * number**2 < FEW_EVENTS
    return RULE_OF_THREE * design / number if few and number > 0 else 0.0


def _first(values: Floats) -> float:
    return float(np.ravel(values)[0])


def _merged(parts: Sequence[Part], weights: Floats) -> tuple[list[Part], Floats]:
    """Each part once: cells share the table of their comparisons."""
    known: dict[tuple[int, int], int] = {}
    merged: list[Part] = []
    sums: list[float] = []
    for part, weight in zip(parts, weights, strict=True):
        key = (id(part.subjects), id(part.pairs))
        if key not in known:
            known[key] = len(merged)
            merged.append(part)
            sums.append(0.0)
        sums[known[key]] += float(weight)
    return merged, np.array(sums)


def _mated_design(own: CountedScores, rejections: int) -> float:
    """Variance of a share of the mated comparisons as a multiple of what it would be if they were independent."""
    total = float(own.mated.sum())
    count = min(max(rejections, BORROWED), len(own.scores.mated) // 2)
    if not count or not total:
        return 1.0
    share = count / total
    spread = spread_of([Part(subjects=own.rejected(count)), Part(subjects=own.mated)], np.array([1.0, -share]))
    return max(1.0, spread.variance / (total * share * (1 - share)))


def _nonmated_design(own: CountedScores, accepted: Part) -> float:
    """Likewise of the non-mated comparisons."""
    total = float(len(own.scores.nonmated))
    matches = 0 if accepted.pairs is None else int(accepted.pairs.values.sum())
    if matches < BORROWED:
        matches = min(BORROWED, len(own.scores.nonmated) // 2)
        accepted = Part(pairs=own.accepted(matches))
    if not matches or matches >= total:
        return 1.0
    share = matches / total
    spread = spread_of([accepted, Part(pairs=own.nonmated)], np.array([1.0, -share]))
    return max(1.0, spread.variance / (total * share * (1 - share)))
