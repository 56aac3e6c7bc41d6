"""Thin-plate splines between two sets of landmarks, in units of dlib's mean-shape square.

A face's landmarks alone would let the picture's rim drift; a ring of fixed anchors well outside the frame holds it.
Source: F. Bookstein, "Principal warps", IEEE TPAMI 11(6), 1989, with the smoothing term of Wahba (1990).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Float = NDArray[np.float64]

ANCHOR_RADIUS = 1.7
"""Distance of the anchors from the frame's centre (the frame's half side is about 1.2)."""
SMOOTHING = 0.01
"""Weight of the bending energy: landmarks are followed to about a pixel, jitter of single points is not."""


def anchors(count: int = 20) -> Float:
    """``(count, 2)`` points on a square around the frame, evenly spaced."""
    angles = 2 * np.pi * (np.arange(count) + 0.5) / count
    circle = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    square: Float = ANCHOR_RADIUS * circle / np.abs(circle).max(axis=1, keepdims=True)
    return square


def kernel(points: Float, centres: Float) -> Float:
    """``r² log r²`` of every point (rows) to every centre (columns); 0 where they meet."""
    squared = ((points[:, None, :] - centres[None, :, :]) ** 2).sum(axis=2)
    result: Float = squared * np.log(np.maximum(squared, 1e-12))
    return result


def basis(points: Float, centres: Float) -> Float:
    """``(P, K + 3)``: the kernels and the affine part, to be multiplied by `weights`."""
    return np.hstack([kernel(points, centres), np.ones((len(points), 1)), points])


def weights(source: Float, target: Float) -> Float:
    """Weights ``(K + 3, 2)`` of the spline that takes `source` ``(K, 2)`` to `target`: ``basis(p, source) @ weights``.

    >>> square = anchors(8)
    >>> moved = basis(square, square) @ weights(square, square + [0.1, 0.0])
    >>> bool(np.allclose(moved, square + [0.1, 0.0]))
    True
    """
    count = len(source)
    system = np.zeros((count + 3, count + 3))
    system[:count, :count] = kernel(source, source) + SMOOTHING * np.eye(count)
    system[:count, count] = system[count, :count] = 1
    system[:count, count + 1 :] = source
    system[count + 1 :, :count] = source.T
    right = np.zeros((count + 3, 2))
    right[:count] = target
    return np.asarray(np.linalg.solve(system, right), dtype=np.float64)
