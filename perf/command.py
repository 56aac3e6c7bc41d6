"""What one call of the command line costs."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from perf.contest import ROOT, PerfError


@dataclass(frozen=True)
class Cost:
    """Of a command.

    Attributes:
        cpu: seconds of processor time, of all its processes.
        wall: seconds.
    """

    cpu: float
    wall: float


def run_command(arguments: Sequence[str], *, environment: Mapping[str, str] | None = None) -> Cost:
    """Run ``run_benchmark.py`` with these arguments.

    Raises:
        PerfError: it failed; with what it printed last.
    """
    return run_python([str(ROOT / "run_benchmark.py"), *arguments], environment=environment)


def run_python(arguments: Sequence[str], *, environment: Mapping[str, str] | None = None) -> Cost:
    """Run Python with these arguments.

    Raises:
        PerfError: it failed; with what it printed last.
    """
    before, started = os.times(), time.perf_counter()
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=ROOT,
        env={**os.environ, **(environment or {})},
        capture_output=True,
        text=True,
        check=False,
    )
    after = os.times()
    if done.returncode:
        lines = done.stderr.strip().splitlines()
        raise PerfError(f"{' '.join(arguments)}: {lines[-1] if lines else f'status {done.returncode}'}")
    cpu = after.children_user + after.children_system - before.children_user - before.children_system
    return Cost(cpu, time.perf_counter() - started)
