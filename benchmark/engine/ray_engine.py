"""The engine of a Ray cluster: tasks in processes that keep what they loaded, repeated if a process or machine dies."""

from __future__ import annotations

import hashlib
import logging
import os
import time
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import islice
from typing import Any, ClassVar

import numpy as np
import ray

from benchmark.engine.base import Engine, R, RowsFunction, T
from benchmark.engine.limits import ATTEMPTS, SECONDS_WITHOUT_MACHINES
from benchmark.engine.ray_cluster import Cluster, working_nodes
from benchmark.engine.ray_node import Failed, Made, SentFunction, make_rows, map_items
from benchmark.engine.sent_work import packed
from benchmark.errors import BenchmarkError
from benchmark.parallel import warn_of_unsendable
from benchmark.plugin_code.guard import one_line
from benchmark.storage.row_writer import Commit

log = logging.getLogger(__name__)

_SECONDS_OF_A_TASK = 1.0
"""Short enough that little is lost with a machine, long enough that sending it does not count."""
_MOST_ITEMS = 64
_SECONDS_BETWEEN_LOOKS = 5.0
_KEPT = "finished work is kept: run the same command again to continue"


@dataclass
class _Task:
    """A part of the work, until its results were handed on."""

    items: Sequence[Any]
    reference: Any = None
    attempts: int = 0
    made: Made | None = None


class RayEngine(Engine):
    """Sends work to the machines of a cluster and takes results in order; this process alone writes them.

    Args:
        cluster: connected.
        asked: how many tasks the user wants at a time; 0 = one per core.
    """

    name: ClassVar[str] = "ray"

    def __init__(self, cluster: Cluster, asked: int = 0) -> None:
        self._cluster = cluster
        self._asked = asked
        self._threads = _threads()
        self._repeated = 0
        self._kept: tuple[SentFunction, list[Any]] | None = None
        self._map = ray.remote(max_retries=0)(map_items)  # retried here, where the number of attempts is known
        self._make_rows = ray.remote(max_retries=0)(make_rows)

    def processes(self, asked: int) -> int:
        """See `Engine.processes`: one for each core of the cluster."""
        return asked or self._cluster.cores

    def map(self, function: Callable[[T], R], items: Iterable[T], *, workers: int, bar: Any) -> Iterator[R]:
        """See `Engine.map`."""
        sent = self._sent(function)
        left = iter(items)
        if sent is None:
            made: Iterator[Any] = ([function(item)] for item in left)
        else:
            size = _TaskSize()
            tasks = (_Task(chunk) for chunk in iter(lambda: list(islice(left, size.items)), []))
            made = self._results(self._map, sent, tasks, at_once=workers, size=size)
        for results in made:
            for result in results:
                yield result
                if bar is not None:
                    bar.update(1)

    def make_rows(self, function: RowsFunction, groups: Sequence[list[int]], commit: Commit) -> Iterator[int]:
        """See `Engine.make_rows`."""
        sent = self._sent(function)
        if sent is None:
            for rows in groups:
                function(rows, commit)
                yield len(rows)
            return
        tasks = (_Task(rows) for rows in groups)
        with closing(self._results(self._make_rows, sent, tasks, at_once=self.processes(self._asked))) as made:
            for committed in made:
                for row, values, record in committed:
                    commit(row, values, record)
                yield len(committed)

    def facts(self) -> dict[str, Any]:
        """See `Engine.facts`."""
        return {
            "name": self.name,
            "ray": ray.__version__,
            "address": self._cluster.address,
            "machines": self._cluster.nodes,
            "cores": self._cluster.cores,
            "threads_of_a_task": self._threads,
            "repeated_tasks": self._repeated,
        }

    def close(self) -> None:
        """See `Engine.close`; a cluster that was started here ends."""
        ray.shutdown()

    def _sent(self, function: Callable[..., Any]) -> tuple[SentFunction, list[Any]] | None:
        """The function in the object store; None, with a warning, where it cannot be sent."""
        try:
            content = packed(function)
        except BenchmarkError:
            raise
        except Exception as error:  # whatever the object's own code raises
            warn_of_unsendable(one_line(error))
            return None
        digest = hashlib.sha256(content).hexdigest()
        if self._kept is None or self._kept[0].digest != digest:
            stored = ray.put(np.frombuffer(content, np.uint8))  # an array is read where it lies, without a copy
            self._kept = SentFunction(digest, self._cluster.folder, self._threads), [stored]
        return self._kept

    def _results(
        self,
        remote: Any,
        sent: tuple[SentFunction, list[Any]],
        tasks: Iterator[_Task],
        *,
        at_once: int,
        size: _TaskSize | None = None,
    ) -> Generator[Sequence[Any], None, None]:
        """The results of each task, in order; a task whose machine dies is sent again.

        At most twice as many tasks as can run are sent, and twice as many again wait for their turn to be handed on.
        Where the work ends early, those under way are left to finish: they are short, and cancelling a task that is
        just ending makes Ray 2.60 abort this process (a failed check in its task_manager.cc).
        """
        gpus = 1 if self._cluster.on_gpu else 0
        at_once = max(1, min(at_once, self._cluster.gpus) if gpus else at_once)
        sent_at_once = at_once if self._asked else 2 * at_once
        call = remote.options(num_cpus=self._threads, num_gpus=gpus)

        def send(task: _Task) -> None:
            task.attempts += 1
            task.reference = call.remote(*sent, task.items)

        waiting: deque[_Task] = deque()
        look = _Look()
        while True:
            unfinished = sum(task.made is None for task in waiting)
            for task in islice(tasks, max(0, min(sent_at_once - unfinished, 2 * sent_at_once - len(waiting)))):
                waiting.append(task)
                send(task)
            if not waiting:
                return
            running = {task.reference: task for task in waiting if task.made is None}
            if waiting[0].made is None:
                ready, _ = ray.wait(list(running), num_returns=1, timeout=_SECONDS_BETWEEN_LOOKS)
                look.at_machines(progress=bool(ready))
                for reference in ready:
                    task = running[reference]
                    task.made = self._fetched(task)
                    if task.made is None:
                        send(task)
                    elif size is not None:
                        size.learn(len(task.items), task.made.seconds)
            while waiting and (first := waiting[0].made) is not None:
                waiting.popleft()
                yield first.results

    def _fetched(self, task: _Task) -> Made | None:
        """What a finished task made; None if it must be sent again."""
        try:
            got: Made | Failed = ray.get(task.reference)
        except ray.exceptions.RayTaskError as error:
            raise BenchmarkError(f"a task of the Ray cluster failed: {one_line(error.cause or error)}") from error
        except ray.exceptions.RayError as error:
            self._repeated += 1
            if task.attempts >= ATTEMPTS:
                raise BenchmarkError(_why_it_is_given_up(error)) from error
            log.warning("%s: its task is sent again", _what_died(error))
            return None
        if isinstance(got, Failed):
            raise got.error
        return got


class _TaskSize:
    """How many items make a task of about a second."""

    def __init__(self) -> None:
        self.items = 1

    def learn(self, items: int, seconds: float) -> None:
        """A task took so long; the next ones are at most twice as large."""
        wanted = _SECONDS_OF_A_TASK * items / max(seconds, 1e-6)
        self.items = max(1, min(_MOST_ITEMS, 2 * self.items, int(wanted)))


class _Look:
    """Looks from time to time whether the cluster still has machines."""

    def __init__(self) -> None:
        self._seen = time.monotonic()

    def at_machines(self, *, progress: bool) -> None:
        """Raise a `BenchmarkError` where there has been none for too long."""
        if progress or working_nodes():
            self._seen = time.monotonic()
        elif time.monotonic() - self._seen > SECONDS_WITHOUT_MACHINES:
            raise BenchmarkError(
                f"the Ray cluster has had no machine with a core for {SECONDS_WITHOUT_MACHINES:g} seconds; {_KEPT}"
            )


def _what_died(error: Exception) -> str:
    if isinstance(error, ray.exceptions.OutOfMemoryError):
        return "a machine of the Ray cluster ran out of memory and ended a worker process"
    if isinstance(error, ray.exceptions.WorkerCrashedError):
        return "a worker process of the Ray cluster died"
    return "a machine of the Ray cluster is gone, or what it held"


def _why_it_is_given_up(error: Exception) -> str:
    if isinstance(error, ray.exceptions.OutOfMemoryError):
        way = "start its machines with fewer cores (`ray start --num-cpus`), so that fewer tasks share the memory"
        return f"a machine of the Ray cluster ran out of memory {ATTEMPTS} times at the same work; {way}; {_KEPT}"
    return (
        f"{_what_died(error)}, {ATTEMPTS} times at the same work, most likely because memory ran out: use machines "
        f"with more memory or fewer cores (`ray start --num-cpus`); {_KEPT}"
    )


def _threads() -> int:
    """Threads, and so cores, of a task: one, unless ``OMP_NUM_THREADS`` says how many a library may use."""
    given = os.environ.get("OMP_NUM_THREADS", "")
    return max(1, int(given)) if given.isdecimal() else 1
