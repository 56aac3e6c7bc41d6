"""The boxes of MTCNN's cascade: windows, offsets, squares, and which of several that overlap is kept."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

Boxes = NDArray[np.float32]
"""``float32 (M, 4)``: left, top, right, bottom, pixels."""

WINDOW, STRIDE = 12, 2
"""Side of what P-Net sees at once, and the step between two such windows, pixels."""
_SHRINK = 0.709
"""From one image of the pyramid to the next: half the area (Zhang et al. 2016)."""


def pyramid(width: int, height: int, smallest: float) -> Iterator[float]:
    """The scales at which P-Net's window covers faces from `smallest` pixels up to the whole image.

    >>> [round(scale, 3) for scale in pyramid(100, 60, 24)]
    [0.5, 0.354, 0.251]
    """
    scale = WINDOW / smallest
    while min(width, height) * scale >= WINDOW:
        yield scale
        scale *= _SHRINK


def window_boxes(rows: NDArray[np.int64], columns: NDArray[np.int64], scale: float) -> Boxes:
    """Where windows of an image of the pyramid are in the full one, in whole pixels counted from one."""
    first = STRIDE * np.stack([columns, rows], axis=1).astype(np.float32) + 1
    return np.concatenate([np.floor(first / scale), np.floor((first + WINDOW - 1) / scale)], axis=1, dtype=np.float32)


def refined(boxes: Boxes, offsets: NDArray[np.float32], *, edge: int = 1) -> Boxes:
    """Boxes moved by the offsets that a network gives, shares of their sides; `edge` is 1 where sides count pixels."""
    sides = boxes[:, 2:] - boxes[:, :2] + np.float32(edge)
    moved: Boxes = boxes + offsets * np.concatenate([sides, sides], axis=1)
    return moved


def squared(boxes: Boxes) -> Boxes:
    """The squares as wide as the longer side, about the same centres."""
    sides = boxes[:, 2:] - boxes[:, :2]
    longest = sides.max(axis=1, keepdims=True, initial=0)
    first = boxes[:, :2] + (sides - longest) / 2
    return np.concatenate([first, first + longest], axis=1)


def inside(boxes: Boxes, *, width: int, height: int) -> NDArray[np.int64]:
    """The part of each box within the image, as slices: first and end column and row, ``(M, 4)`` as in `Boxes`."""
    whole = np.trunc(boxes).astype(np.int64)
    return np.stack(
        [
            np.maximum(whole[:, 0], 1) - 1,
            np.maximum(whole[:, 1], 1) - 1,
            np.minimum(whole[:, 2], width),
            np.minimum(whole[:, 3], height),
        ],
        axis=1,
    )


def unsuppressed(
    boxes: Boxes, scores: NDArray[np.float32], overlap: float, *, of_smaller: bool = False
) -> NDArray[np.int64]:
    """Rows of the boxes that no better kept one overlaps by more than `overlap`, best first.

    Args:
        boxes: of one photo.
        scores: one a box.
        overlap: intersection over union or, `of_smaller`, over the smaller box (sides then count pixels): so that a
            part of a face within the whole of it goes.

    >>> boxes = np.array([[0, 0, 10, 10], [1, 0, 11, 10], [20, 20, 30, 30]], np.float32)
    >>> unsuppressed(boxes, np.array([0.5, 0.9, 0.7], np.float32), 0.5).tolist()
    [1, 2]
    """
    edge = np.float32(of_smaller)
    area = (boxes[:, 2:] - boxes[:, :2] + edge).prod(axis=1)
    waiting = np.argsort(-scores, kind="stable")
    kept = []
    while len(waiting):
        best, waiting = waiting[0], waiting[1:]
        kept.append(best)
        first = np.maximum(boxes[best, :2], boxes[waiting, :2])
        last = np.minimum(boxes[best, 2:], boxes[waiting, 2:])
        shared = np.maximum(last - first + edge, 0).prod(axis=1)
        base = np.minimum(area[best], area[waiting]) if of_smaller else area[best] + area[waiting] - shared
        waiting = waiting[~(shared > np.float32(overlap) * base)]
    return np.array(kept, dtype=np.int64)
