"""Learns the numbers of a fusion or a gate for one recogniser, from the scores of validation people."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from benchmark.errors import RequestError
from benchmark.methods.combinations.combination import MemberScores, fused, gated
from benchmark.methods.combinations.combination_spec import FusionNumbers, GateNumbers
from benchmark.verification.thresholds import support_of, threshold_at

Floats = NDArray[np.float32]
Numbers = TypeVar("Numbers", FusionNumbers, GateNumbers)

MOST_MEMBERS = 5
"""Of a fusion: all shares of weight in tenths are tried, a thousand for five members."""
_TENTHS = 10
HARM_ALLOWED = 0.01
"""A combination that costs bare probes more than this, at any target, is not chosen."""
_TAILS = (0.1, 0.001)
"""False match rates at which a gate's members are given the same scores."""
_RIDGE = 1e-3
_MARGINS = (0.0, 0.1, 0.25, 0.5, 1.0, 2.0)
"""Of a gate, in standard deviations of the gains: the least promise for which ``none`` is left."""


@dataclass(frozen=True)
class LearningScores:
    """The same comparisons by every member.

    Attributes:
        members: their scores; the first member leaves the probe as it is.
        mated: ``bool (P,)``.
        probe: ``int (P,)``, the probe of each comparison.
    """

    members: MemberScores
    mated: NDArray[np.bool_]
    probe: NDArray[np.integer]


@dataclass(frozen=True)
class Learned:
    """What was learned, and what it does to the people it was learned on.

    Attributes:
        numbers: of the combination.
        gfrr: by target: GFRR at matched thresholds of masked probes as they are, and combined.
        harm: by target: GFRR added to bare probes, each at the threshold set on bare probes.
    """

    numbers: FusionNumbers | GateNumbers
    gfrr: dict[float, tuple[float, float]]
    harm: dict[float, float]


def learn_fusion(masked: LearningScores, bare: LearningScores, targets: Sequence[float]) -> Learned:
    """Weights, none below 0, with the lowest GFRR of masked probes, averaged over the targets relative to no method.

    Scores are brought to one scale first; then every way to hand out ten tenths of weight is tried. One that costs bare
    probes more than `HARM_ALLOWED` is passed over. The result is moved to the scale of the first member's scores.

    Raises:
        RequestError: too many members, or too few comparisons.
    """
    count = len(masked.members.scores)
    if count > MOST_MEMBERS:
        raise RequestError(f"a fusion is learned of {MOST_MEMBERS} members at most, and {count} are named")
    spread = np.array([_spread(scores) for scores in bare.members.scores])

    def numbers_of(tenths: tuple[int, ...]) -> FusionNumbers:
        weights = np.array(tenths) / _TENTHS / spread
        return FusionNumbers(weights=tuple(weights.tolist()))

    def combine(part: LearningScores, numbers: FusionNumbers) -> Floats:
        return fused(part.members.scores, numbers)

    trial = _Trial(masked, bare, targets, combine)
    chosen, found = trial.best(numbers_of(tenths) for tenths in _shares(count))
    scale, offset = _aligned(fused(bare.members.scores, chosen), bare.members.scores[0], ~bare.mated)
    weights = tuple(float(f"{weight * scale:.6g}") for weight in chosen.weights)
    return Learned(FusionNumbers(weights=weights, offset=float(f"{offset:.6g}")), *found)


def learn_gate(masked: LearningScores, bare: LearningScores, targets: Sequence[float]) -> Learned:
    """Scales that give the members' strangers the same scores, gains by ridge regression, and a margin.

    What is predicted is by how much a member raises a probe's mean mated score, on the common scale, from its
    movements; masked and bare probes teach alike. The margin is chosen as the weights of a fusion are.

    Raises:
        RequestError: too few comparisons.
    """
    strangers = np.concatenate([~masked.mated, ~bare.mated])
    both = np.concatenate([masked.members.scores, bare.members.scores], axis=1)
    aligned = [(1.0, 0.0), *(_aligned(scores, both[0], strangers) for scores in both[1:])]
    scales, offsets = (np.array(values, dtype=np.float32) for values in zip(*aligned, strict=True))
    parts = [_by_probe(part, scales, offsets) for part in (masked, bare)]
    features = np.concatenate([moved for moved, _ in parts], axis=1)
    gains = np.concatenate([gained for _, gained in parts], axis=1)
    rows = [np.zeros(len(features))]
    rows += [_ridge(features, gains[place]) for place in range(1, len(features))]
    coefficients = tuple(tuple(float(f"{value:.6g}") for value in row) for row in rows)
    unit = float(np.nanstd(gains[1:]))

    def numbers_of(margin: float) -> GateNumbers:
        return GateNumbers(
            scales=tuple(float(f"{value:.6g}") for value in scales),
            offsets=tuple(float(f"{value:.6g}") for value in offsets),
            gains=coefficients,
            margin=float(f"{margin * unit:.6g}"),
        )

    def combine(part: LearningScores, numbers: GateNumbers) -> Floats:
        return gated(part.members, numbers)

    trial = _Trial(masked, bare, targets, combine)
    never = GateNumbers(
        scales=tuple(map(float, scales)), offsets=tuple(map(float, offsets)), gains=coefficients, margin=1e30
    )
    chosen, found = trial.best([never, *map(numbers_of, _MARGINS)])
    return Learned(chosen, *found)


class _Trial(Generic[Numbers]):
    """Tries numbers on masked and bare probes."""

    def __init__(
        self,
        masked: LearningScores,
        bare: LearningScores,
        targets: Sequence[float],
        combine: Callable[[LearningScores, Numbers], Floats],
    ) -> None:
        self._masked = masked
        self._bare = bare
        self._combine: Callable[[LearningScores, Numbers], Floats] = combine
        strangers = min(int((~part.mated).sum()) for part in (masked, bare))
        self._targets = [target for target in targets if support_of(target, strangers).verdict != "refused"]
        if not self._targets or not masked.mated.any() or not bare.mated.any():
            raise RequestError(
                f"too few comparisons to learn from ({int(masked.mated.sum())} mated, {strangers} non-mated): raise "
                "--limit or --passthrough, or ask for higher --targets"
            )
        self._before = [self._gfrr(masked, masked.members.scores[0]), self._gfrr(bare, bare.members.scores[0])]

    def best(
        self, candidates: Iterator[Numbers] | Sequence[Numbers]
    ) -> tuple[Numbers, tuple[dict[float, tuple[float, float]], dict[float, float]]]:
        """The numbers of the lowest cost, and what they do; see `Learned`."""
        chosen: tuple[float, Numbers, list[float], list[float]] | None = None
        for numbers in candidates:
            masked = self._gfrr(self._masked, self._combine(self._masked, numbers))
            if chosen is not None and self._cost(masked) >= chosen[0]:
                continue
            bare = self._gfrr(self._bare, self._combine(self._bare, numbers))
            if max(now - before for now, before in zip(bare, self._before[1], strict=True)) <= HARM_ALLOWED:
                chosen = self._cost(masked), numbers, masked, bare
        if chosen is None:
            raise RequestError(
                f"every combination costs people without a mask more than {HARM_ALLOWED:.0%}; name other members, with "
                "'none' among them"
            )
        _, numbers, masked, bare = chosen
        gfrr = dict(zip(self._targets, zip(self._before[0], masked, strict=True), strict=True))
        harm = {target: now - before for target, now, before in zip(self._targets, bare, self._before[1], strict=True)}
        return numbers, (gfrr, harm)

    def _cost(self, gfrr: list[float]) -> float:
        """Relative to no method, averaged over the targets."""
        least = 1e-4
        pairs = zip(gfrr, self._before[0], strict=True)
        return float(np.mean([max(now, least) / max(before, least) for now, before in pairs]))

    def _gfrr(self, part: LearningScores, scores: Floats) -> list[float]:
        """At each target's own threshold; a comparison that failed is rejected."""
        rejected = []
        mated = scores[part.mated]
        for target in self._targets:
            threshold = threshold_at(scores[~part.mated], target)
            accepted = 0 if threshold is None else np.count_nonzero(mated >= threshold)
            rejected.append(1 - float(accepted) / len(mated))
        return rejected


def _shares(count: int) -> Iterator[tuple[int, ...]]:
    """Every way to hand out ten tenths, that with all of them for the first member at the beginning.

    >>> list(_shares(2))[:3], len(list(_shares(3)))
    ([(10, 0), (9, 1), (8, 2)], 66)
    """
    found = []
    for bars in combinations(range(_TENTHS + count - 1), count - 1):
        edges = (-1, *bars, _TENTHS + count - 1)
        found.append(tuple(right - left - 1 for left, right in pairwise(edges)))
    return iter(sorted(found, reverse=True))


def _spread(scores: Floats) -> float:
    spread = float(np.nanstd(scores))
    if not spread > 0:
        raise RequestError("a member gives all comparisons the same score; leave it out")
    return spread


def _aligned(scores: Floats, onto: Floats, strangers: NDArray[np.bool_]) -> tuple[float, float]:
    """Scale and offset that bring the non-mated scores to those of another method at both `_TAILS`."""
    own = np.nanquantile(scores[strangers].astype(np.float64), [1 - rate for rate in _TAILS])
    wanted = np.nanquantile(onto[strangers].astype(np.float64), [1 - rate for rate in _TAILS])
    if not own[1] > own[0]:
        raise RequestError("a member gives strangers all the same score; leave it out")
    scale = float((wanted[1] - wanted[0]) / (own[1] - own[0]))
    return scale, float(wanted[0] - scale * own[0])


def _by_probe(part: LearningScores, scales: Floats, offsets: Floats) -> tuple[Floats, Floats]:
    """Features ``(K, N)`` and gains ``(K, N)`` of each of N probes with a mated comparison."""
    mated = np.flatnonzero(part.mated)
    probes, first, inverse = np.unique(part.probe[mated], return_index=True, return_inverse=True)
    scores = part.members.scores[:, mated] * scales[:, None] + offsets[:, None]
    known = np.isfinite(scores).all(axis=0)
    counts = np.bincount(inverse[known], minlength=len(probes)).astype(np.float64)
    sums = np.stack([np.bincount(inverse[known], row[known], minlength=len(probes)) for row in scores])
    with np.errstate(invalid="ignore", divide="ignore"):
        means = np.asarray(sums / counts)
    moved = part.members.movements()[:, mated[first]]
    features = np.concatenate([np.ones_like(moved[:1]), moved[1:]])
    return features, np.asarray(means - means[0], dtype=np.float32)


def _ridge(features: Floats, gains: Floats) -> NDArray[np.float64]:
    """Coefficients of the features ``(K, N)``, the constant not held back."""
    known = np.isfinite(features).all(axis=0) & np.isfinite(gains)
    if known.sum() <= 2 * len(features):
        raise RequestError(f"only {known.sum()} probes to learn a gate from; raise --limit")
    rows, wanted = features[:, known].astype(np.float64), gains[known].astype(np.float64)
    held = np.diag([0.0, *[_RIDGE * known.sum()] * (len(features) - 1)])
    return np.asarray(np.linalg.solve(rows @ rows.T + held, rows @ wanted))
