"""Say what works on this machine, what is missing, and the command that fixes it."""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmark.acquisition.face_detectors.names import DEFAULT_FACE_DETECTORS
from benchmark.cards import missing_package
from benchmark.cli.list_plugins import list_kind
from benchmark.cli.shared_flags import add_plugin_flag, load_plugins
from benchmark.config import RunConfig
from benchmark.counted import counted
from benchmark.machine.processor_time import available_cores
from benchmark.own_networks.onnx_external_data import INSTALL
from benchmark.plugins import KINDS

_LOW_DISK_GIB = 2
_EACH_ON_ITS_LINE = ("datasets", "recognisers")
_NAMES_WIDTH = 90


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Only ``--plugin``."""
    add_plugin_flag(parser)


def execute(options: argparse.Namespace) -> int:
    """Print one line per check; exit status 1 if the default run cannot work."""
    load_plugins(options.plugin)
    healthy = True
    checks = list(_checks())
    width = max(len(name) for _, _, name, _ in checks)
    for works, needed, name, detail in checks:
        mark = "ok     " if works else "MISSING" if needed else "absent "
        print(f"{mark}  {name:<{width}}  {detail}")
        healthy = healthy and (works or not needed)
    print(
        "\neverything the default run needs is here" if healthy else "\nthe default run does not work yet: see MISSING"
    )
    return 0 if healthy else 1


def _checks() -> Iterator[tuple[bool, bool, str, str]]:
    """``(works, the default run needs it, name, detail or how to fix it)``."""
    yield True, True, "python", platform.python_version()
    yield True, True, "processor", f"{counted(available_cores(), 'core')} for workers"
    yield _torch()
    yield _cuda()
    yield _disk()
    yield _onnx()
    for kind, registry in KINDS.items():
        yield from _plugins(kind, list_kind(registry))
    from benchmark.acquisition.face_detectors.known import readiness  # noqa: PLC0415  # not for --help

    for name, found in readiness().items():
        detail = "can find faces (--face-detectors)" if found.available else found.reason
        yield found.available, name in DEFAULT_FACE_DETECTORS, f"face detector {name}", detail


def _plugins(kind: str, rows: list[dict[str, Any]]) -> Iterator[tuple[bool, bool, str, str]]:
    """One line per plugin that lacks something; working ones get their own only where they fit on one screen."""
    ready = [row for row in rows if row["available"]]
    if kind in _EACH_ON_ITS_LINE:
        for row in ready:
            yield True, True, f"{kind[:-1]} {row['name']}", row["summary"]
    elif ready:
        names = textwrap.shorten(
            ", ".join(row["name"] for row in ready), _NAMES_WIDTH, placeholder=" …", break_on_hyphens=False
        )
        yield True, True, kind, f"{len(ready)} {'works' if len(ready) == 1 else 'work'}: {names}"
    for row in rows:
        if not row["available"]:
            yield False, not row["reason"], f"{kind[:-1]} {row['name']}", row["reason"]


def _torch() -> tuple[bool, bool, str, str]:
    try:
        import torch  # noqa: PLC0415
    except ImportError as error:
        return False, True, "PyTorch", f"{error}; to fix it: pip install 'torch>=2.6,<2.14'"
    return True, True, "PyTorch", f"{torch.__version__}, {counted(torch.get_num_threads(), 'thread')}"


def _cuda() -> tuple[bool, bool, str, str]:
    try:
        import torch  # noqa: PLC0415
    except ImportError:
        return False, False, "CUDA", "needs PyTorch"
    if torch.cuda.is_available():
        return True, False, "CUDA", torch.cuda.get_device_name()
    return False, False, "CUDA", "PyTorch finds no CUDA device; everything runs on the CPU"


def _onnx() -> tuple[bool, bool, str, str]:
    missing = missing_package({"onnx": INSTALL, "onnxruntime": INSTALL})
    detail = "networks of your own work as onnx:FILE in --methods and --recognisers"
    return not missing, False, "ONNX files", missing or detail


def _disk() -> tuple[bool, bool, str, str]:
    folder = RunConfig().cache.resolve()
    while not folder.exists():
        folder = folder.parent
    if not os.access(folder, os.W_OK):
        return False, True, "disk", f"{folder} is not writable; choose other folders with --cache DIR and --out DIR"
    free = shutil.disk_usage(folder).free / 2**30
    detail = f"{free:.1f} GiB free in {Path.cwd()}"
    if free < _LOW_DISK_GIB:
        return False, True, "disk", f"{detail}; free some space, or put --cache DIR and --out DIR on another disk"
    return True, True, "disk", detail
