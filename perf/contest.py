"""Several contenders do the same work in turns, each in a process of its own, so that whatever else the machine does
falls on all of them alike; what is compared is the processor time of the same round."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

ROOT = Path(__file__).resolve().parent.parent
_ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


class PerfError(Exception):
    """A benchmark cannot be measured here; the message says why."""


@dataclass(frozen=True)
class Entry:
    """Who takes part.

    Attributes:
        contender: ``module:Class``.
        python: the interpreter; None = this one.
        environment: variables to set.
        tree: the checkout whose code runs; None = this one.
        threads: that numeric libraries may use.
    """

    contender: str
    python: Path | None = None
    environment: Mapping[str, str] = field(default_factory=dict)
    tree: Path = ROOT
    threads: int = 1


@dataclass(frozen=True)
class Outcome:
    """What a contender needed, round by round, and what it gave in the first one.

    Attributes:
        cpu: seconds of processor time of each round.
        wall: seconds of each round.
        peak: MiB, the most that its process ever had.
        outputs: arrays by name.
    """

    cpu: tuple[float, ...]
    wall: tuple[float, ...]
    peak: float
    outputs: Mapping[str, NDArray[Any]]

    @property
    def seconds(self) -> float:
        """Median of the processor time."""
        return statistics.median(self.cpu)

    def times_faster(self, than: Outcome) -> float:
        """Median, over the rounds, of the other's processor time as a multiple of this one's."""
        return statistics.median(other / own for own, other in zip(self.cpu, than.cpu, strict=True))


def contest(entries: Mapping[str, Entry], inputs: Path, *, rounds: int) -> dict[str, Outcome]:
    """Let everybody work once unmeasured, which also fills caches, then in turns; the order changes every round.

    Raises:
        PerfError: a contender failed; with what it printed last.
    """
    with ExitStack() as stack:
        running = {name: stack.enter_context(_Running(name, entry, inputs)) for name, entry in entries.items()}
        for contender in running.values():
            contender.work()
        outputs = {name: contender.saved() for name, contender in running.items()}
        costs: dict[str, list[dict[str, float]]] = {name: [] for name in running}
        for number in range(rounds):
            for name in list(running) if number % 2 == 0 else reversed(running):
                costs[name].append(running[name].work())
    return {
        name: Outcome(
            tuple(cost["cpu"] for cost in of_one),
            tuple(cost["wall"] for cost in of_one),
            max(cost["peak"] for cost in of_one),
            outputs[name],
        )
        for name, of_one in costs.items()
    }


class _Running:
    """The process of one contender."""

    def __init__(self, name: str, entry: Entry, inputs: Path) -> None:
        self._name = name
        environment = {
            **os.environ,
            **dict.fromkeys(_ONE_THREAD, str(entry.threads)),
            "PYTHONPATH": os.pathsep.join(dict.fromkeys([str(entry.tree), str(ROOT)])),
            **entry.environment,
        }
        self._errors = (inputs / f"{name.replace(' ', '-').replace('/', '-')}.log").open("w+")
        self._process = subprocess.Popen(
            [str(entry.python or sys.executable), "-m", "perf.contender", entry.contender, str(inputs)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
            env=environment,
            cwd=inputs,
        )

    def __enter__(self) -> _Running:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.communicate()
        self._errors.close()

    def work(self) -> dict[str, float]:
        cost: dict[str, float] = self._asked("work")
        return cost

    def saved(self) -> dict[str, NDArray[Any]]:
        with np.load(self._asked("save")) as arrays:
            return dict(arrays)

    def _asked(self, word: str) -> Any:
        if self._process.stdin is None or self._process.stdout is None:
            raise AssertionError("opened with pipes")
        try:
            self._process.stdin.write(f"{word}\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            pass  # the process has ended: its answer is empty
        answer = self._process.stdout.readline()
        if not answer:
            self._errors.seek(0)
            lines = self._errors.read().strip().splitlines()
            raise PerfError(f"{self._name} failed: {lines[-1] if lines else 'it printed nothing'}")
        return json.loads(answer)
