"""Maps a function over images in worker processes, in order."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager
from itertools import islice
from typing import Any, TypeVar

T = TypeVar("T")
R = TypeVar("R")


def available_cores() -> int:
    """Processor cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def map_in_processes(function: Callable[[T], R], items: Iterable[T], *, workers: int, bar: Any) -> Iterator[R]:
    """Results of `function` over `items`, in the order of `items`.

    Args:
        function: picklable (a module-level function, or `functools.partial` of one).
        items: picklable; read lazily, so that a long list does not fill the memory.
        workers: processes; 1 or less stays in this process.
        bar: a bar of `benchmark.progress.Progress`, advanced by one an item; None = the caller's own business.
    """
    if workers <= 1:
        for item in items:
            yield function(item)
            if bar is not None:
                bar.update(1)
        return
    context = multiprocessing.get_context("spawn")
    source = iter(items)
    waiting: deque[Future[R]] = deque()
    with ProcessPoolExecutor(workers, mp_context=context, initializer=_one_thread_each) as pool:

        def submit(count: int) -> None:
            for item in islice(source, count):
                with _interrupt_deferred():
                    waiting.append(pool.submit(function, item))

        try:
            submit(4 * workers)
            while waiting:
                yield waiting.popleft().result()
                if bar is not None:
                    bar.update(1)
                submit(1)
        finally:
            for future in waiting:
                future.cancel()


@contextmanager
def _interrupt_deferred() -> Iterator[None]:
    """Hold Ctrl-C back while a task is handed over, which may start a worker process.

    Interrupted half-way, the worker would die of what it was not told, and its traceback would be all the user sees.
    The worker inherits the blocked signal, so that a Ctrl-C from the terminal, sent to all, does not reach it either.
    """
    if threading.current_thread() is not threading.main_thread() or not hasattr(signal, "pthread_sigmask"):
        yield
        return
    arrived: list[int] = []
    handler = signal.signal(signal.SIGINT, lambda number, _: arrived.append(number))
    blocked = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, blocked)
        signal.signal(signal.SIGINT, handler)
    if arrived:
        raise KeyboardInterrupt


def _one_thread_each() -> None:
    """Keep the libraries in a worker from starting threads of their own, and leave Ctrl-C to the parent.

    Without this, NumPy's BLAS in every worker takes all cores, and two workers on two cores are three times slower.
    """
    import cv2  # noqa: PLC0415
    import numpy  # noqa: F401, PLC0415  # its libraries must be loaded to be limited
    from threadpoolctl import threadpool_limits  # noqa: PLC0415

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    cv2.setNumThreads(1)
    threadpool_limits(1)
