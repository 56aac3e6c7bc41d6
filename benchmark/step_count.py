"""Where a run stands: step 7 of 31, and how long the rest will take by what the steps cost before."""

from __future__ import annotations

import time
from collections.abc import Iterable

from benchmark.storage.step_costs import StepCosts
from benchmark.work import Work

_WORTH_SAYING = 5.0
"""Seconds: less is no lower bound that helps anybody."""


class StepCount:
    """Counts the artefacts that a run makes.

    Args:
        costs: of earlier runs; what this run learns is added.
        expected: what the run is expected to make, in this order.

    >>> import tempfile
    >>> from pathlib import Path
    >>> works = [Work("unmask", name, f"unmask: {name}", name, rows=10, of=10) for name in ("telea", "glcic")]
    >>> costs = StepCosts(Path(tempfile.mkdtemp()) / "costs.jsonl", "")
    >>> count = StepCount(costs, works)
    >>> count.begin(works[0])
    >>> count.text()
    'step 1 of 2'
    >>> for work in works:
    ...     costs.note(work, seconds=65.0)
    >>> count.text()
    'step 1 of 2, 2:10 left'
    """

    def __init__(self, costs: StepCosts, expected: Iterable[Work] = ()) -> None:
        self._costs = costs
        self._left = {work.key: work for work in expected}
        self._total = len(self._left)
        self._number = 0
        self._current: Work | None = None
        self._began = 0.0
        self.seconds = 0.0
        """That all finished steps took together."""

    def begin(self, work: Work) -> None:
        """A step begins; one that was not expected counts, too."""
        self._number += 1
        same = (key for key, other in self._left.items() if (other.step, other.doing) == (work.step, work.doing))
        key = work.key if work.key in self._left else next(same, None)  # code without a digest has new keys every time
        if key is None:
            self._total += 1
        else:
            del self._left[key]
        self._current = work
        self._began = time.monotonic()

    def finish(self, work: Work, *, size: int, spent: float = 0.0) -> float:
        """The step is done, and its artefact takes `size` bytes; the seconds it took, `spent` of them before."""
        seconds = time.monotonic() - self._began + spent
        self.seconds += seconds
        self._current = None
        self._costs.note(work, seconds=seconds, size=size)
        return seconds

    def text(self) -> str:
        """``step 7 of 31, 2:10 left``; without the time where nothing is known of it."""
        seconds, unknown = self._seconds_left()
        place = f"step {self._number} of {self._total}"
        if not seconds or (unknown and seconds < _WORTH_SAYING):
            return place
        return f"{place}, {'more than ' if unknown else ''}{clock(seconds)} left"

    def _seconds_left(self) -> tuple[float, bool]:
        """Of the steps whose cost is known; and whether there are others."""
        waiting = [(work, 0.0) for work in self._left.values()]
        if self._current is not None:
            waiting.append((self._current, time.monotonic() - self._began))
        seconds, unknown = 0.0, False
        for work, spent in waiting:
            cost = self._costs.of(work)
            unknown = unknown or cost is None
            seconds += 0.0 if cost is None else max(0.0, cost.seconds * work.rows - spent)
        return seconds, unknown


def clock(seconds: float) -> str:
    """Minutes and seconds, or hours, minutes and seconds.

    >>> clock(130), clock(7_449.6), clock(0.2)
    ('2:10', '2:04:10', '0:01')
    """
    whole = max(1, round(seconds))
    minutes, rest = divmod(whole, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
