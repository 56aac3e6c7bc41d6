"""The kind of method that combines the scores of several others."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmark.cards import MethodCard
from benchmark.methods.combinations.combination_spec import CombinationSpec, FusionNumbers, GateNumbers
from benchmark.methods.method import Method
from benchmark.model_files import sha256_of

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class MemberScores:
    """The scores of the same comparisons by every member.

    Attributes:
        scores: ``float32 (K, P)``, higher = more alike; NaN where a side failed.
        movements: gives ``float32 (K, P)``: how alike the recogniser finds the probe as the first member shows it and
            as each of them does; known from the probe alone.
    """

    scores: Floats
    movements: Callable[[], Floats]


class Combination(Method):
    """Combines scores. Its file has numbers for each recogniser, which it has thus seen.

    Args:
        file: exists.
        spec: what it says.
        label: as tables call it.
        seed: the run's seed.
        device: a torch device name.
    """

    fitted_to_recogniser = True

    def __init__(self, file: Path, spec: CombinationSpec, *, label: str, seed: int = 0, device: str = "cpu") -> None:
        super().__init__(seed=seed, device=device)
        self.name = label
        self.file_name = file.name
        self.spec = spec
        self.settings = sha256_of(file)
        self._labels: dict[str, str] = {}
        learned = f", learned on {spec.learned_on}" if spec.learned_on else ""
        self.card = MethodCard(
            summary=f"{self._what} {', '.join(spec.members)}{learned}",
            weights_source=file.name,
            sha256=self.settings,
        )

    _what = ""

    @property
    def members(self) -> tuple[str, ...]:
        """The methods that take part, as ``--methods`` names them; ``none`` may be among them."""
        return self.spec.members

    def label_of(self, member: str) -> str:
        """The label of a member, as tables call it."""
        return self._labels.get(member, member)

    def know_members(self, labels: Mapping[str, str], members: Iterable[Method]) -> None:
        """Take over what makes a member no fair method: privileged ones, and what they were trained on.

        Args:
            labels: by member, what tables call it.
            members: the methods, without ``none``.
        """
        self._labels = dict(labels)
        cards = [member.card for member in members]
        seen = tuple(dict.fromkeys(name for card in cards for name in card.trained_on))
        self.card = replace(self.card, privileged=any(card.privileged for card in cards), trained_on=seen)

    def refusal(self, recogniser: str, sha256: str) -> str:
        """Why there are no rows of this recogniser; empty if there are.

        Args:
            recogniser: its label.
            sha256: of its weights.
        """
        numbers = self.spec.recognisers.get(recogniser)
        if numbers is None:
            if self.spec.weights is not None:
                return ""
            known = ", ".join(self.spec.recognisers)
            return f"{self.file_name} has no numbers for {recogniser} (it has: {known}); `fuse` learns them"
        if numbers.sha256 and numbers.sha256 != sha256:
            return f"{self.file_name} was learned with other weights of {recogniser} (SHA-256 {numbers.sha256[:8]}…)"
        return ""

    @abstractmethod
    def needed(self, recogniser: str) -> tuple[int, ...]:
        """The members, by place, without whose scores a comparison fails."""

    @abstractmethod
    def combine(self, recogniser: str, members: MemberScores) -> Floats:
        """One score of each comparison ``float32 (P,)``; NaN where it fails."""


class ScoreFusion(Combination):
    """A weighted sum of scores; a comparison fails where that of any member with a weight fails."""

    _what = "weighted sum of the scores of"

    def needed(self, recogniser: str) -> tuple[int, ...]:
        """Every member with a weight."""
        return tuple(place for place, weight in enumerate(self._numbers(recogniser).weights) if weight)

    def combine(self, recogniser: str, members: MemberScores) -> Floats:
        """See `Combination.combine`."""
        return fused(members.scores, self._numbers(recogniser))

    def _numbers(self, recogniser: str) -> FusionNumbers:
        numbers = self.spec.recognisers.get(recogniser)
        return numbers if isinstance(numbers, FusionNumbers) else FusionNumbers(weights=self.spec.weights or ())


class Gate(Combination):
    """Takes the score of one member, chosen for each probe: of the largest gain that its *movements* predict.

    A member's movement is the score between the probe's own embedding and that which the member gives it. Nothing else
    is looked at, so the choice is made before any reference is known. ``none`` is always a choice: a probe for which no
    member promises more than the margin keeps its own score.
    """

    _what = "for each probe the most promising of"

    def needed(self, recogniser: str) -> tuple[int, ...]:  # noqa: ARG002  # the same for each
        """The first: what it cannot embed, no other is asked about."""
        return (0,)

    def combine(self, recogniser: str, members: MemberScores) -> Floats:
        """See `Combination.combine`."""
        numbers = self.spec.recognisers[recogniser]
        if not isinstance(numbers, GateNumbers):
            raise TypeError(f"{self.file_name}: the numbers of {recogniser} are not a gate's")
        return gated(members, numbers)


def fused(scores: Floats, numbers: FusionNumbers) -> Floats:
    """``offset + Σ weight · score`` of scores ``(K, P)``; a member of weight 0 is not asked, and cannot fail.

    >>> fused(np.float32([[1, 2], [3, np.nan]]), FusionNumbers(weights=(1, 0.5), offset=1)).tolist()
    [3.5, nan]
    """
    total = np.full(scores.shape[1], numbers.offset, dtype=np.float32)
    for weight, of_member in zip(numbers.weights, scores, strict=True):
        if weight:
            total += np.float32(weight) * of_member
    return total


def gated(members: MemberScores, numbers: GateNumbers) -> Floats:
    """The chosen member's score of each comparison, on the common scale."""
    scales, offsets = (np.array(values, dtype=np.float32)[:, None] for values in (numbers.scales, numbers.offsets))
    chosen = choice(members.movements(), numbers)
    scores: Floats = np.take_along_axis(members.scores * scales + offsets, chosen[None], axis=0)[0]
    return scores


def choice(movements: Floats, numbers: GateNumbers) -> NDArray[np.intp]:
    """The member that is chosen, ``(P,)``, by movements ``(K, P)``; one whose movement is not known is not chosen.

    >>> numbers = GateNumbers(scales=(1, 1), offsets=(0, 0), gains=((0, 0), (0.5, -1)), margin=0.1)
    >>> choice(np.float32([[1, 1, 1], [0.2, 0.9, np.nan]]), numbers).tolist()
    [1, 0, 0]
    """
    features = np.concatenate([np.ones_like(movements[:1]), np.nan_to_num(movements[1:])])
    gains = np.array(numbers.gains, dtype=np.float32) @ features
    gains[1:] = np.where(np.isfinite(movements[1:]) & (gains[1:] > numbers.margin), gains[1:], -np.inf)
    gains[0] = 0
    return np.asarray(gains.argmax(axis=0))
