"""How much processor time this process may use, and how to avoid wasting it.

Libraries start a thread for each core that they see, and threads that wait for each other spin. If a container has less
processor time than cores, or other processes are busy, spinning takes time from the threads that are waited for.
"""

from __future__ import annotations

import ctypes
import math
import os
from collections.abc import Callable, Iterator, MutableMapping
from pathlib import Path, PurePosixPath
from typing import cast

_SLEEP_WHILE_WAITING = {
    "OMP_WAIT_POLICY": "PASSIVE",  # GNU OpenMP, which PyTorch's Linux wheels use
    "KMP_BLOCKTIME": "0",  # LLVM's and Intel's OpenMP
    "OPENBLAS_THREAD_TIMEOUT": "4",  # NumPy's BLAS: the shortest, 2⁴ cycles
}
_NUMBER_OF_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
_KEEPING_OPTIONS = (-3, -1)
"""``M_MMAP_THRESHOLD`` and ``M_TRIM_THRESHOLD`` of glibc's malloc.h."""
_AMPLE = 1 << 30
"""Bytes: the size from which one piece is still taken from the operating system and given back, and the amount of free
memory from which the end of the heap is given back."""
_PERIOD = 100_000  # microseconds, where the control group does not say


def available_cores() -> int:
    """Processor cores that this process may use: those it may run on, or as many as its control group has time for."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, math.ceil(min(cores, processor_quota())))


def processor_quota(system: Path = Path("/")) -> float:
    """Cores' worth of time that the control groups (version 1 or 2) grant this process; infinite without a limit.

    Args:
        system: the root folder, below which ``proc`` and ``sys`` are looked for.
    """
    return min(_quotas(system), default=math.inf)


def spare_the_processor(environment: MutableMapping[str, str] = os.environ) -> None:
    """Tell numeric libraries to sleep while they wait, and to start no more threads than there is time for.

    They read the environment when they are loaded, so this comes before NumPy and PyTorch. What the user has set stays.
    """
    for name, value in _SLEEP_WHILE_WAITING.items():
        environment.setdefault(name, value)
    if available_cores() < (os.cpu_count() or 1):
        for name in _NUMBER_OF_THREADS:
            environment.setdefault(name, str(available_cores()))


def keep_freed_memory() -> bool:
    """Tell the C library to keep the memory that is freed, instead of giving it back to the operating system.

    A training step allocates the same large tensors again and again. By default glibc asks the operating system for
    each of them, which clears every page: a third of the time of a step on a CPU. For the rest of this process, the
    largest amount that was ever in use stays reserved.

    Returns:
        Whether it took effect: not where the C library is another one, nor where the user set ``MALLOC_…`` variables.
    """
    if any(name.startswith("MALLOC_") for name in os.environ):
        return False
    set_option = _glibc("mallopt")
    return set_option is not None and all(set_option(option, _AMPLE) == 1 for option in _KEEPING_OPTIONS)


def give_back_freed_memory() -> None:
    """Return the memory that is freed and still reserved to the operating system, where the C library is glibc.

    What is allocated afterwards is seen in the resident memory of the process, whatever was freed before.
    """
    trim = _glibc("malloc_trim")
    if trim is not None:
        trim(0)


def _glibc(function: str) -> Callable[..., int] | None:
    try:
        return cast("Callable[..., int]", getattr(ctypes.CDLL("libc.so.6"), function))
    except (OSError, AttributeError):
        return None


def _quotas(system: Path) -> Iterator[float]:
    try:
        lines = (system / "proc/self/cgroup").read_text("ascii").splitlines()
    except (OSError, UnicodeDecodeError):
        return
    root = system / "sys/fs/cgroup"
    for line in lines:
        _, controllers, path = (*line.split(":", 2), "", "")[:3]
        if not controllers:
            for folder in _groups((root, root / "unified"), path):
                yield from _version_2(folder / "cpu.max")
        elif "cpu" in controllers.split(","):
            for folder in _groups((root / "cpu", root / controllers), path):
                yield from _version_1(folder)


def _groups(mounts: tuple[Path, ...], path: str) -> Iterator[Path]:
    """The process's control group and those above it; in a container, the mount itself is its own."""
    group = PurePosixPath(path.lstrip("/"))
    for mount in mounts:
        yield from (mount / above for above in (group, *group.parents))


def _version_2(file: Path) -> Iterator[float]:
    try:
        quota, period = file.read_text("ascii").split()
        yield int(quota) / int(period)
    except (OSError, ValueError, ZeroDivisionError):  # absent, or "max"
        return


def _version_1(folder: Path) -> Iterator[float]:
    try:
        quota = int((folder / "cpu.cfs_quota_us").read_text("ascii"))
        period = int((folder / "cpu.cfs_period_us").read_text("ascii")) or _PERIOD
    except (OSError, ValueError):
        return
    if quota > 0:
        yield quota / period
