"""Runs the command line in a forked process that has imported everything, and stops it where that is asked.

A fork saves the seconds that imports take; what is killed is a process of its own all the same. Needs Linux.
"""

from __future__ import annotations

import os
import re
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from benchmark.cli.main import main

_FILE_EVENTS = frozenset({"open", "os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.truncate", "shutil.rmtree"})
"""CPython's audit events of file operations (docs.python.org/3/library/audit_events.html)."""
_CRASHED = 70
_SECONDS_FOR_WORKERS = 15.0


@dataclass(frozen=True)
class Stop:
    """When a process is stopped, and by what.

    Attributes:
        signal: SIGKILL or SIGTERM.
        after_seconds: since it began; 0 = not by the clock.
        before_event: the process kills itself before this file operation below `folder`, counted from 1; 0 = none.
        folder: only file operations below it count.
    """

    signal: signal.Signals
    after_seconds: float = 0.0
    before_event: int = 0
    folder: str = ""


@dataclass(frozen=True)
class Ended:
    """How a process ended.

    Attributes:
        status: its exit status; negative, the signal that killed it.
        output: of stdout.
        errors: of stderr.
        seconds: that it took.
        events: file operations below the folder of `Stop`.
        left_alive: processes of its group that still run some seconds later.
    """

    status: int
    output: str
    errors: str
    seconds: float
    events: int
    left_alive: tuple[int, ...]

    @property
    def last_line(self) -> str:
        """Of stderr."""
        lines = [line for line in re.split(r"[\r\n]+", self.errors) if line.strip()]
        return lines[-1] if lines else ""


def import_everything() -> None:
    """Import what a run, a page and a training need, so that no fork has to."""
    import benchmark.acquisition.face_detectors.mtcnn
    import benchmark.api.comparison
    import benchmark.masking.export
    import benchmark.pipeline.run
    import benchmark.pipeline.train_method
    import benchmark.plugins
    import benchmark.reporting.write_run

    for registry in benchmark.plugins.KINDS.values():
        registry.names()


def run_program(
    arguments: Sequence[str],
    *,
    stop: Stop | None = None,
    watched: Path | None = None,
    environment: Mapping[str, str] | None = None,
    limit: float = 900.0,
) -> Ended:
    """Run the command line in a process of its own.

    Args:
        arguments: of the command line, without the program's name.
        stop: when it is stopped; None = never.
        watched: where file operations are counted.
        environment: variables besides those of this process.
        limit: seconds after which it counts as hanging and is killed.
    """
    with tempfile.TemporaryDirectory(prefix="campaign-") as kept:
        output, errors, count = (Path(kept) / name for name in ("output", "errors", "count"))
        began = time.monotonic()
        for file in (output, errors):
            file.touch()  # a process that is stopped at once makes none
        sys.stdout.flush()
        sys.stderr.flush()
        child = os.fork()
        if child == 0:
            _be_the_program(
                arguments,
                output=output,
                errors=errors,
                count=count,
                stop=stop,
                watched=watched,
                environment=environment,
            )
        status = _wait(child, began, stop, limit)
        seconds = time.monotonic() - began
        left = _left_alive(child)
        events = int(count.read_text() or 0) if count.exists() else 0
        said, complained = (file.read_bytes().decode("utf-8", "replace") for file in (output, errors))
        return Ended(status, said, complained, seconds, events, left)


def _be_the_program(
    arguments: Sequence[str],
    *,
    output: Path,
    errors: Path,
    count: Path,
    stop: Stop | None,
    watched: Path | None,
    environment: Mapping[str, str] | None,
) -> NoReturn:
    status = _CRASHED
    try:
        os.setsid()
        for file, descriptor in ((output, 1), (errors, 2)):
            opened = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
            os.dup2(opened, descriptor)
            os.close(opened)
        sys.stdout = open(1, "w", encoding="utf-8", errors="backslashreplace", closefd=False)  # noqa: SIM115
        sys.stderr = open(2, "w", encoding="utf-8", errors="backslashreplace", closefd=False)  # noqa: SIM115
        os.environ.update(environment or {})
        events = _count_events(str(watched), stop) if watched is not None else [0]
        status = main(list(arguments))
        events, done = [0], events[0]
        count.write_text(str(done))
    except BaseException:
        traceback.print_exc()
    finally:
        with suppress(Exception):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(status)


def _count_events(folder: str, stop: Stop | None) -> list[int]:
    """Count file operations below a folder in a list of one number, and stop before the one that is asked for."""
    seen = [0]
    before = stop.before_event if stop is not None else 0

    def hook(event: str, values: tuple[object, ...]) -> None:
        if event in _FILE_EVENTS and values and isinstance(values[0], str | bytes | os.PathLike):
            name = os.fsdecode(values[0])
            if name.startswith(folder):
                seen[0] += 1
                if stop is not None and seen[0] == before:
                    os.kill(os.getpid(), stop.signal)

    sys.addaudithook(hook)
    return seen


def _wait(child: int, began: float, stop: Stop | None, limit: float) -> int:
    asked = False
    while True:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status)
        passed = time.monotonic() - began
        if stop is not None and stop.after_seconds and not asked and passed >= stop.after_seconds:
            os.kill(child, stop.signal)
            asked = True
        if passed > limit:
            os.killpg(child, signal.SIGKILL)
        time.sleep(0.005)


def _left_alive(group: int) -> tuple[int, ...]:
    """Processes of a process group that are still alive when they have had time to end; they are ended then."""
    until = time.monotonic() + _SECONDS_FOR_WORKERS
    while (alive := _members(group)) and time.monotonic() < until:
        time.sleep(0.1)
    for process in alive:
        with suppress(ProcessLookupError):
            os.kill(process, signal.SIGKILL)
    return alive


def _members(group: int) -> tuple[int, ...]:
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError, ValueError, IndexError):
            state, _, its_group = (folder / "stat").read_text().rpartition(")")[2].split()[:3]
            if int(its_group) == group and state != "Z":
                found.append(int(folder.name))
    return tuple(found)
