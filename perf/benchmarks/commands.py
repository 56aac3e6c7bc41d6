"""Whole commands, as a user starts them."""

from __future__ import annotations

import shutil
import statistics
import sys
from collections.abc import Mapping
from pathlib import Path

from perf.benchmark import Benchmark
from perf.command import run_command, run_python
from perf.contest import ROOT
from perf.finding import Finding
from perf.machine import AVX2_ONLY
from perf.settings import Settings

_ISSUE_2 = (
    "residual-regressor,paired-gan,gan-prior,glcic,co-mod-gan,two-stage-gan,identity-completer,mask-the-reference"
)
_COLD, _WARM = "cold", "warm"
_ONE_THREAD = {"OMP_NUM_THREADS": "1"}


class DefaultRun(Benchmark):
    """``--methods all`` without a cache, then from it, on a processor without bfloat16 or AVX-512."""

    name = "default-run"
    summary = "the default run, cold and warm, with AVX2 only"

    def measure(self, settings: Settings, folder: Path) -> list[Finding]:
        """Once cold; warm as often as there are rounds."""
        few = ["--limit", "12", "--methods", "none,telea"] if settings.quick else ["--methods", "all"]
        return _cold_and_warm(
            self.name, "default run, AVX2 only", few, settings, folder, goals=(300.0, 10.0), environment=AVX2_ONLY
        )


class View2(Benchmark):
    """LFW's official pairs with eight methods, with all instructions that the processor has."""

    name = "view2"
    summary = "LFW view2 with eight methods, cold and warm; needs --lfw DIR"

    def measure(self, settings: Settings, folder: Path) -> list[Finding]:
        """Once cold; warm as often as there are rounds."""
        if settings.lfw is None:
            print("view2: left out; name LFW's folder with --lfw", file=sys.stderr)
            return []
        chosen = ["--dataset", "lfw", "--data-root", str(settings.lfw), "--methods", _ISSUE_2, "--recognisers"]
        chosen += ["face_recognition", "--size", "128", *(["--limit", "40"] if settings.quick else [])]
        return _cold_and_warm(
            self.name, "LFW view2, 128 px, 8 methods", chosen, settings, folder, goals=(900.0, 15.0), environment={}
        )


class StartUp(Benchmark):
    """What a user waits for before anything begins."""

    name = "start-up"
    summary = "--help, list and compare, in processor time"

    def measure(self, settings: Settings, folder: Path) -> list[Finding]:
        """Medians over the rounds."""
        rows = [self._compare(settings, folder)]
        for arguments in (["--help"], ["list"]):
            costs = [run_command(arguments, environment=_ONE_THREAD) for _ in range(settings.rounds)]
            seconds = statistics.median(cost.cpu for cost in costs)
            called = f"`run_benchmark.py {arguments[0]}`"
            rows.append(Finding(self.name, called, "≤ 0.5 s of processor time", f"{seconds:.2f} s", seconds <= 0.5))
        return rows

    def _compare(self, settings: Settings, folder: Path) -> Finding:
        """Two runs without scores, against the import of the library that reads their tables."""
        one, other = ROOT / "reports" / "example", folder / "other"
        shutil.copytree(one, other)
        arguments = ["compare", str(one), str(other), "--out", str(folder / "compared")]
        rounds = [
            (run_command(arguments, environment=_ONE_THREAD), run_python(["-c", "import pandas"]))
            for _ in range(settings.rounds)
        ]
        seconds, imported = (statistics.median(cost.cpu for cost in costs) for costs in zip(*rounds, strict=True))
        return Finding(
            self.name,
            "`run_benchmark.py compare` of two runs without scores",
            "≤ pandas + 0.8 s of processor time",
            f"{seconds:.2f} s; importing pandas {imported:.2f} s",
            seconds <= imported + 0.8,
        )


def _cold_and_warm(
    name: str,
    stage: str,
    chosen: list[str],
    settings: Settings,
    folder: Path,
    *,
    goals: tuple[float, float],
    environment: Mapping[str, str],
) -> list[Finding]:
    cache = folder / "cache"
    rows = []
    # most of a cold run is divided among the cores, while a run from the cache works in one process
    for state, goal, rounds, cores in ((_COLD, goals[0], 1, 2), (_WARM, goals[1], max(1, settings.rounds // 2), 1)):
        costs = [
            run_command(
                [*chosen, "--quiet", "--overwrite", "--cache", str(cache), "--out", str(folder / "run")],
                environment=environment,
            )
            for _ in range(rounds)
        ]
        cpu, wall = (statistics.median(getattr(cost, kind) for cost in costs) for kind in ("cpu", "wall"))
        rows.append(
            Finding(
                name,
                f"{stage}, {state}",
                f"≤ {goal:g} s on two cores",
                f"{cpu:.0f} s of processor time ({wall:.0f} s by the clock, beside other load)",
                cpu / cores <= goal,  # what it takes at best; that the clock shows it, only an idle machine can prove
                check="half of its processor time decides" if cores > 1 else "its processor time decides",
            )
        )
    return rows
