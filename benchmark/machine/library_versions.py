"""The versions of libraries that decide pixels, for the keys of the steps that use them.

A new major version may change how a photo is decoded or resized, or what a seed draws. Minor versions are assumed not
to, so that an upgrade does not invalidate all stored results.
"""

from __future__ import annotations

import importlib.metadata
from collections.abc import Mapping
from functools import cache

_DISTRIBUTIONS = {
    "dlib": ("dlib-bin", "dlib"),
    "numpy": ("numpy",),
    "opencv": ("opencv-python-headless", "opencv-contrib-python-headless", "opencv-python", "opencv-contrib-python"),
    "pillow": ("pillow",),
    "scipy": ("scipy",),
    "torch": ("torch",),
    "torchmetrics": ("torchmetrics",),
    "onnxruntime": ("onnxruntime", "onnxruntime-gpu"),
}
"""Under which names each of them may be installed."""


def libraries_in_key(*names: str) -> dict[str, Mapping[str, str]]:
    """The major versions of some libraries of `_DISTRIBUTIONS`, by ``"libraries"``.

    >>> list(libraries_in_key("numpy", "pillow")["libraries"])
    ['numpy', 'pillow']
    """
    return {"libraries": {name: _major(name) for name in names}}


@cache
def _major(library: str) -> str:
    """Empty where it is not installed."""
    for distribution in _DISTRIBUTIONS[library]:
        try:
            return importlib.metadata.version(distribution).partition(".")[0]
        except importlib.metadata.PackageNotFoundError:
            continue
    return ""
