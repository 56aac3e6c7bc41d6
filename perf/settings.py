"""What the command line says to every benchmark."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Settings:
    """How to measure.

    Attributes:
        cache: where inputs and the environment of reference libraries are kept.
        rounds: measured rounds of each contender.
        quick: tiny inputs, to see that everything works; the figures mean nothing.
        photos: a folder of photographs to measure with; None = synthetic people.
        lfw: LFW's folder; None = what needs it is left out.
        against: a revision of this repository that training is compared with; None = that is left out.
    """

    cache: Path
    rounds: int = 5
    quick: bool = False
    photos: Path | None = None
    lfw: Path | None = None
    against: str | None = None

    def sized(self, full: int, quick: int) -> int:
        """How many of something to measure with."""
        return quick if self.quick else full
