"""Ear loops and head bands: where they run, which parts of them can be seen, and how they are drawn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmark.masking.fabric import Colour
from benchmark.masking.head import Head, Points3
from benchmark.masking.light import PhotoLight, Plane
from benchmark.masking.overlay import Window

_STEPS = 28
_PART = np.linspace(0, 1, _STEPS)[:, None]
_ARCH = (4 * _PART * (1 - _PART))[:, 0]
_ANGLE = np.radians(48 + 32 * _PART[:, 0])
"""Of the cheek, from half sideways at the mask to fully sideways at the ear."""
_SHIFT = 4  # binary places of OpenCV's sub-pixel coordinates


@dataclass(frozen=True)
class Strap:
    """A cord or band.

    Attributes:
        points: ``float64 (K, 3)``, head frame, from the mask outwards.
        normals: ``float64 (K, 3)``, out of the head; where they turn away from the viewer, the head hides the strap.
        width: units of the head frame.
        colour: red, green, blue, 0 to 1.
        under_hair: it disappears where the photo shows no skin (an ear loop does, a head band does not).
    """

    points: Points3
    normals: Points3
    width: float
    colour: Colour
    under_hair: bool = True


def strap(
    start: NDArray[np.float64],
    end: NDArray[np.float64],
    *,
    side: int,
    width: float,
    colour: Colour,
    sag: float = 0.0,
    under_hair: bool = True,
) -> Strap:
    """A strap along the cheek from the mask's edge to the ear.

    Args:
        start: ``(3,)``, head frame.
        end: ``(3,)``, likewise.
        side: −1 for the image-left ear of a face that looks ahead, 1 for the right.
        width: units of the head frame.
        colour: red, green, blue, 0 to 1.
        sag: how far its middle hangs below the straight line.
        under_hair: see `Strap`.
    """
    points = (1 - _PART) * start + _PART * end
    points[:, 1] += sag * _ARCH
    points[:, 0] += side * 0.05 * _ARCH
    normals = np.column_stack([side * np.sin(_ANGLE), np.zeros(_STEPS), np.cos(_ANGLE)])
    return Strap(points, normals, width, colour, under_hair)


def ear_loops(
    head: Head,
    corners: Sequence[tuple[NDArray[np.float64], NDArray[np.float64]]],
    *,
    width: float,
    colour: Colour,
    sag: float,
) -> tuple[Strap, ...]:
    """Two straps a side, from a mask's upper and lower corner round the ear.

    Args:
        head: the head.
        corners: upper and lower corner, ``(3,)`` each, of the image-left and of the right side.
        width: units of the head frame.
        colour: red, green, blue, 0 to 1.
        sag: how far the lower straps hang below the straight line.
    """
    loops: list[Strap] = []
    for side, (upper, lower) in zip((-1, 1), corners, strict=True):
        index = 0.0 if side < 0 else 16.0
        inward = -side * 1.0
        top = head.jaw(index + 0.15 * inward) + np.array([side * 0.07, -0.02, -0.10])
        lobe = head.jaw(index + 1.75 * inward) + np.array([side * 0.07, 0.0, -0.12])
        loops.append(strap(upper, top, side=side, width=width, colour=colour, sag=-0.03))
        loops.append(strap(lower, lobe, side=side, width=width, colour=colour, sag=sag))
    return tuple(loops)


def draw_straps(straps: Sequence[Strap], head: Head, window: Window, light: PhotoLight) -> NDArray[np.float32]:
    """``float32 (h, w, 4)`` at the drawing's resolution: colour times alpha, and alpha."""
    height, width = window.drawing_size
    drawn = np.zeros((height, width, 4), dtype=np.float32)
    if not straps:
        return drawn
    # what is the same for every place is computed for all straps at once
    places = head.to_photo(np.concatenate([one.points for one in straps]))[:, :2]
    facing = np.clip(head.towards_viewer(np.concatenate([one.normals for one in straps])) / 0.12, 0, 1)
    likeness, in_drawing = _skin_likeness(places, window, light), window.to_drawing(places) - 0.5
    end = 0
    for one in straps:
        of_one = slice(end, end := end + len(one.points))
        at, seen = in_drawing[of_one], facing[of_one]
        if one.under_hair:
            seen = seen * _until_hair(likeness[of_one])
        thickness = one.width * head.scale * window.drawing
        low = np.clip(np.floor(at.min(axis=0) - thickness - 2), 0, (width, height)).astype(int)
        high = np.clip(np.ceil(at.max(axis=0) + thickness + 3), 0, (width, height)).astype(int)
        if seen.max() <= 0 or (high - low).min() <= 0:
            continue
        alpha, core = _line(at - low, seen, thickness, (high - low)[::-1])
        box = drawn[low[1] : high[1], low[0] : high[0]]
        # A cord is round: its edges are darker than its middle.
        cord = (0.8 + 0.2 * core) * alpha
        box *= cv2.merge([1 - alpha] * 4)
        box += cv2.merge([*(np.float32(level) * cord for level in one.colour), alpha])
    return drawn


def _line(
    at: NDArray[np.float64], seen: NDArray[np.float64], thickness: float, shape: NDArray[np.intp]
) -> tuple[Plane, Plane]:
    """Alpha of a line through places `at` of a picture of `shape`, and how near each pixel is to its middle, 0 to 1."""
    alpha = np.zeros(shape, dtype=np.uint8)
    core = np.zeros(shape, dtype=np.uint8)
    fixed = np.clip(np.round(at * (1 << _SHIFT)), -(1 << 24), 1 << 24).astype(int).tolist()
    outer, inner = max(1, round(thickness)), max(1, round(0.45 * thickness))
    for start, end, level in zip(fixed[:-1], fixed[1:], np.minimum(seen[:-1], seen[1:]), strict=True):
        if level > 0:
            cv2.line(alpha, start, end, round(255 * float(level)), outer, cv2.LINE_AA, _SHIFT)
            cv2.line(core, start, end, 255, inner, cv2.LINE_AA, _SHIFT)
    soft = cv2.GaussianBlur(core, (0, 0), max(0.5, 0.25 * thickness))
    return np.asarray(alpha, dtype=np.float32) / 255, np.asarray(soft, dtype=np.float32) / 255


def _skin_likeness(places: NDArray[np.float64], window: Window, light: PhotoLight) -> NDArray[np.float64]:
    """``float64 (K,)``: `PhotoLight.skin_likeness` at places of the photo."""
    height, width = light.skin_likeness.shape
    column, row = np.round(window.to_crop(places)).astype(int).T
    found = light.skin_likeness[np.clip(row, 0, height - 1), np.clip(column, 0, width - 1)]
    return np.asarray(found, dtype=np.float64)


def _until_hair(likeness: NDArray[np.float64]) -> NDArray[np.float64]:
    """1 along the part of a line that is on skin, from its start to where hair begins for good."""
    first, last = likeness[:1], likeness[-1:]
    smooth = np.convolve(np.concatenate([first, first, likeness, last, last]), np.ones(5) / 5, mode="valid")
    covered = np.clip((smooth - 0.12) / 0.2, 0, 1)
    return np.minimum.accumulate(covered)
