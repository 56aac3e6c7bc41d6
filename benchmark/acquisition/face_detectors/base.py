"""What every face detector offers: photos in, boxes out."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmark.cards import AVAILABLE, Availability, FaceDetectorCard
from benchmark.faces import Image, Points

DETECTION_SIDE = 512
"""Longest side of the copy that is searched first, pixels."""
SMALLEST_ON_COPY = 40
"""Width of the faces that are looked for at the least, pixels of that copy: a thirteenth of its longest side."""
MAX_SEARCHED = 4096
"""Longest side that a copy may have, pixels, however small the faces that are asked for."""


@dataclass(frozen=True)
class FoundFaces:
    """The faces found in one photo, in pixels of that photo; K = 0 where there is none.

    Attributes:
        boxes: ``float64 (K, 4)``, left, top, right, bottom, as the face detector draws them.
        landmark_boxes: ``float64 (K, 4)``, the squares that dlib's HOG detector would draw round the same faces: sizes
            and places are compared by them, and dlib's landmark predictors start from them.
        scores: ``float64 (K,)``, how sure the face detector is, on its own scale.
        key_points: ``float32 (K, 5, 2)``, in the order of `FaceGeometry.key_points`; None if it gives none.
    """

    boxes: NDArray[np.float64]
    landmark_boxes: NDArray[np.float64]
    scores: NDArray[np.float64]
    key_points: Points | None = None

    def __len__(self) -> int:
        return len(self.boxes)

    def at_least(self, width: float) -> FoundFaces:
        """Those whose landmark box is `width` pixels wide or wider."""
        kept = self.landmark_boxes[:, 2] - self.landmark_boxes[:, 0] >= width
        points = None if self.key_points is None else self.key_points[kept]
        return FoundFaces(self.boxes[kept], self.landmark_boxes[kept], self.scores[kept], points)


NOTHING = FoundFaces(np.empty((0, 4)), np.empty((0, 4)), np.empty(0))


class FaceDetector(ABC):
    """Finds faces in photos.

    Args:
        device: torch device name, for those that are networks of PyTorch.
        min_face: width in pixels of the photo from which faces are looked for; None = `SMALLEST_ON_COPY` pixels of a
            copy whose longest side is at most `DETECTION_SIDE`.
        file: its model file, for those that need one.

    Raises:
        PluginError: what it needs is missing or damaged.
    """

    card: ClassVar[FaceDetectorCard] = FaceDetectorCard()
    version: ClassVar[int] = 1
    """Raised whenever the same photo would give other faces; part of the artefacts' keys."""

    def __init__(self, *, device: str = "cpu", min_face: int | None = None, file: Path | None = None) -> None:
        self.device = device
        self.min_face = min_face
        self.file = file

    @classmethod
    def availability(cls) -> Availability:
        """Whether it works here without further arguments."""
        return AVAILABLE

    @classmethod
    def batch(cls, device: str) -> int:  # noqa: ARG003
        """How many photos it is best given at once."""
        return 1

    @abstractmethod
    def detect(self, photos: Sequence[Image]) -> list[FoundFaces]:
        """The faces of each photo; what is found in one does not depend on the others.

        Args:
            photos: each ``uint8 (H, W, 3)``, RGB, upright, of any sizes.
        """

    def detect_large(self, photo: Image) -> FoundFaces:  # noqa: ARG002
        """The largest faces of a photo longer than `DETECTION_SIDE`, by a look that is much quicker than `detect`.

        Those that it finds, `detect` would find too, at about the same place. None here: not every face detector has
        such a look.

        Args:
            photo: ``uint8 (H, W, 3)``, RGB, upright.
        """
        return NOTHING


def first_scale(photo: Image) -> float:
    """By how much a photo is shrunk so that its longest side is at most `DETECTION_SIDE`."""
    return min(1.0, DETECTION_SIDE / int(max(photo.shape[:2])))


def smallest_face(photo: Image, min_face: int | None) -> float:
    """Width of the faces that are looked for at the least, pixels of `photo`."""
    return SMALLEST_ON_COPY / first_scale(photo) if min_face is None else float(min_face)


def shrunk_copy(photo: Image, min_face: int | None) -> tuple[Image, float]:
    """The copy that a network searches, and its scale.

    As large as `first_scale` says, or larger so that the smallest faces keep `SMALLEST_ON_COPY` pixels; never larger
    than the photo or than `MAX_SEARCHED`.
    """
    scale = max(first_scale(photo), SMALLEST_ON_COPY / smallest_face(photo, min_face))
    scale = min(1.0, scale, MAX_SEARCHED / max(photo.shape[:2]))
    if scale == 1:
        return np.ascontiguousarray(photo), 1.0
    size = (max(1, round(photo.shape[1] * scale)), max(1, round(photo.shape[0] * scale)))
    return np.asarray(cv2.resize(photo, size, interpolation=cv2.INTER_AREA), dtype=np.uint8), scale
