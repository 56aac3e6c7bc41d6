"""Draws a mesh as a picture of its own coordinates: which point of the pattern each pixel shows."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def rasterise(
    places: NDArray[np.float64],
    values: NDArray[np.float64],
    triangles: NDArray[np.intp],
    height: int,
    width: int,
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Values interpolated over triangles; the nearer triangle hides the farther one.

    Args:
        places: ``float64 (N, 3)``, each vertex's pixel x, pixel y and depth (larger = nearer).
        values: ``float64 (N, C)``, what is interpolated.
        triangles: ``intp (T, 3)``.
        height: the height of the picture, pixels.
        width: likewise.

    Returns:
        ``float32 (height, width, C)``, 0 where there is no triangle, and ``bool (height, width)``, where there is one.

    >>> corners = np.array([[0.0, 0, 0], [4, 0, 0], [0, 4, 0]])
    >>> _, inside = rasterise(corners, corners[:, :1], np.array([[0, 1, 2]]), 4, 4)
    >>> int(inside.sum())
    10
    """
    picture = np.zeros((height * width, values.shape[1]), dtype=np.float32)
    inside = np.zeros(height * width, dtype=np.bool_)
    triangles = triangles[np.argsort(places[triangles, 2].mean(axis=1), kind="stable")]
    x, y = places[triangles, 0] - 0.5, places[triangles, 1] - 0.5  # (T, 3), pixel centres at whole numbers
    area = (x[:, 1] - x[:, 0]) * (y[:, 2] - y[:, 0]) - (x[:, 2] - x[:, 0]) * (y[:, 1] - y[:, 0])
    left = np.clip(np.ceil(x.min(axis=1)), 0, width).astype(np.intp)
    top = np.clip(np.ceil(y.min(axis=1)), 0, height).astype(np.intp)
    columns = np.clip(np.floor(x.max(axis=1)) + 1, 0, width).astype(np.intp) - left
    rows = np.clip(np.floor(y.max(axis=1)) + 1, 0, height).astype(np.intp) - top
    seen = np.flatnonzero((np.abs(area) > 1e-9) & (columns > 0) & (rows > 0))
    if not len(seen):
        return picture.reshape(height, width, -1), inside.reshape(height, width)

    # Inside a triangle everything is linear in column and row: three numbers say what a quantity is.
    second = _plane(x, y, area, np.array([0.0, 1, 0])[:, None])
    third = _plane(x, y, area, np.array([0.0, 0, 1])[:, None])
    shown = _plane(x, y, area, values[triangles])

    # Every pixel of every triangle's bounding box in one flat list, far triangles first.
    counts = columns[seen] * rows[seen]
    owner = np.repeat(seen, counts)
    within = np.arange(len(owner)) - np.repeat(np.cumsum(counts) - counts, counts)
    down, across = np.divmod(within, columns[owner])
    column, row = left[owner] + across, top[owner] + down
    shares = [_at(part[..., 0], owner, column, row) for part in (second, third)]
    tolerance = 1e-6  # pixels on a shared edge belong to both triangles, never to none
    hit = (shares[0] >= -tolerance) & (shares[1] >= -tolerance) & (shares[0] + shares[1] <= 1 + tolerance)

    owner, column, row = owner[hit], column[hit], row[hit]
    target = row * width + column
    for channel in range(values.shape[1]):  # of equal targets the last, nearest, stays
        picture[target, channel] = _at(shown[..., channel], owner, column, row)
    inside[target] = True
    return picture.reshape(height, width, -1), inside.reshape(height, width)


def _at(
    planes: NDArray[np.float64], owner: NDArray[np.intp], column: NDArray[np.intp], row: NDArray[np.intp]
) -> NDArray[np.float64]:
    """What the plane ``(T, 3)`` of each pixel's owner says there."""
    constant, along_columns, along_rows = (np.ascontiguousarray(planes[:, part]).take(owner) for part in range(3))
    along_columns *= column
    along_rows *= row
    constant += along_columns
    constant += along_rows
    return constant


def _plane(
    x: NDArray[np.float64], y: NDArray[np.float64], area: NDArray[np.float64], corners: NDArray[np.float64]
) -> NDArray[np.float64]:
    """``(T, 3, C)``: constant, slope along columns and slope along rows of what has values `corners` ``(T, 3, C)``."""
    corners = np.broadcast_to(corners, (len(x), *corners.shape[-2:]))
    divisor = np.where(np.abs(area) > 1e-9, area, 1.0)[:, None]
    first, second = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    x1, x2 = (x[:, 1] - x[:, 0])[:, None], (x[:, 2] - x[:, 0])[:, None]
    y1, y2 = (y[:, 1] - y[:, 0])[:, None], (y[:, 2] - y[:, 0])[:, None]
    along_columns = (first * y2 - second * y1) / divisor
    along_rows = (second * x1 - first * x2) / divisor
    constant = corners[:, 0] - along_columns * x[:, :1] - along_rows * y[:, :1]
    return np.stack([constant, along_columns, along_rows], axis=1)
