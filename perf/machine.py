"""Where something was measured: processor, cores, instructions, and how fast it multiplies matrices."""

from __future__ import annotations

import platform
from pathlib import Path

from benchmark.machine.processor_time import available_cores

AVX2_ONLY = {
    "ONEDNN_MAX_CPU_ISA": "AVX2",
    "ATEN_CPU_CAPABILITY": "avx2",
    "MKL_ENABLE_INSTRUCTIONS": "AVX2",
    "OPENBLAS_CORETYPE": "Haswell",
}
"""Keeps PyTorch, oneDNN, MKL and OpenBLAS from newer instructions: a processor of 2013 to 2020, without bfloat16."""
_TOLD = ("avx2", "avx512f", "avx512_bf16", "amx_bf16")


def machine_name() -> str:
    """In words, such as ``Intel(R) Xeon(R) Processor (family 6, model 167), 2 cores, avx2 avx512f, 24 GiB``."""
    facts: dict[str, str] = {}
    try:
        for line in Path("/proc/cpuinfo").read_text("utf-8", errors="replace").splitlines():
            name, _, value = line.partition(":")
            facts.setdefault(name.strip(), value.strip())
        memory = int(Path("/proc/meminfo").read_text("ascii").split()[1]) / 1024 / 1024
    except (OSError, ValueError, IndexError):
        return f"{platform.machine()}, {available_cores()} cores"
    flags = facts.get("flags", facts.get("Features", "")).split()
    model = f"{facts.get('model name', platform.machine())} (family {facts.get('cpu family', '?')}, model "
    named = f"{model}{facts.get('model', '?')})"
    return f"{named}, {available_cores()} cores, {' '.join(flag for flag in _TOLD if flag in flags)}, {memory:.0f} GiB"
