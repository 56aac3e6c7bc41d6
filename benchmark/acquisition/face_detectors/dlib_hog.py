"""dlib's HOG detector of frontal faces."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any

import cv2
import dlib
import numpy as np
from numpy.typing import NDArray

from benchmark.acquisition.alignment import halved
from benchmark.acquisition.face_detectors.base import (
    MAX_SEARCHED,
    FaceDetector,
    FoundFaces,
    first_scale,
)
from benchmark.cards import FaceDetectorCard
from benchmark.faces import Image

SMALLEST_SEEN = 80
"""Width of the smallest faces that the detector finds, pixels of what it is given."""
_WINDOW = 72
"""Width of the box that it draws round what its window holds, pixels of the level of its pyramid."""
_STEP, _MARGIN = 6 / 5, 0.3
"""From a level of its pyramid to the next finer one: a place p becomes p · _STEP + _MARGIN.

Source: dlib, ``pyramid_down<6>``."""
_LEVELS_LEFT_OUT = 4
"""Finest levels of the pyramid that `detect_large` does without: they cost three quarters of the time."""


class DlibHog(FaceDetector):
    """Histograms of oriented gradients under a sliding window, five views from half profile to half profile.

    It runs on a copy whose longest side is at most `DETECTION_SIDE`; where it finds nothing, once more at twice that
    scale (from the photo's own pixels, as far as it has them). If smaller faces are requested than these two
    searches can find, the scale is doubled again until it suffices.
    """

    card = FaceDetectorCard(
        summary="dlib's HOG detector of frontal faces, with a second look at twice the scale",
        source="King, Max-Margin Object Detection, 2015; Dalal and Triggs, CVPR 2005; dlib, get_frontal_face_detector",
        licence="Boost 1.0 (dlib, the model inside the library)",
        trained_on=("lfw",),
    )

    def detect(self, photos: Sequence[Image]) -> list[FoundFaces]:
        """The faces of each photo; their boxes are squares already."""
        return [self._search(photo) for photo in photos]

    def detect_large(self, photo: Image) -> FoundFaces:
        """The large faces that the first look of `detect` would find, in a quarter of its time.

        Searched are the levels of that look's pyramid from the fifth on: what is wide enough for them (166 pixels of
        the copy, a third of its longest side) is nearly always found at the same level and place, so that the boxes are
        the same.
        """
        scale = first_scale(photo)
        small = scale / _STEP**_LEVELS_LEFT_OUT
        size = (max(1, round(photo.shape[1] * small)), max(1, round(photo.shape[0] * small)))
        smaller, _ = halved(photo, longest=max(size))
        # by less than 2, for which averaging takes five times as long
        copy = cv2.resize(smaller, size, interpolation=cv2.INTER_LINEAR)
        found, scores, _ = _detector().run(copy, 0, 0.0)
        boxes = np.array([_on_finer_copy(box) for box in found], dtype=np.float64).reshape(-1, 4) / scale
        return FoundFaces(boxes, boxes, np.array(scores, dtype=np.float64))

    def _search(self, photo: Image) -> FoundFaces:
        found = FoundFaces(np.empty((0, 4)), np.empty((0, 4)), np.empty(0))
        for scale in looks(photo, self.min_face):
            boxes, scores = look(photo, scale)
            found = FoundFaces(boxes, boxes, scores)
            if len(found):
                break
        return found


def looks(photo: Image, min_face: int | None) -> Iterator[float]:
    """The scales at which a photo is searched, until a face is found.

    >>> import numpy as np
    >>> photo = np.zeros((768, 1024, 3), np.uint8)
    >>> list(looks(photo, None)), list(looks(photo, 20)), list(looks(photo, 200))
    ([0.5, 1.0], [0.5, 1.0, 2.0, 4.0], [0.5])
    """
    scale = first_scale(photo)
    finest = 2 * scale if min_face is None else SMALLEST_SEEN / min_face
    finest = min(finest, max(2 * scale, MAX_SEARCHED / max(photo.shape[:2])))
    yield scale
    while scale < finest:
        scale = min(2 * scale, finest)
        yield scale


def look(photo: Image, scale: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Boxes ``(K, 4)``, pixels of the photo, and scores of the faces found on a copy `scale` times as large."""
    height, width = photo.shape[:2]
    copy: NDArray[Any] = np.ascontiguousarray(photo)
    if scale != 1:
        size = (max(1, math.ceil(width * scale)), max(1, math.ceil(height * scale)))
        copy = cv2.resize(photo, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    found, scores, _ = _detector().run(copy, 0, 0.0)
    edges = [(box.left(), box.top(), box.right(), box.bottom()) for box in found]
    return np.array(edges, dtype=np.float64).reshape(-1, 4) / scale, np.array(scores, dtype=np.float64)


def _on_finer_copy(box: Any) -> NDArray[np.float64]:
    """The box as dlib draws it where the pyramid has `_LEVELS_LEFT_OUT` finer levels."""
    edges = np.array([box.left(), box.top(), box.right(), box.bottom()], dtype=np.float64)
    level = max(0, round(math.log(max(box.width() - 1, 1) / _WINDOW, _STEP)))
    for _ in range(level):
        edges = (edges - _MARGIN) / _STEP
    edges = np.rint(edges)  # on its own level it is at whole pixels
    for _ in range(level + _LEVELS_LEFT_OUT):
        edges = edges * _STEP + _MARGIN
    return np.rint(edges)


@cache
def _detector() -> Any:
    return dlib.get_frontal_face_detector()
