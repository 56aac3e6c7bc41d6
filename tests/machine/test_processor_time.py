"""Cores are counted as the control groups of either version grant them; made from files as Linux shows them."""

from __future__ import annotations

import math
import os
import subprocess
import sys
from pathlib import Path

import pytest

from benchmark.machine import processor_time
from benchmark.machine.processor_time import available_cores, processor_quota, spare_the_processor


def system(root: Path, groups: str, files: dict[str, str]) -> Path:
    for name, text in {"proc/self/cgroup": groups, **files}.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


def test_version_2_in_a_container(tmp_path: Path) -> None:
    root = system(tmp_path, "0::/\n", {"sys/fs/cgroup/cpu.max": "150000 100000\n"})
    assert processor_quota(root) == 1.5


def test_version_2_the_smallest_of_all_groups_above_counts(tmp_path: Path) -> None:
    files = {
        "sys/fs/cgroup/slice/cpu.max": "200000 100000\n",
        "sys/fs/cgroup/slice/job/cpu.max": "max 100000\n",
        "sys/fs/cgroup/other/cpu.max": "10000 100000\n",
    }
    assert processor_quota(system(tmp_path, "0::/slice/job\n", files)) == 2


@pytest.mark.parametrize("mount", ["cpu", "cpu,cpuacct"])
def test_version_1(mount: str, tmp_path: Path) -> None:
    group = f"sys/fs/cgroup/{mount}/docker/ab"
    files = {f"{group}/cpu.cfs_quota_us": "50000\n", f"{group}/cpu.cfs_period_us": "100000\n"}
    root = system(tmp_path, "3:memory:/docker/ab\n2:cpu,cpuacct:/docker/ab\n", files)
    assert processor_quota(root) == 0.5


def test_version_1_in_a_container_whose_group_is_named_as_outside(tmp_path: Path) -> None:
    files = {"sys/fs/cgroup/cpu/cpu.cfs_quota_us": "400000\n", "sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000\n"}
    assert processor_quota(system(tmp_path, "2:cpu:/docker/0123\n", files)) == 4


@pytest.mark.parametrize(
    ("groups", "files"),
    [
        ("0::/\n", {}),
        ("0::/\n", {"sys/fs/cgroup/cpu.max": "max 100000\n"}),
        ("0::/\n", {"sys/fs/cgroup/cpu.max": "garbage"}),
        ("0::/\n", {"sys/fs/cgroup/cpu.max": "5 0"}),
        ("2:cpu:/\n", {"sys/fs/cgroup/cpu/cpu.cfs_quota_us": "-1", "sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000"}),
        ("nothing\n", {}),
        ("", {}),
    ],
)
def test_no_limit(groups: str, files: dict[str, str], tmp_path: Path) -> None:
    assert processor_quota(system(tmp_path, groups, files)) == math.inf


def test_a_system_without_control_groups_has_no_limit(tmp_path: Path) -> None:
    assert processor_quota(tmp_path) == math.inf


@pytest.mark.parametrize(("quota", "cores"), [(0.2, 1), (1.5, 2), (math.inf, 64)])
def test_cores_are_what_the_quota_has_time_for(quota: float, cores: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(64)), raising=False)
    monkeypatch.setattr(processor_time, "processor_quota", lambda: quota)
    assert available_cores() == cores


def test_the_environment_is_set_but_for_what_the_user_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: 64)
    monkeypatch.setattr(processor_time, "processor_quota", lambda: 2.0)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(64)), raising=False)
    environment = {"OMP_WAIT_POLICY": "ACTIVE", "MKL_NUM_THREADS": "7"}
    spare_the_processor(environment)
    assert environment["OMP_WAIT_POLICY"] == "ACTIVE"
    assert environment["KMP_BLOCKTIME"] == "0"
    assert (environment["OMP_NUM_THREADS"], environment["MKL_NUM_THREADS"]) == ("2", "7")


def test_the_command_line_sets_it_before_anything_reads_it() -> None:
    script = "import sys, os, benchmark.cli; print('numpy' in sys.modules, os.environ['OMP_WAIT_POLICY'])"
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("OMP_", "KMP_"))}
    done = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "PASSIVE"]


_FAULTS = """
import ctypes, resource, sys
from benchmark.machine.processor_time import keep_freed_memory
took_effect = sys.argv[1] == "keep" and keep_freed_memory()
libc = ctypes.CDLL(None)
libc.malloc.restype, libc.malloc.argtypes, libc.free.argtypes = ctypes.c_void_p, [ctypes.c_size_t], [ctypes.c_void_p]

def used_and_freed():
    piece = libc.malloc(100 << 20)
    ctypes.memset(piece, 1, 100 << 20)
    libc.free(piece)

used_and_freed()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(5):
    used_and_freed()
print(took_effect, resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="it sets options of glibc")
def test_freed_memory_is_not_asked_for_again() -> None:
    def faults(mode: str, **environment: str) -> tuple[str, int]:
        cleared = {name: value for name, value in os.environ.items() if not name.startswith("MALLOC_")}
        answer = subprocess.run(
            [sys.executable, "-c", _FAULTS, mode], env={**cleared, **environment}, capture_output=True, check=True
        )
        took_effect, count = answer.stdout.decode().split()
        return took_effect, int(count)

    took_effect, kept = faults("keep")
    if took_effect == "False":
        pytest.skip("the C library is another one")
    assert kept < 100
    assert faults("leave")[1] > 20 * max(1, kept)
    assert faults("keep", MALLOC_TRIM_THRESHOLD_="131072")[0] == "False"  # the user decides
