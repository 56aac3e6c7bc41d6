"""Lets torchvision be imported where its compiled operators do not load.

Packages that come after torchvision (ultralytics, facenet-pytorch) import it, and that fails beside a CPU-only PyTorch:
the compiled library is built for another one, so ``torch.ops.torchvision.nms`` is missing. Of its operators these
packages need non-maximum suppression alone.
"""

from __future__ import annotations

import importlib
import importlib.util
from functools import cache
from pathlib import Path

import torch
from torch import Tensor

from benchmark.errors import PluginError

_kept: list[torch.library.Library] = []
"""A library's operators live as long as it does."""


@cache
def provide_operators() -> bool:
    """Import torchvision, with an `nms` of our own where its operators do not load; elsewhere nothing is changed.

    Call it before anything else imports torchvision.

    Returns:
        Whether operators were put in the place of missing ones.

    Raises:
        PluginError: torchvision is not installed.
    """
    spec = importlib.util.find_spec("torchvision")  # finds, and does not import
    if spec is None or not spec.submodule_search_locations:
        raise PluginError("torchvision is not installed: pip install torchvision")
    if _own_operators_load(Path(next(iter(spec.submodule_search_locations)))):
        return False
    library = torch.library.Library("torchvision", "FRAGMENT")  # type: ignore[no-untyped-call]
    for name in ("nms", "qnms"):
        library.define(f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")  # type: ignore[no-untyped-call]
    library.impl("nms", non_maximum_suppression, "CompositeExplicitAutograd")  # type: ignore[no-untyped-call]
    _kept.append(library)
    extension = importlib.import_module("torchvision.extension")
    vars(extension)["_has_ops"] = lambda: True  # what torchvision.ops.nms asks before it calls the operator
    return True


def non_maximum_suppression(boxes: Tensor, scores: Tensor, iou_threshold: float) -> Tensor:
    """Indices of the boxes that are kept, best score first: each drops all that overlap it by more than the threshold.

    Args:
        boxes: ``(N, 4)``, left, top, right, bottom.
        scores: ``(N,)``.
        iou_threshold: of intersection over union.

    Returns:
        ``int64 (K,)``.

    >>> boxes = torch.tensor([[0.0, 0, 10, 10], [1, 0, 11, 10], [20, 20, 30, 30]])
    >>> non_maximum_suppression(boxes, torch.tensor([0.5, 0.9, 0.7]), 0.5).tolist()
    [1, 2]
    """
    area = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
    waiting = scores.argsort(descending=True, stable=True)
    kept = []
    while len(waiting):
        best, waiting = waiting[0], waiting[1:]
        kept.append(best)
        corner = torch.maximum(boxes[best, :2], boxes[waiting, :2])
        opposite = torch.minimum(boxes[best, 2:], boxes[waiting, 2:])
        shared = (opposite - corner).clamp(min=0).prod(dim=1)
        overlap = shared / (area[best] + area[waiting] - shared)
        waiting = waiting[~(overlap > iou_threshold)]
    return torch.stack(kept) if kept else torch.empty(0, dtype=torch.int64, device=boxes.device)


def _own_operators_load(package: Path) -> bool:
    libraries = [*package.glob("_C.*"), *package.glob("_C_*.*")]
    for library in libraries:
        try:
            torch.ops.load_library(str(library))  # type: ignore[no-untyped-call]
        except (OSError, RuntimeError):  # built for another PyTorch
            return False
    return bool(libraries) and hasattr(torch.ops.torchvision, "nms")
