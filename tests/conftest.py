"""Where the tests find real photographs, and what they say when there are none."""

from __future__ import annotations

import os
from contextlib import suppress
from importlib.metadata import entry_points
from pathlib import Path

import pytest

from benchmark.errors import PluginError
from benchmark.plugins import KINDS
from benchmark.torchvision_operators import provide_operators

with suppress(PluginError):  # not installed
    provide_operators()  # before torchmetrics imports a torchvision whose operators may not load

ROOT = Path(__file__).resolve().parents[1]
collect_ignore = ["campaign"]
"""A program of its own: ``python -m tests.campaign``."""
SHARED = Path(os.environ.get("UNMASK_SHARED", ROOT.parent / "shared")) / "data"
PLUGINS_OF_OTHERS = {point.name for kind in KINDS for point in entry_points(group=f"unmask_benchmark.{kind}")}
"""What packages beside this one have registered here, such as the example plugin."""


def _need(path: Path, what: str) -> Path:
    if path.exists():
        return path
    message = f"{what} not found at {path}; set UNMASK_SHARED to the folder that holds data/"
    if os.environ.get("UNMASK_REQUIRE_SHARED"):
        pytest.fail(message)
    pytest.skip(message)


@pytest.fixture(autouse=True)
def _freed_memory_is_given_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """A training would keep it for the rest of the process, and tests that measure memory share that process."""
    monkeypatch.setattr("benchmark.training.loop.keep_freed_memory", lambda: False)


@pytest.fixture(scope="session")
def lfw_root() -> Path:
    """The deep-funneled LFW folder."""
    return _need(SHARED / "lfw", "LFW")


@pytest.fixture(scope="session")
def faces_train_root() -> Path:
    """The folder of training faces."""
    return _need(SHARED / "faces-train", "the training faces")


@pytest.fixture(scope="session")
def mobilefacenet_weights() -> Path:
    """MobileFaceNet's state dict; a judge, never part of a loss."""
    return _need(SHARED / "weights" / "mobilefacenet-casia.ckpt", "MobileFaceNet's weights")


@pytest.fixture(scope="session")
def edgeface_weights() -> Path:
    """EdgeFace-XXS's state dict."""
    return _need(SHARED / "weights" / "edgeface-xxs.safetensors", "EdgeFace-XXS's weights")


@pytest.fixture(scope="session")
def celeba_small_root() -> Path:
    """The first 10,000 photos of CelebA, reduced."""
    return _need(SHARED / "celeba-small", "the reduced CelebA")


@pytest.fixture(scope="session")
def real_masks_root() -> Path:
    """Photos of really masked people and of bare ones."""
    return _need(SHARED / "real-masks", "photos of worn masks")
