"""Peak memory of a block, whatever is measured inside it."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
BEGIN = "import numpy as np\nfrom benchmark.machine.cost import CostMeter, PeakMemory\nMIB = 1024 * 1024\n"
A_METER_INSIDE = """
with PeakMemory() as before:
    pass
with PeakMemory() as peak:
    large = np.ones(100 * MIB, dtype=np.uint8)
    del large
    with CostMeter("cpu") as inner:  # makes the kernel forget the peak so far
        small = np.ones(10 * MIB, dtype=np.uint8)
with PeakMemory() as after:
    pass
assert peak.mib >= before.mib + 80, (before.mib, peak.mib)
assert inner.peak_memory_mib < 80, inner.peak_memory_mib
assert after.mib < peak.mib, (peak.mib, after.mib)
"""
A_STEP_TWICE = """
from benchmark.pipeline.stopwatch import Stopwatch
watch = Stopwatch()
for size in (100, 1):
    with watch.step("measure"):
        block = np.ones(size * MIB, dtype=np.uint8)
        del block
with watch.step("report"):
    pass
assert list(watch.seconds) == list(watch.peak_memory_mib) == ["measure", "report"]
assert watch.peak_memory_mib["measure"] >= watch.peak_memory_mib["report"] + 80, watch.peak_memory_mib
"""
KEPT_BY_THE_C_LIBRARY = """
from benchmark.machine.processor_time import keep_freed_memory
keep_freed_memory()
earlier = np.ones(200 * MIB, dtype=np.uint8)
del earlier
for _ in range(2):
    with CostMeter("cpu") as meter:
        large = np.ones(100 * MIB, dtype=np.uint8)
        del large
    assert 80 < meter.peak_memory_mib < 120, meter.peak_memory_mib
"""
SCRIPTS = {
    "a meter inside": A_METER_INSIDE,
    "a step twice": A_STEP_TWICE,
    "freed before": KEPT_BY_THE_C_LIBRARY,
}


@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="only Linux can forget a peak")
@pytest.mark.parametrize("script", SCRIPTS.values(), ids=SCRIPTS)
def test_peak_memory(script: str) -> None:
    # in a process of its own: the one of the tests may have been told to keep the memory that is freed
    done = subprocess.run([sys.executable, "-c", BEGIN + script], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
