from __future__ import annotations

from pathlib import Path

import pytest
import torch

from benchmark.machine import native_precision as module
from benchmark.machine.native_precision import native_precision

X86 = "processor\t: 0\nflags\t\t: fpu avx2 avx512f {}\n\nprocessor\t: 1\n"
ARM = "processor\t: 0\nFeatures\t: fp asimd asimdhp {}\n"


@pytest.fixture
def processor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("ONEDNN_MAX_CPU_ISA", raising=False)
    monkeypatch.delenv("DNNL_MAX_CPU_ISA", raising=False)
    monkeypatch.setattr(module.platform, "system", lambda: "Linux")
    file = tmp_path / "cpuinfo"
    monkeypatch.setattr(module, "_LINUX_PROCESSOR", file)

    def set_to(text: str) -> None:
        file.write_text(text, "utf-8")
        module._is_native.cache_clear()

    yield set_to
    module._is_native.cache_clear()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (X86.format(""), "float32"),
        (X86.format("avx512_bf16"), "bfloat16"),
        (X86.format("amx_bf16"), "bfloat16"),
        (ARM.format(""), "float32"),
        (ARM.format("bf16"), "bfloat16"),
        ("", "float32"),
    ],
)
@pytest.mark.parametrize("wanted", ["bfloat16", "auto"])
def test_bfloat16_is_used_where_the_processor_has_it(processor, text: str, wanted: str, expected: str) -> None:
    processor(text)
    assert native_precision(wanted, "cpu") == expected


def test_float32_always_works(processor) -> None:
    processor("")
    assert native_precision("float32", "cpu") == "float32"


def test_float16_needs_units_of_its_own(processor) -> None:
    processor(X86.format("avx512_bf16"))
    assert native_precision("float16", "cpu") == "float32"
    processor(X86.format("avx512_bf16 avx512_fp16"))
    assert native_precision("float16", "cpu") == "float16"


def test_a_limit_set_for_the_library_holds(processor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ONEDNN_MAX_CPU_ISA", "avx2")
    processor(X86.format("avx512_bf16"))
    assert native_precision("bfloat16", "cpu") == "float32"


def test_a_system_that_does_not_tell_gets_float32(processor, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    processor("")
    monkeypatch.setattr(module, "_LINUX_PROCESSOR", tmp_path / "absent")
    assert native_precision("bfloat16", "cpu") == "float32"


def test_a_gpu_is_asked_itself(processor, monkeypatch: pytest.MonkeyPatch) -> None:
    processor("")
    for native in (True, False):
        module._is_native.cache_clear()
        monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda including_emulation: native)  # noqa: B023
        assert native_precision("bfloat16", "cuda:0") == ("bfloat16" if native else "float32")
