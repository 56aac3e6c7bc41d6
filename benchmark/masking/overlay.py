"""The part of a photo that a mask touches, at a bounded resolution, and how the mask is laid over the photo."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmark.errors import ImageRefused
from benchmark.faces import Image
from benchmark.masking.light import Plane

_LARGEST = 700  # side of the largest drawing, pixels: bounds time and memory whatever the photo's size
_SUPERSAMPLED = 260  # side to which small masks are drawn before they are reduced
_FEWEST_ALPHA = 1 / 255
_STRIP = 1 << 20  # pixels laid over the photo at once


@dataclass(frozen=True)
class Window:
    """A box of the photo and its two resolutions.

    Attributes:
        left: first column of the photo.
        top: first row.
        width: columns of the photo.
        height: rows of the photo.
        working: pixels of the overlay for one of the photo, at most 1.
        drawing: pixels of the drawing for one of the photo; above `working` where edges are supersampled.
    """

    left: int
    top: int
    width: int
    height: int
    working: float
    drawing: float

    @property
    def size(self) -> tuple[int, int]:
        """Height and width of the overlay."""
        return max(2, round(self.height * self.working)), max(2, round(self.width * self.working))

    @property
    def drawing_size(self) -> tuple[int, int]:
        """Height and width of the drawing."""
        return max(2, round(self.height * self.drawing)), max(2, round(self.width * self.drawing))

    def crop(self, photo: Image) -> Image:
        """The box at working resolution."""
        box = photo[self.top : self.top + self.height, self.left : self.left + self.width]
        if self.working == 1:
            return box
        return np.asarray(cv2.resize(box, self.size[::-1], interpolation=cv2.INTER_AREA), dtype=np.uint8)

    def to_crop(self, points: NDArray[np.floating]) -> NDArray[np.float64]:
        """Pixels of the photo to pixels of the overlay."""
        return self._moved(points, self.size)

    def to_drawing(self, points: NDArray[np.floating]) -> NDArray[np.float64]:
        """Pixels of the photo to places in the drawing, whole numbers being the corners of its pixels."""
        return self._moved(points, self.drawing_size) + 0.5

    def _moved(self, points: NDArray[np.floating], size: tuple[int, int]) -> NDArray[np.float64]:
        factor = np.array([size[1] / self.width, size[0] / self.height])
        moved: NDArray[np.float64] = (points - [self.left, self.top] + 0.5) * factor - 0.5
        return moved


def window_around(
    points: NDArray[np.float64], *, margin: float, shape: tuple[int, ...], finest: float = math.inf
) -> Window:
    """The box of a photo of `shape` (height, width, …) round `points`, drawn at most `finest` times as fine.

    Raises:
        ImageRefused: the box is outside the photo.
    """
    low = np.floor(points.min(axis=0) - margin).astype(int)
    high = np.ceil(points.max(axis=0) + margin).astype(int) + 1
    left, top = np.maximum(low, 0)
    right, bottom = np.minimum(high, [shape[1], shape[0]])
    if right - left < 4 or bottom - top < 4:
        raise ImageRefused("mask not placed: it would be outside the photo")
    longest = int(max(right - left, bottom - top))
    drawing = min(float(np.clip(_SUPERSAMPLED / longest, 2, 4)), _LARGEST / longest, finest)
    return Window(int(left), int(top), int(right - left), int(bottom - top), min(1.0, drawing), drawing)


@dataclass(frozen=True)
class Overlay:
    """A mask ready to be laid over a window.

    Attributes:
        colour: ``float32 (h, w, 3)``, 0 to 255, times alpha.
        alpha: ``float32 (h, w)``.
        shadow: ``float32 (h, w)``, 0 to 1, how much darker the photo becomes beside the mask.
    """

    colour: NDArray[np.float32]
    alpha: Plane
    shadow: Plane


def paste(photo: Image, overlay: Overlay, window: Window) -> tuple[Image, NDArray[np.uint8]]:
    """A copy of `photo` with the overlay on it, and its coverage: 255 wherever a pixel may have changed."""
    masked = photo.copy()
    coverage = np.zeros(photo.shape[:2], dtype=np.uint8)
    layers = [*_planes(overlay.colour), overlay.alpha, overlay.shadow]
    rows = max(1, _STRIP // window.width)
    for first in range(0, window.height, rows):
        count = min(rows, window.height - first)
        *colour, alpha, shadow = _part(layers, window, first, count)
        alpha = np.clip(alpha, 0, 1)
        touched = (alpha > _FEWEST_ALPHA) | (shadow > 0)
        where = (slice(window.top + first, window.top + first + count), slice(window.left, window.left + window.width))
        lightness, through = 1 - shadow, 1 - alpha
        for channel, plane in enumerate(colour):
            laid = photo[where][..., channel] * lightness * through + plane
            np.copyto(masked[where][..., channel], np.clip(np.rint(laid), 0, 255), where=touched, casting="unsafe")
        coverage[where][touched] = 255
    return masked, coverage


def _part(layers: Sequence[Plane], window: Window, first: int, count: int) -> Sequence[Plane]:
    """Rows of the overlay at the photo's own resolution."""
    if window.working == 1:
        return [layer[first : first + count] for layer in layers]
    height, width = layers[0].shape
    across, down = width / window.width, height / window.height
    matrix = np.array([[across, 0, 0.5 * across - 0.5], [0, down, (first + 0.5) * down - 0.5]])
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    together = cv2.merge(layers)
    part = cv2.warpAffine(together, matrix, (window.width, count), flags=flags, borderMode=cv2.BORDER_REPLICATE)
    return _planes(np.asarray(part, dtype=np.float32))


def _planes(layers: NDArray[np.float32]) -> list[Plane]:
    """Each channel by itself: arithmetic on planes is several times as fast as along three or four channels."""
    return [np.asarray(plane, dtype=np.float32) for plane in cv2.split(layers)]
