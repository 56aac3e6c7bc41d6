"""Peak memory of a block, whatever is measured inside it."""

import mmap
import time

from benchmark.cost import CostMeter, PeakMemory, workers_peak_mib
from benchmark.pipeline.stopwatch import Stopwatch

MIB = 1024 * 1024


def used(size: int) -> mmap.mmap:
    """So many MiB straight from the operating system: of freed memory the C library may have kept some."""
    pages = mmap.mmap(-1, size * MIB)
    for place in range(0, size * MIB, mmap.PAGESIZE):
        pages[place] = 1
    return pages


def test_a_peak_outlives_a_meter_inside_the_block() -> None:
    with PeakMemory() as before:
        pass
    with PeakMemory() as peak:
        used(100).close()
        with CostMeter("cpu") as inner:  # makes the kernel forget the peak so far
            used(10).close()
    assert peak.mib >= before.mib + 80
    assert inner.peak_memory_mib < 80
    with PeakMemory() as after:
        pass
    assert after.mib < peak.mib


def test_a_step_that_runs_twice_keeps_its_higher_peak() -> None:
    watch = Stopwatch()
    for size in (100, 1):
        with watch.step("measure"):
            time.sleep(0.01)
            used(size).close()
    with watch.step("report"):
        pass
    assert watch.seconds["measure"] >= 0.02
    assert watch.peak_memory_mib["measure"] >= watch.peak_memory_mib["report"] + 80
    assert workers_peak_mib() >= 0
