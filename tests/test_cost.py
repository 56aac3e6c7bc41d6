"""Peak memory of a block, whatever is measured inside it."""

import time

import numpy as np

from benchmark.cost import CostMeter, PeakMemory, workers_peak_mib
from benchmark.pipeline.stopwatch import Stopwatch

MIB = 1024 * 1024


def test_a_peak_outlives_a_meter_inside_the_block() -> None:
    with PeakMemory() as before:
        pass
    with PeakMemory() as peak:
        large = np.ones(100 * MIB, dtype=np.uint8)
        del large
        with CostMeter("cpu") as inner:  # makes the kernel forget the peak so far
            small = np.ones(10 * MIB, dtype=np.uint8)
        assert small.size
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
            block = np.ones(size * MIB, dtype=np.uint8)
            del block
    with watch.step("report"):
        pass
    assert watch.seconds["measure"] >= 0.02
    assert watch.peak_memory_mib["measure"] >= watch.peak_memory_mib["report"] + 80
    assert workers_peak_mib() >= 0
