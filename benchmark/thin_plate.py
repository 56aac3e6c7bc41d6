"""Thin-plate splines between two sets of landmarks, in units of dlib's mean-shape square.

With a face's landmarks alone the border of the picture would drift; a ring of fixed anchors well outside the frame
prevents this.
Source: F. Bookstein, "Principal warps", IEEE TPAMI 11(6), 1989, with the smoothing term of Wahba (1990).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Float = NDArray[np.float64]

ANCHOR_RADIUS = 1.7
"""Distance of the anchors from the frame's centre (the frame's half side is about 1.2)."""
SMOOTHING = 0.005
"""Weight of the bending energy: landmarks are followed to about a pixel, jitter of single points is not."""


def anchors(count: int = 20) -> Float:
    """``(count, 2)`` points on a square around the frame, evenly spaced."""
    angles = 2 * np.pi * (np.arange(count) + 0.5) / count
    circle = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    square: Float = ANCHOR_RADIUS * circle / np.abs(circle).max(axis=1, keepdims=True)
    return square


def warped(points: Float, *, source: Float, target: Float) -> Float:
    """Where the smoothed spline that takes `source` ``(K, 2)`` to `target` ``(K, 2)`` moves `points` ``(P, 2)``.

    >>> square = anchors(8)
    >>> bool(np.allclose(warped(square, source=square, target=square + [0.1, 0.0]), square + [0.1, 0.0]))
    True
    """
    from scipy.interpolate import RBFInterpolator  # noqa: PLC0415  # not for `list`: it takes half a second

    spline = RBFInterpolator(source, target, kernel="thin_plate_spline", smoothing=SMOOTHING)
    return np.asarray(spline(points), dtype=np.float64)
