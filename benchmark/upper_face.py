"""The upper face alone: what a mask may hide is made grey."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from benchmark.faces import Image, Points

_EYES = (slice(36, 42), slice(42, 48))
"""Of dlib's 68 points: the eye on the left of the image, the one on the right."""
GREY = 128
"""Mid-grey is near every recogniser's mean, and makes no dark or bright edge."""


def upper_face(image: Image, landmarks: Points, *, depth: float, grey: int = GREY) -> Image:
    """A copy of `image` in which everything more than `depth` eye distances below the eyes has the value `grey`.

    Args:
        image: ``uint8 (H, W, 3)``.
        landmarks: ``float32 (68, 2)``, pixels of the image.
        depth: in distances between the eyes' centres.
        grey: of every channel, 0 to 255.
    """
    shown = np.array(image)
    shown[below_the_eyes(landmarks, image.shape[:2], depth=depth)] = grey
    return shown


def below_the_eyes(landmarks: Points, shape: tuple[int, int], *, depth: float) -> NDArray[np.bool_]:
    """``bool (H, W)``: the pixels more than `depth` eye distances below the line through the eyes' centres.

    Args:
        landmarks: ``float32 (68, 2)``, pixels of the image.
        shape: (H, W) of the image, pixels.
        depth: in distances between the eyes' centres.
    """
    left, right = (landmarks[eye].astype(np.float64).mean(axis=0) for eye in _EYES)
    across = right - left
    down = np.array([-across[1], across[0]])  # across, turned a quarter towards the chin
    rows, columns = np.mgrid[: shape[0], : shape[1]]
    return np.asarray((columns - left[0]) * down[0] + (rows - left[1]) * down[1] > depth * (across @ across))
