"""Which arithmetic a device computes in natively. Where bfloat16 is only emulated it is several times slower than
float32, so a lower precision is used only where the hardware supports it."""

from __future__ import annotations

import logging
import os
import platform
import subprocess
from functools import cache
from pathlib import Path

import torch

log = logging.getLogger(__name__)

_FLAGS = {"bfloat16": ("avx512_bf16", "amx_bf16", "bf16"), "float16": ("avx512_fp16", "amx_fp16", "asimdhp")}
"""Flags of a processor, as Linux names them on x86 and on Arm, that tell of native arithmetic."""
_LINUX_PROCESSOR = Path("/proc/cpuinfo")
_BELOW_BFLOAT16 = ("SSE41", "AVX", "AVX2", "AVX2_VNNI", "AVX2_VNNI_2", "AVX512_CORE", "AVX512_CORE_VNNI")
"""Values of ``ONEDNN_MAX_CPU_ISA`` that keep PyTorch from the native instructions."""


def native_precision(wanted: str, device: str) -> str:
    """`wanted` where `device` computes in it natively, otherwise ``"float32"``.

    Args:
        wanted: ``"float32"``, ``"bfloat16"`` or ``"float16"``; or ``"auto"``, which means bfloat16 where it is native.
        device: a torch device name.

    >>> native_precision("float32", "cpu")
    'float32'
    """
    lower = "bfloat16" if wanted == "auto" else wanted
    return lower if lower == "float32" or _is_native(lower, device.partition(":")[0]) else "float32"


@cache
def _is_native(precision: str, kind: str) -> bool:
    if kind == "cuda":
        return precision == "float16" or torch.cuda.is_bf16_supported(including_emulation=False)
    if kind != "cpu":
        return False
    limit = os.environ.get("ONEDNN_MAX_CPU_ISA", os.environ.get("DNNL_MAX_CPU_ISA", "")).upper()
    native = limit not in _BELOW_BFLOAT16 and not _processor_flags().isdisjoint(_FLAGS[precision])
    if not native:
        log.info("this processor has no native %s arithmetic: float32 is used instead", precision)
    return native


def _processor_flags() -> frozenset[str]:
    """The features that the system reports of its processor; none where it does not tell."""
    try:
        if platform.system() == "Darwin":
            told = subprocess.run(
                ["sysctl", "-n", "hw.optional.arm.FEAT_BF16", "hw.optional.arm.FEAT_FP16"],
                capture_output=True,
                text=True,
                timeout=10,
                check=False,
            ).stdout.split()
            return frozenset(flag for flag, on in zip(("bf16", "asimdhp"), told, strict=False) if on == "1")
        for line in _LINUX_PROCESSOR.read_text("utf-8", errors="replace").splitlines():
            name, _, value = line.partition(":")
            if name.strip() in ("flags", "Features"):
                return frozenset(value.split())
    except (OSError, subprocess.SubprocessError):
        log.debug("the processor's features are not known", exc_info=True)
    return frozenset()
