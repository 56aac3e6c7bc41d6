"""What the terminal shows while a run goes on: a bar for each step, or one line for each in a log."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tqdm import tqdm

from benchmark.counted import counted
from benchmark.step_count import StepCount, clock
from benchmark.storage.file_digests import files_below
from benchmark.work import Work

_SECONDS_OF_SILENCE = 300.0
"""After so long a log gets a line in the middle of a step: one that says nothing for an hour looks hung."""


class Progress:
    """Shows how far the work is, on stderr.

    In a terminal each piece of work has a bar. Anywhere else (a file, a pipe) there is one line for each, when it is
    done, and none with a carriage return.

    Args:
        quiet: show nothing.
        count: of the run's steps; None where the work is not part of a run.

    >>> with Progress(quiet=True).bar("detect", total=2, unit="photo") as bar:
    ...     bar.update(2)
    """

    def __init__(self, *, quiet: bool = False, count: StepCount | None = None) -> None:
        self.quiet = quiet
        self._count = count

    @contextmanager
    def step(self, work: Work, folder: Path | None = None, *, spent: float = 0.0) -> Iterator[None]:
        """One step of a run.

        Args:
            work: what the step does.
            folder: that it writes to; None = nothing that counts.
            spent: seconds that a part of it took already, in between other steps.
        """
        if self._count is None:
            yield
            return
        self._count.begin(work)
        yield
        seconds = self._count.finish(work, spent=spent, size=0 if folder is None else _bytes_below(folder))
        if not self.quiet and not sys.stderr.isatty():
            rows = f", {counted(work.rows, work.unit)}" if work.unit else ""
            _say(f"{self._count.text()}: {work.doing}{rows} in {clock(seconds)}")

    @contextmanager
    def bar(
        self, description: str, *, total: int | None, unit: str = "image", done: int = 0, scaled: bool = False
    ) -> Iterator[Any]:
        """A bar: `update(n)` advances it, `set_postfix(loss=…)` shows figures beside it.

        Args:
            description: what is being done.
            total: units; None = nobody knows.
            unit: what is counted.
            done: units that were done before.
            scaled: whether to write 1,200,000 as 1.2M.
        """
        if not self.quiet and not sys.stderr.isatty():
            log = _Log(description, total, unit, done, scaled=scaled)
            yield log
            if self._count is None:
                log.say()
            return
        with _Bar(
            total=total,
            initial=done,
            desc=description,
            unit=unit,
            unit_scale=scaled,
            disable=self.quiet,
            file=sys.stderr,
            dynamic_ncols=True,
            mininterval=0.5,
            count=self._count,
        ) as bar:
            yield bar


class _Bar(tqdm):  # type: ignore[type-arg]  # not generic when the program runs
    """A bar that says, where its work is a step of a run, which one it is and how long all the others will take."""

    def __init__(self, *, desc: str, count: StepCount | None, **settings: Any) -> None:
        self._what = desc
        self._count = count
        if count is not None:
            settings["bar_format"] = "{desc} {percentage:3.0f}% |{bar:10}| {n_fmt}/{total_fmt} {unit}{postfix}"
        super().__init__(desc=self._described(), **settings)

    def update(self, n: float | None = 1) -> bool | None:
        if self._count is not None and not self.disable:
            self.desc = self._described()
        return super().update(n)

    def _described(self) -> str:
        return self._what if self._count is None else f"{self._count.text()}: {self._what}"


class _Log:
    """Stands for a bar where stderr is no terminal."""

    def __init__(self, description: str, total: int | None, unit: str, done: int, *, scaled: bool) -> None:
        self._description = description
        self._total = total
        self._unit = unit
        self._scaled = scaled
        self.n = done
        self._figures = ""
        self._began = self._spoke = time.monotonic()

    def update(self, n: int = 1) -> None:
        """Advance; says so if nothing was said for a long time."""
        self.n += n
        if time.monotonic() - self._spoke > _SECONDS_OF_SILENCE:
            whole = "" if self._total is None else f" of {self._amount(self._total)}"
            done = self._amount(self.n) if self._total is None or self._scaled else f"{self.n:,}"
            _say(f"{self._description}: {done}{whole}{self._figures}")
            self._spoke = time.monotonic()

    def set_postfix(self, *, refresh: bool = True, **figures: object) -> None:  # noqa: ARG002  # as tqdm has it
        """Figures for the next line."""
        self._figures = "".join(f", {name} {value}" for name, value in figures.items())

    def say(self) -> None:
        """The one line at the end."""
        _say(f"{self._description}: {self._amount(self.n)}{self._figures} in {clock(time.monotonic() - self._began)}")

    def _amount(self, count: int) -> str:
        if self._scaled:
            return f"{tqdm.format_sizeof(count)}{self._unit}"
        return counted(count, self._unit)


def _bytes_below(folder: Path) -> int:
    return sum(file.stat().st_size for file in files_below(folder).values())


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)  # noqa: T201  # a log is all there is
