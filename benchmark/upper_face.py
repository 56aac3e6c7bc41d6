"""Which pixels of an image are below the upper face: what a mask may hide."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from benchmark.faces import Points

_EYES = (slice(36, 42), slice(42, 48))
"""Of dlib's 68 points: the eye on the left of the image, the one on the right."""


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
