"""Draws a mesh as a picture of its own coordinates: which point of the pattern each pixel shows."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

_SMALLEST_AREA = 1e-9  # twice that of a triangle, square pixels: less is an edge seen end-on
_TOLERANCE = 1e-6  # pixels on a shared edge belong to both triangles, never to none


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
        ``float32 (C, height, width)``, 0 where there is no triangle, and ``bool (height, width)``, where there is one.

    >>> corners = np.array([[0.0, 0, 0], [4, 0, 0], [0, 4, 0]])
    >>> _, inside = rasterise(corners, corners[:, :1], np.array([[0, 1, 2]]), 4, 4)
    >>> int(inside.sum())
    10
    """
    picture = np.zeros((values.shape[1], height * width), dtype=np.float32)
    inside = np.zeros(height * width, dtype=np.bool_)
    triangles = triangles[np.argsort(places[triangles, 2].mean(axis=1), kind="stable")]
    spans = _spans(places[triangles, :2] - 0.5, values.T[:, triangles], height, width)  # pixel centres: whole numbers
    length = spans.last - spans.first + 1
    column = np.arange(length.sum()) + (spans.first + length - np.cumsum(length)).repeat(length)
    target = column + (spans.row * width).repeat(length)
    for plane, start, slope in zip(picture, spans.start, spans.slope, strict=True):
        value = slope.repeat(length)
        value *= column
        value += start.repeat(length)
        plane[target] = value  # of equal targets the last, nearest, stays
    inside[target] = True
    return picture.reshape(-1, height, width), inside.reshape(height, width)


class _Spans(NamedTuple):
    """The parts of the picture's rows that triangles cover.

    Attributes:
        row: ``intp (S,)``.
        first: ``intp (S,)``, its first column.
        last: ``intp (S,)``, its last one.
        start: ``float64 (C, S)``, what each value would be in column 0 of the row.
        slope: ``float64 (C, S)``, by how much it grows from column to column.
    """

    row: NDArray[np.intp]
    first: NDArray[np.intp]
    last: NDArray[np.intp]
    start: NDArray[np.float64]
    slope: NDArray[np.float64]


def _spans(places: NDArray[np.float64], values: NDArray[np.float64], height: int, width: int) -> _Spans:
    """Spans in the order of the triangles, whose corners ``(T, 3, 2)`` have values ``(C, T, 3)``."""
    x, y = places[..., 0], places[..., 1]
    area = (x[:, 1] - x[:, 0]) * (y[:, 2] - y[:, 0]) - (x[:, 2] - x[:, 0]) * (y[:, 1] - y[:, 0])
    left, right = np.clip(np.ceil(x.min(axis=1)), 0, width), np.clip(np.floor(x.max(axis=1)) + 1, 0, width)
    top, bottom = np.clip(np.ceil(y.min(axis=1)), 0, height), np.clip(np.floor(y.max(axis=1)) + 1, 0, height)
    seen = np.flatnonzero((np.abs(area) > _SMALLEST_AREA) & (right > left) & (bottom > top))
    shares = np.broadcast_to(np.eye(3)[1:, None], (2, len(seen), 3))  # of the second and the third corner
    planes = _planes(x[seen], y[seen], area[seen], np.concatenate([shares, values[:, seen]]))

    rows = (bottom - top)[seen].astype(np.intp)
    row = np.arange(rows.sum()) + (top[seen].astype(np.intp) + rows - np.cumsum(rows)).repeat(rows)
    constant, slope, along_rows = planes.repeat(rows, axis=2)
    start = constant + along_rows * row
    first, last = left[seen].repeat(rows), (right[seen] - 1).repeat(rows)
    first, last = _narrowed(first, last, start[0], slope[0])
    first, last = _narrowed(first, last, start[1], slope[1])
    first, last = _narrowed(first, last, 1 - start[0] - start[1], -slope[0] - slope[1])
    first, last = np.ceil(first), np.floor(last)
    hit = np.flatnonzero(first <= last)
    return _Spans(
        row[hit], first[hit].astype(np.intp), last[hit].astype(np.intp), start[2:].take(hit, 1), slope[2:].take(hit, 1)
    )


def _planes(
    x: NDArray[np.float64], y: NDArray[np.float64], area: NDArray[np.float64], corners: NDArray[np.float64]
) -> NDArray[np.float64]:
    """``(3, C, T)``: constant, slope along columns and slope along rows of what has values `corners` ``(C, T, 3)``."""
    first, second = corners[..., 1] - corners[..., 0], corners[..., 2] - corners[..., 0]
    x1, x2, y1, y2 = x[:, 1] - x[:, 0], x[:, 2] - x[:, 0], y[:, 1] - y[:, 0], y[:, 2] - y[:, 0]
    along_columns = (first * y2 - second * y1) / area
    along_rows = (second * x1 - first * x2) / area
    constant = corners[..., 0] - along_columns * x[:, 0] - along_rows * y[:, 0]
    return np.stack([constant, along_columns, along_rows])


def _narrowed(
    first: NDArray[np.float64], last: NDArray[np.float64], share: NDArray[np.float64], growth: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The parts of spans where a corner's share, `share` in column 0 and `growth` more a column, is not negative."""
    with np.errstate(divide="ignore", invalid="ignore"):  # a share that does not grow: everything or nothing
        edge = -(share + _TOLERANCE) / (growth + 0.0)
    rising = growth >= 0
    return np.where(rising, np.fmax(first, edge), first), np.where(rising, last, np.fmin(last, edge))
