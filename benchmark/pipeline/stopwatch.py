"""How long each step of a run takes, and how much memory."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from benchmark.machine.cost import PeakMemory


class Stopwatch:
    """Seconds and memory per step, in the order of the steps.

    Attributes:
        seconds: wall time.
        peak_memory_mib: the most that this process had resident, MiB; that of worker processes is not in it.
    """

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self.peak_memory_mib: dict[str, float] = {}

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Add the time that passes inside to the step `name`."""
        started = time.perf_counter()
        try:
            with PeakMemory() as peak:
                yield
        finally:
            self.peak_memory_mib[name] = max(self.peak_memory_mib.get(name, 0.0), peak.mib)
            self.seconds[name] = self.seconds.get(name, 0.0) + time.perf_counter() - started
