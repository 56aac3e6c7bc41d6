"""dlib's 68 landmarks and its 5 points, placed on a face whose box is known, and the box they start from."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from functools import cache
from typing import Any

import dlib
import numpy as np
from numpy.typing import NDArray

from benchmark.acquisition.dlib_models import verified_model_path
from benchmark.faces import Image, Points

log = logging.getLogger(__name__)

_SIDE = 3.57
"""Side of the square that dlib's HOG detector draws, in spreads of the five key points."""
_RISE = 0.104
"""How far the square's centre is above the key points' mean, in spreads."""


def place_landmarks(image: Image, box: NDArray[np.floating]) -> Points:
    """dlib's 68 landmarks of a face whose box is known. It always gives landmarks, even where there is no face.

    Args:
        image: ``uint8 (H, W, 3)``, RGB.
        box: left, top, right, bottom, pixels.

    Returns:
        ``float32 (68, 2)``, pixels of `image`.

    Raises:
        PluginError: dlib's models are missing or damaged.
    """
    return _points(_models().landmarks(np.ascontiguousarray(image), _rectangle(box)))


def place_five_points(image: Image, box: NDArray[np.floating]) -> Points:
    """dlib's five points, ``float32 (5, 2)``; as `place_landmarks`."""
    return _points(_models().five_points(np.ascontiguousarray(image), _rectangle(box)))


def landmark_boxes(key_points: Points) -> NDArray[np.float64]:
    """The squares that dlib's HOG detector would draw round faces whose five key points are known.

    dlib's predictors were trained on boxes of that detector and start from the box, so that a box of another kind
    displaces what they find. The square is centred a little above the mean of the points, and its side is a multiple of
    their spread (root mean square distance from the mean): medians over 695 photos of faces-train in which MTCNN and
    HOG found the same face (``docs/measure_face_detectors.py boxes``). Using the points instead of the other
    detector's box, whose centre moves as the head turns, halves the error.

    Args:
        key_points: ``float32 (K, 5, 2)``, in the order of `FaceGeometry.key_points`.

    Returns:
        ``float64 (K, 4)``.
    """
    points = np.asarray(key_points, dtype=np.float64).reshape(-1, 5, 2)
    mean = points.mean(axis=1)
    spread = np.sqrt(((points - mean[:, None]) ** 2).sum(axis=(1, 2)) / 5)[:, None]
    centre = mean - (0, _RISE) * spread
    return np.concatenate([centre - _SIDE / 2 * spread, centre + _SIDE / 2 * spread], axis=1)


@dataclass(frozen=True)
class _Models:
    landmarks: Any
    five_points: Any


@cache
def _models() -> _Models:
    """dlib's predictors, loaded once per process (half a second, 100 MB)."""
    log.debug("loading dlib's landmark models")
    return _Models(
        landmarks=dlib.shape_predictor(str(verified_model_path("shape_predictor_68_face_landmarks.dat"))),
        five_points=dlib.shape_predictor(str(verified_model_path("shape_predictor_5_face_landmarks.dat"))),
    )


def _rectangle(box: NDArray[np.floating]) -> dlib.rectangle:
    return dlib.rectangle(*(int(edge) for edge in np.rint(box)))


def _points(shape: Any) -> Points:
    return np.array([(point.x, point.y) for point in shape.parts()], dtype=np.float32)
