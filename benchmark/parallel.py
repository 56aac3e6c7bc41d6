"""Maps a function over images in worker processes, in order."""

from __future__ import annotations

import logging
import multiprocessing
import os
import pickle
import signal
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from functools import cache
from itertools import chain, islice
from multiprocessing import connection
from multiprocessing.process import BaseProcess
from typing import Any, TypeVar

from benchmark.errors import BenchmarkError
from benchmark.held_signals import signals_held_back
from benchmark.plugin_code.sources import KeptSources, kept_sources

log = logging.getLogger(__name__)

T = TypeVar("T")
R = TypeVar("R")
_SECONDS_TO_END = 5.0
_AHEAD = 32
"""Items that each worker may be ahead of the first unfinished one: a photo that takes seconds, because its face is hard
to find, then stops nobody."""


def map_in_processes(function: Callable[[T], R], items: Iterable[T], *, workers: int, bar: Any) -> Iterator[R]:
    """Results of `function` over `items`, in the order of `items`.

    If the system cannot start processes (no semaphores, no memory, too few files), or the work cannot be sent to them
    (a plugin object with an open file, say, or one of a class typed into a notebook), it is done in this one.

    Args:
        function: picklable (a module-level function, or `functools.partial` of one).
        items: picklable; read lazily, so that a long list does not fill the memory.
        workers: processes; 1 or less stays in this process.
        bar: a bar of `benchmark.progress.Progress`, advanced by one an item; None = the caller's own business.

    Raises:
        BenchmarkError: a worker process died.
    """
    left: Iterable[T] = iter(items)
    first = list(islice(left, 1)) if workers > 1 else []
    left = chain(first, left)
    reason = _why_it_cannot_be_sent((function, *first)) if first else ""
    if reason:
        warn_of_unsendable(reason)
    elif first:
        sources = kept_sources()
        try:
            pool = ProcessPoolExecutor(
                workers,
                mp_context=multiprocessing.get_context("spawn"),
                initializer=_begin_worker,
                initargs=(sources,),
            )
        except (OSError, ImportError, NotImplementedError) as error:
            _warn_of_one_process(str(error))
        else:
            left = yield from _map_in_pool(pool, function, iter(left), workers=workers, bar=bar)
    for item in left:
        yield function(item)
        if bar is not None:
            bar.update(1)


def end_with_parent() -> None:
    """Make this worker process end when the process that started it does, however that ended."""
    parent = multiprocessing.parent_process()
    if parent is None:
        return

    def watch() -> None:
        connection.wait([parent.sentinel])
        os._exit(1)

    with suppress(RuntimeError):  # the system allows no further thread
        threading.Thread(target=watch, daemon=True).start()


def _map_in_pool(
    pool: ProcessPoolExecutor, function: Callable[[T], R], source: Iterator[T], *, workers: int, bar: Any
) -> Generator[R, None, Iterable[T]]:
    """Results of the pool; returns the items that are left if no worker can be started."""
    others = set(multiprocessing.active_children())
    started: set[BaseProcess] = set()
    waiting: deque[tuple[T, Future[R]]] = deque()
    finished = False
    try:
        while True:
            for item in islice(source, _AHEAD * workers - len(waiting)):
                try:
                    # A worker whose start is interrupted would fail on incomplete data, and the user would see only its
                    # traceback.
                    with signals_held_back(inherited=True):
                        waiting.append((item, pool.submit(function, item)))
                except OSError as error:
                    _warn_of_one_process(str(error))
                    return chain([one for one, _ in waiting], [item], source)
                if len(started) < workers:
                    started |= set(multiprocessing.active_children()) - others
            if not waiting:
                finished = True
                return ()
            result = waiting[0][1].result()
            waiting.popleft()
            yield result
            if bar is not None:
                bar.update(1)
    except BrokenProcessPool as error:
        raise BenchmarkError(_why_it_died(started, workers)) from error
    finally:
        if not finished:
            for process in started:
                process.terminate()
        pool.shutdown(cancel_futures=True)


def _why_it_cannot_be_sent(work: object) -> str:
    """Why a worker process cannot be given `work`; empty if it can."""
    try:
        content = pickle.dumps(work)
    except Exception as error:  # whatever the object's own code raises
        return f"{type(error).__name__}: {' '.join(str(error).split())[:200]}"
    if b"__main__" in content and not hasattr(sys.modules["__main__"], "__file__"):
        return "it is of a class that was typed in and is in no file"
    return ""


@cache
def warn_of_unsendable(reason: str) -> None:
    """Once, though several steps of a run meet it."""
    log.warning("a plugin object cannot be sent to worker processes (%s): its steps work in this process", reason)


@cache
def _warn_of_one_process(reason: str) -> None:
    """Once, though every step of a run meets it."""
    log.warning("no worker processes can be started here (%s): working in one process, as with --workers 1", reason)


def _why_it_died(processes: Iterable[BaseProcess], workers: int) -> str:
    codes = {_exit_code(process) for process in processes} - {0, -signal.SIGTERM}  # the pool terminates the others
    code = min(codes, default=0)
    kept = "finished work is kept: run the same command again to continue"
    if code == -signal.SIGKILL:
        return (
            "a worker process was killed from outside, most likely because memory ran out: use fewer --workers (now "
            f"{workers}) or a smaller --limit; {kept}"
        )
    how = f"signal {signal.Signals(-code).name}" if -code in set(signal.Signals) else f"exit status {code}"
    return f"a worker process ended unexpectedly ({how}): try --workers 1 (now {workers}); {kept}"


def _exit_code(process: BaseProcess) -> int:
    """How a process of the broken pool ended; the pool's own thread may be about to note it."""
    until = time.monotonic() + _SECONDS_TO_END
    while process.exitcode is None and time.monotonic() < until:
        time.sleep(0.01)
    return process.exitcode or 0


def _begin_worker(sources: KeptSources) -> None:
    """Keep the libraries in a worker from starting threads of their own, and leave Ctrl-C to the parent.

    The worker runs plugin files as this run knows them, even if they were edited meanwhile.

    Without this, NumPy's BLAS in every worker takes all cores, and two workers on two cores are three times slower.
    """
    import cv2  # noqa: PLC0415
    import numpy  # noqa: F401, PLC0415  # its libraries must be loaded to be limited
    from threadpoolctl import threadpool_limits  # noqa: PLC0415

    sources.keep()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    end_with_parent()
    cv2.setNumThreads(1)
    threadpool_limits(1)
