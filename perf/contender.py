"""A piece of work that is measured, and the process that does it.

    python -m perf.contender MODULE:CLASS INPUTS

The process loads what it needs, then reads one word at a time from its standard input: ``work`` does the work once and
answers with what it cost, ``save`` stores what the last work gave and answers with the file. Loading is never measured.
"""

from __future__ import annotations

import importlib
import json
import resource
import sys
import time
from abc import ABC, abstractmethod
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

Outputs = Mapping[str, Any]
"""Arrays by name; perhaps `COST`, too."""
COST = "processor seconds"
"""Under this name a work that has parts which are not to be measured says what the rest of it cost."""
_UNIT = 1 if sys.platform == "darwin" else 1024


class Contender(ABC):
    """Does one piece of work, again and again.

    Args:
        inputs: the folder of the benchmark's inputs; everything that need not be measured is read here.
    """

    def __init__(self, inputs: Path) -> None:
        self.inputs = inputs

    @abstractmethod
    def work(self) -> Outputs:
        """Do the work once."""

    def outputs(self, found: Outputs) -> Outputs:
        """What is compared with the others' outputs; `found` is what `work` returned. Not measured."""
        return found


def processor_seconds() -> float:
    """User and system time of this process, and of the processes that it started and that have ended."""
    own, children = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime


def peak_mebibytes() -> float:
    """The most memory that this process, or one that it started, had resident at any time."""
    own, children = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    most = own.ru_maxrss * _UNIT
    with suppress(OSError, StopIteration):  # Linux counts for the first what the parent had before
        lines = Path("/proc/self/status").read_text("ascii").splitlines()
        most = next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM"))
    return max(most, children.ru_maxrss * _UNIT) / 1024 / 1024


def main() -> None:
    """Load the contender that the command line names, and do as told."""
    answers, sys.stdout = sys.stdout, sys.stderr  # what libraries print must not be taken for an answer
    module, _, name = sys.argv[1].partition(":")
    contender: Contender = getattr(importlib.import_module(module), name)(Path(sys.argv[2]))
    outputs: Outputs = {}
    for line in sys.stdin:
        if line.strip() == "work":
            started, wall = processor_seconds(), time.perf_counter()
            outputs = contender.work()
            cpu = float(outputs.get(COST, processor_seconds() - started))
            cost = {"cpu": cpu, "wall": time.perf_counter() - wall, "peak": peak_mebibytes()}
            print(json.dumps(cost), file=answers, flush=True)
        else:
            file = Path(sys.argv[2]) / f"{module.rpartition('.')[2]}-{name}.npz"
            np.savez(file, **{key: np.asarray(value) for key, value in contender.outputs(outputs).items()})
            print(json.dumps(str(file)), file=answers, flush=True)


if __name__ == "__main__":
    main()
