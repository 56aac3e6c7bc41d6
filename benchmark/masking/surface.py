"""A mask's cloth as a surface in the head frame: control points in the pattern's own coordinates, bent between them.

Pattern coordinates: ``u`` from −1 (the face's image-left edge) to 1, ``v`` from 0 (upper edge) to 1 (lower edge).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from benchmark.masking.head import Points3

Grid = NDArray[np.float64]
"""``float64 (K, 2)``, pattern coordinates."""


@dataclass(frozen=True)
class Mesh:
    """Triangles that approximate the cloth.

    Attributes:
        pattern: ``float64 (N, 2)``, each vertex's u and v.
        points: ``float64 (N, 3)``, head frame.
        triangles: ``intp (T, 3)``, vertices of each triangle.
    """

    pattern: Grid
    points: Points3
    triangles: NDArray[np.intp]

    def normals(self) -> Points3:
        """``float64 (N, 3)``: unit normals, out of the face."""
        first, second, third = self.points[self.triangles.T].transpose(0, 2, 1)
        (x1, y1, z1), (x2, y2, z2) = second - first, third - first
        flat = (y1 * z2 - z1 * y2, z1 * x2 - x1 * z2, x1 * y2 - y1 * x2)
        at = self.triangles.T.ravel()
        summed = np.stack([np.bincount(at, np.tile(part, 3), len(self.points)) for part in flat], axis=1)
        length: Points3 = np.linalg.norm(summed, axis=1, keepdims=True)
        outward: Points3 = summed / np.maximum(length, 1e-12)
        return outward


def bend(controls: Mapping[tuple[float, float], NDArray[np.float64]], *, round_outline: bool = False) -> Mesh:
    """The thin-plate surface through control points, as a mesh.

    Args:
        controls: pattern coordinates → point of the head frame.
        round_outline: the mesh ends at the ellipse inside the pattern's rectangle (a moulded cup) and not at its
            sides.
    """
    keys = tuple(controls)
    pattern, triangles = _sheet(round_outline)
    weights = _weights(keys, round_outline)
    return Mesh(pattern, weights @ np.array([controls[key] for key in keys]), triangles)


def thin_plate(controls: Grid, places: Grid) -> NDArray[np.float64]:
    """Weights ``(N, K)`` so that ``weights @ values`` is the thin-plate interpolation of K values at N places.

    Source: Bookstein, "Principal warps", PAMI 1989.

    >>> square = np.array([[-1.0, 0], [1, 0], [-1, 1], [1, 1]])
    >>> bool(np.allclose(thin_plate(square, np.array([[0.0, 0.5]])), 0.25))
    True
    """
    from scipy.interpolate import RBFInterpolator  # noqa: PLC0415  # not for `list`: it takes half a second

    spline = RBFInterpolator(controls, np.eye(len(controls)), kernel="thin_plate_spline")
    return np.asarray(spline(places), dtype=np.float64)


@lru_cache(maxsize=32)
def _weights(keys: tuple[tuple[float, float], ...], round_outline: bool) -> NDArray[np.float64]:
    # v is stretched to u's length so that the plate bends alike both ways
    stretch = np.array([1.0, 2.0])
    return thin_plate(np.array(keys) * stretch, _sheet(round_outline)[0] * stretch)


@lru_cache(maxsize=2)
def _sheet(round_outline: bool, columns: int = 25, rows: int = 21) -> tuple[Grid, NDArray[np.intp]]:
    u, v = np.meshgrid(np.linspace(-1, 1, columns), np.linspace(-1, 1, rows))
    if round_outline:  # elliptical grid mapping of the square onto the disc
        u, v = u * np.sqrt(1 - v**2 / 2), v * np.sqrt(1 - u**2 / 2)
    pattern = np.column_stack([u.ravel(), (v.ravel() + 1) / 2])
    index = np.arange(columns * rows).reshape(rows, columns)
    a, b, c, d = (part.ravel() for part in (index[:-1, :-1], index[:-1, 1:], index[1:, :-1], index[1:, 1:]))
    return pattern, np.vstack([np.column_stack([a, b, c]), np.column_stack([b, d, c])])
