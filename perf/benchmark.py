"""What every benchmark offers."""

from __future__ import annotations

from abc import ABC, abstractmethod
from pathlib import Path
from typing import ClassVar

from perf.contest import PerfError
from perf.finding import Finding
from perf.settings import Settings


class Benchmark(ABC):
    """Measures one stage, alone or beside others who do the same."""

    name: ClassVar[str]
    summary: ClassVar[str]
    """One line for ``--help``."""

    @abstractmethod
    def measure(self, settings: Settings, folder: Path) -> list[Finding]:
        """Measure.

        Args:
            settings: how.
            folder: an empty one for inputs and outputs.

        Raises:
            PerfError: it cannot be measured here, or the outputs differ.
        """


def within(benchmark: str, found: float, most: float, unit: str = "") -> str:
    """A difference in words.

    Raises:
        PerfError: it is larger than it may be.
    """
    if not found <= most:
        raise PerfError(f"{benchmark}: the outputs differ by {found:.3g}{unit}, more than {most:g}{unit}")
    return f"largest difference {found:.1g}{unit}"
