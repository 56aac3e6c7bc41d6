"""Finds the face of a photo's subject: dlib's HOG detector, its 68 landmarks and its 5 points.

Importing this module loads no model and no torch: worker processes start fast and load the models on first use.
"""

from __future__ import annotations

import logging
import math
from dataclasses import dataclass
from functools import cache
from typing import Any

import cv2
import dlib
import numpy as np
from numpy.typing import NDArray

from benchmark.acquisition.dlib_models import verified_model_path
from benchmark.errors import ImageRefused
from benchmark.faces import FaceGeometry, Image, Points

log = logging.getLogger(__name__)

DETECTION_SIDE = 512
"""Longest side of the copy that the detector sees, pixels. dlib finds faces from 80 pixels up: a sixth of it."""
LARGE_FACE = 0.5
"""A face counts as large if it is at least this share as wide as the widest face of the photo."""
SMALLEST_PHOTO = 20
"""Shortest side of a photo that is worth searching, pixels."""
_MOST_OUTSIDE = 0.5
"""A face with a larger share of its 68 landmarks outside the photo is refused: most of it would be guessed."""


def locate_face(photo: Image) -> FaceGeometry:
    """Where the face of the photo's subject is.

    The detector runs on a copy whose longest side is at most `DETECTION_SIDE`; where it finds nothing, once more at
    twice that scale (from the photo's own pixels, as far as it has them). Landmarks are placed on the full photo.

    Of several faces, the subject's is the most central large one: among those at least `LARGE_FACE` times as wide as
    the widest, the one whose centre is nearest to the centre of the photo; of equally near ones the widest.

    Args:
        photo: ``uint8 (H, W, 3)``, RGB, upright.

    Returns:
        The geometry in pixels of `photo`. Landmarks may lie outside it where the face is cut off.

    Raises:
        ImageRefused: no face, a photo too small to hold one, or a face mostly outside the photo.
        PluginError: dlib's models are missing or damaged.
    """
    height, width = photo.shape[:2]
    if min(height, width) < SMALLEST_PHOTO:
        raise ImageRefused(f"the photo is too small to hold a face: {width}×{height} pixels")
    scale = min(1.0, DETECTION_SIDE / max(height, width))
    boxes = _detect(photo, scale)
    if not len(boxes):
        boxes = _detect(photo, 2 * scale)
    if not len(boxes):
        raise ImageRefused("no face found")
    box = boxes[most_central_large_face(boxes, width=width, height=height)]
    models = _models()
    rectangle = dlib.rectangle(*(int(edge) for edge in np.rint(box)))
    pixels = np.ascontiguousarray(photo)
    landmarks = _points(models.landmarks(pixels, rectangle))
    outside = ((landmarks < 0) | (landmarks > (width - 1, height - 1))).any(axis=1).mean()
    if outside > _MOST_OUTSIDE:
        raise ImageRefused(f"the face lies mostly outside the photo ({outside:.0%} of its landmarks)")
    return FaceGeometry(box.astype(np.float32), landmarks, _points(models.five_points(pixels, rectangle)))


def place_landmarks(image: Image, box: NDArray[np.floating]) -> Points:
    """dlib's 68 landmarks of a face whose box is known; there is always an answer, however little it means.

    Args:
        image: ``uint8 (H, W, 3)``, RGB.
        box: left, top, right, bottom, pixels.

    Returns:
        ``float32 (68, 2)``, pixels of `image`.

    Raises:
        PluginError: dlib's models are missing or damaged.
    """
    rectangle = dlib.rectangle(*(int(edge) for edge in np.rint(box)))
    return _points(_models().landmarks(np.ascontiguousarray(image), rectangle))


def most_central_large_face(boxes: NDArray[np.float64], *, width: int, height: int) -> int:
    """Index of the subject's face by the rule that `locate_face` states.

    A passer-by half as large does not count, however central; of two large faces the central one does:

    >>> boxes = np.array([[0, 0, 80, 80], [90, 90, 110, 110], [110, 60, 180, 130]])
    >>> most_central_large_face(boxes, width=200, height=200)
    2

    Args:
        boxes: ``(K, 4)``: left, top, right, bottom; K ≥ 1.
        width: of the photo, pixels.
        height: of the photo, pixels.
    """
    widths = boxes[:, 2] - boxes[:, 0]
    centres = (boxes[:, :2] + boxes[:, 2:]) / 2
    distances = np.hypot(centres[:, 0] - width / 2, centres[:, 1] - height / 2)
    large = widths >= LARGE_FACE * widths.max()
    order = np.lexsort((-widths, distances, ~large))  # the last key is the first to decide
    return int(order[0])


@dataclass(frozen=True)
class _Models:
    detector: Any
    landmarks: Any
    five_points: Any


@cache
def _models() -> _Models:
    """dlib's models, loaded once a process (half a second, 100 MB)."""
    log.debug("loading dlib's detector and landmark models")
    return _Models(
        detector=dlib.get_frontal_face_detector(),
        landmarks=dlib.shape_predictor(str(verified_model_path("shape_predictor_68_face_landmarks.dat"))),
        five_points=dlib.shape_predictor(str(verified_model_path("shape_predictor_5_face_landmarks.dat"))),
    )


def _detect(photo: Image, scale: float) -> NDArray[np.float64]:
    """Boxes ``(K, 4)``, pixels of the photo, of the faces found on a copy `scale` times as large."""
    height, width = photo.shape[:2]
    copy: NDArray[Any] = np.ascontiguousarray(photo)
    if scale != 1:
        size = (max(1, math.ceil(width * scale)), max(1, math.ceil(height * scale)))
        copy = cv2.resize(photo, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    found = _models().detector(copy, 0)
    edges = [(box.left(), box.top(), box.right(), box.bottom()) for box in found]
    return np.array(edges, dtype=np.float64).reshape(-1, 4) / scale


def _points(shape: Any) -> Points:
    return np.array([(point.x, point.y) for point in shape.parts()], dtype=np.float32)
