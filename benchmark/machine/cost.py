"""What a method costs: wall time and peak memory."""

from __future__ import annotations

import math
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import ClassVar, Self

import torch

from benchmark.machine.processor_time import give_back_freed_memory

_MIB = 1024 * 1024
_LINUX_STATUS = Path("/proc/self/status")
_LINUX_RESET = Path("/proc/self/clear_refs")


class CostMeter:
    """Measures the block it surrounds.

    Memory on a GPU is the peak that PyTorch allocated, weights included. On a CPU it is how far the resident memory of
    the process rose above its value at the start: the whole process is counted. Memory that an earlier block returned
    to the allocator is given back to the system first (glibc); elsewhere, and where it lies between pieces that are
    still used, it is not counted again, so the figure is a lower bound.

    Args:
        device: a torch device name.

    Attributes:
        seconds: wall time of the block.
        peak_memory_mib: MiB; NaN where the system does not tell (Windows).

    >>> with CostMeter("cpu") as meter:
    ...     block = bytearray(10)
    >>> meter.seconds > 0
    True
    """

    def __init__(self, device: str) -> None:
        self.seconds = math.nan
        self.peak_memory_mib = math.nan
        self._cuda = torch.device(device) if device.startswith("cuda") else None

    def __enter__(self) -> Self:
        if self._cuda is not None:
            torch.cuda.synchronize(self._cuda)
            torch.cuda.reset_peak_memory_stats(self._cuda)
        else:
            give_back_freed_memory()
            self._resident = _forget_peak()
        self._started = time.perf_counter()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._cuda is not None:
            if error is None:
                torch.cuda.synchronize(self._cuda)
                self.peak_memory_mib = torch.cuda.max_memory_allocated(self._cuda) / _MIB
        else:
            self.peak_memory_mib = max(0.0, _peak_resident() - self._resident) / _MIB
        self.seconds = time.perf_counter() - self._started


class PeakMemory:
    """The most memory that the process had resident in the block it surrounds, whatever is measured inside it.

    Attributes:
        mib: MiB; NaN where the system does not tell. On systems other than Linux, since the process began.

    >>> with PeakMemory() as peak:
    ...     block = bytearray(10)
    >>> peak.mib > 1
    True
    """

    _open: ClassVar[list[PeakMemory]] = []
    """Blocks that are being measured: a meter inside them that makes the kernel forget its peak tells them first."""

    def __init__(self) -> None:
        self.mib = math.nan
        self._highest = 0.0

    def __enter__(self) -> Self:
        _forget_peak()
        self._open.append(self)
        return self

    def __exit__(self, *_: object) -> None:
        self._open.remove(self)
        self.mib = max(self._highest, _peak_resident()) / _MIB

    @classmethod
    def note(cls) -> None:
        """The kernel is about to forget its peak."""
        peak = _peak_resident() if cls._open else 0.0
        for block in cls._open:
            block._highest = max(block._highest, peak)


def _forget_peak() -> float:
    """Make the kernel start a new peak where it can (Linux); the resident bytes to subtract from the next peak."""
    PeakMemory.note()
    try:
        _LINUX_RESET.write_text("5")
    except OSError:
        return _peak_resident()
    return _linux_bytes("VmRSS")


def _peak_resident() -> float:
    """Highest resident bytes since `_forget_peak`, or since the process began where it cannot be forgotten."""
    if _LINUX_STATUS.exists():
        return _linux_bytes("VmHWM")
    try:
        import resource  # noqa: PLC0415 (not on Windows)
    except ImportError:
        return math.nan
    unit = 1 if sys.platform == "darwin" else 1024
    return float(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit)


def workers_peak_mib() -> float:
    """The most memory that any one process that this one started, and that has ended, had resident, MiB."""
    try:
        import resource  # noqa: PLC0415 (not on Windows)
    except ImportError:
        return math.nan
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * unit / _MIB


def _linux_bytes(field: str) -> float:
    for line in _LINUX_STATUS.read_text("ascii").splitlines():
        if line.startswith(f"{field}:"):
            return float(line.split()[1]) * 1024
    return math.nan
