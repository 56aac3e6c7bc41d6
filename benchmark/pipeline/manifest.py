"""What a run's numbers depend on: settings, versions, digests, seeds, machine."""

from __future__ import annotations

import platform
import shlex
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import torch

from benchmark import __version__
from benchmark.native_precision import native_precision

_LIBRARIES = ("numpy", "scipy", "torch", "opencv-python-headless", "dlib-bin", "pillow", "pandas", "scikit-learn")


def machine_facts(device: str) -> dict[str, Any]:
    """Versions, code revision and device: what a reader needs to repeat a run.

    ``lower_precision`` is what methods that prefer a lower precision compute in here.
    """
    return {
        "versions": {"unmask-benchmark": __version__, "python": platform.python_version(), **_library_versions()},
        "git_revision": _git_revision(),
        "device": device_name(device),
        "lower_precision": native_precision("auto", device),
        "platform": platform.platform(),
        "command": shlex.join(["python", *sys.argv]),
    }


def device_name(device: str) -> str:
    """What a torch device is called: the GPU's name, or the processor's architecture."""
    return torch.cuda.get_device_name(device) if device.startswith("cuda") else platform.machine()


def _library_versions() -> dict[str, str]:
    versions = {}
    for name in _LIBRARIES:
        try:
            versions[name] = version(name)
        except PackageNotFoundError:  # e.g. another build of OpenCV or dlib under another name
            versions[name] = "unknown"
    return versions


def _git_revision() -> str:
    """The checkout's commit, with ``+changes`` if files differ from it; empty for an installed wheel."""
    folder = Path(__file__).resolve().parent
    try:
        commit = _git(folder, "rev-parse", "HEAD")
        changed = _git(folder, "status", "--porcelain", "--untracked-files=no")
    except (OSError, subprocess.SubprocessError):
        return ""
    return f"{commit}+changes" if changed else commit


def _git(folder: Path, *arguments: str) -> str:
    done = subprocess.run(
        ["git", "-C", str(folder), *arguments], capture_output=True, text=True, timeout=10, check=True
    )
    return done.stdout.strip()
