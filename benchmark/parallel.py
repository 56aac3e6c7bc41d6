"""Maps a function over images in worker processes, in order."""

from __future__ import annotations

import multiprocessing
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
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
        bar: a bar of `benchmark.progress.Progress`, advanced by one an item.
    """
    if workers <= 1:
        for item in items:
            yield function(item)
            bar.update(1)
        return
    context = multiprocessing.get_context("spawn")
    source = iter(items)
    with ProcessPoolExecutor(workers, mp_context=context, initializer=_one_thread_each) as pool:
        waiting: deque[Future[R]] = deque(pool.submit(function, item) for item in islice(source, 4 * workers))
        try:
            while waiting:
                yield waiting.popleft().result()
                bar.update(1)
                waiting.extend(pool.submit(function, item) for item in islice(source, 1))
        finally:
            for future in waiting:
                future.cancel()


def _one_thread_each() -> None:
    """Keep the libraries in a worker from starting threads of their own, and leave Ctrl-C to the parent.

    Without this, NumPy's BLAS in every worker takes all cores, and two workers on two cores are three times slower.
    """
    import signal  # noqa: PLC0415

    import cv2  # noqa: PLC0415
    import numpy  # noqa: F401, PLC0415  # its libraries must be loaded to be limited
    from threadpoolctl import threadpool_limits  # noqa: PLC0415

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    cv2.setNumThreads(1)
    threadpool_limits(1)
