"""YOLOv5n from the `ultralytics` package, as a plain network: its architecture and its loss, without its trainer.

The package's trainer reads photos from disk and writes pickles; here our own loop trains, and stores tensors alone.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import cv2
import numpy as np
import torch
from torch import Tensor, nn

from benchmark.cards import missing_package
from benchmark.errors import PluginError
from benchmark.torchvision_operators import provide_operators

INSTALL = "pip install 'ultralytics>=8.4.190' (an extra, under AGPL-3.0)"
NEEDS = {"ultralytics": INSTALL, "torchvision": INSTALL}
"""Packages by the name under which they are imported, with the command that installs them."""
STRIDE = 32
"""The side of what the network sees is divisible by it."""


class MaskYolo(nn.Module):
    """YOLOv5n with one class, newly initialised, for faces whose side is divisible by 32.

    What the package calls ``yolov5n.yaml``: YOLOv5's backbone and neck with the anchor-free head of YOLOv8.

    Raises:
        PluginError: the package is missing or of an unknown layout.
    """

    def __init__(self) -> None:
        super().__init__()
        missing = missing_package(NEEDS)
        if missing:
            raise PluginError(missing)
        self.network = _new_network()
        self._criterion: Any = None

    def forward(self, images: Tensor, boxes: Tensor | None = None, rows: Tensor | None = None) -> Tensor:
        """Predictions, or in training the loss.

        Args:
            images: ``(B, 3, S, S)`` in [0, 1].
            boxes: ``(M, 4)``, true boxes: centre x, centre y, width, height, shares of the side; in training mode.
            rows: ``(M,)``, the image of each box; an image without any is an example of nothing to find.

        Returns:
            Without boxes, in evaluation mode: ``(B, 5, A)``, each candidate's centre x, centre y, width, height in
            pixels, and its score in [0, 1]. With boxes, in training mode: the loss an image, a scalar.
        """
        predicted = self.network(images)
        if boxes is None:
            decoded: Tensor = predicted[0] if isinstance(predicted, tuple) else predicted
            return decoded
        if self._criterion is None:
            self._criterion = self.network.init_criterion()
        targets = {"batch_idx": rows, "cls": torch.zeros(len(boxes), 1, device=boxes.device), "bboxes": boxes}
        loss: Tensor = self._criterion(predicted, targets)[0]
        return loss.sum() / len(images)


def _new_network() -> Any:
    # neither look for updates nor install anything, as the package likes to do when imported
    for name, value in (("YOLO_OFFLINE", "true"), ("YOLO_AUTOINSTALL", "false"), ("YOLO_VERBOSE", "false")):
        os.environ.setdefault(name, value)
    provide_operators()
    try:
        with _others_unchanged():
            network = importlib.import_module("ultralytics.nn.tasks").DetectionModel(
                "yolov5n.yaml", nc=1, verbose=False
            )
            network.args = importlib.import_module("ultralytics.cfg").get_cfg()
    except (ImportError, AttributeError, TypeError, RuntimeError) as error:
        raise PluginError(f"ultralytics is installed but does not work ({error}); {INSTALL}") from error
    return network


@contextmanager
def _others_unchanged() -> Iterator[None]:
    """Undo what importing the package changes for the whole process: how NumPy prints numbers, and OpenCV's threads,
    which everything that is drawn or warped afterwards would lack."""
    threads = cv2.getNumThreads()
    try:
        with np.printoptions():
            yield
    finally:
        cv2.setNumThreads(threads)
