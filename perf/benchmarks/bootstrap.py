"""Intervals by bootstrap over people."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from perf.benchmark import Benchmark
from perf.contest import Entry, contest
from perf.finding import Finding
from perf.settings import Settings

_CELLS = 3


class Bootstrap(Benchmark):
    """1,000 replicates of cells as large as those of LFW's `people-split`."""

    name = "bootstrap"
    summary = "every metric with 1,000 bootstrap replicates, cells of 6.2 million comparisons"

    def measure(self, settings: Settings, folder: Path) -> list[Finding]:
        """A cell; no library draws people."""
        people = settings.sized(1790, 40)
        photos = settings.sized(3521, 80)
        np.save(folder / "size.npy", np.array([people, photos]))
        entries = {"ours": Entry("perf.contenders.bootstrap:Cells")}
        found = contest(entries, folder, rounds=settings.sized(3, 1))["ours"]
        seconds = found.seconds / _CELLS
        return [
            Finding(
                self.name,
                f"1,000 replicates of a cell of {int(found.outputs['comparisons']):,} comparisons, all metrics, "
                "over all and by three mask types",
                "≤ 5 s a cell on two cores",
                f"{seconds:.1f} s a cell on one core, {found.peak:.0f} MiB",
                seconds <= 5,
                check="replicates equal literal resampling (tests/verification/test_replicates.py)",
            )
        ]
