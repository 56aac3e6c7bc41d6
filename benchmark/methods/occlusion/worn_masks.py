"""Masks of any outline and any cloth, as far from the ten drawn types as what people wear.

A detector that has seen drawn masks alone knows their colours, their hems and how far up the nose they reach. Here all
of that is left to chance: what stays is that cloth covers mouth and chin, and ends on the nose.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmark.faces import Image, Points
from benchmark.methods.occlusion.occluders import Coverage, on_the_nose, skin_like, texture

_CHIN = 8
_NOSE_BASE = 33
_MOUTH = slice(48, 68)
Outline = NDArray[np.float64]
"""``float64 (K, 2)``, corners of a polygon, pixels, x then y."""


def mask_outline(landmarks: Points, generator: np.random.Generator) -> Outline:
    """A mask from one cheek over the chin to the other, and across the nose; some wider, taller or rounder than others.

    Args:
        landmarks: ``float32 (68, 2)``.
        generator: decides everything.
    """
    jaw = landmarks[:17].astype(np.float64)
    centre = (jaw.mean(axis=0) + landmarks[_MOUTH].mean(axis=0)) / 2
    stretch = np.array([generator.uniform(0.8, 1.15), generator.uniform(0.8, 1.25)])
    first = int(generator.integers(0, 6))
    sides = ((jaw - centre) * stretch + centre)[first : 17 - first]
    outline = np.concatenate([sides, _top_edge(sides[-1], sides[0], on_the_nose(landmarks, generator), generator)])
    if generator.random() < 0.6:
        outline = _rounder(outline)
    return _moved(outline, centre, _span(landmarks), generator)


def gaiter_outline(landmarks: Points, size: int, generator: np.random.Generator) -> Outline:
    """A tube or a kerchief before the lower face, which goes on below the chin; arguments as of `mask_outline`.

    Args:
        size: side of the crop, pixels.
    """
    jaw = landmarks[:17].astype(np.float64)
    first = int(generator.integers(0, 4))
    left, right = jaw[first], jaw[16 - first]
    chin, width = jaw[_CHIN], float(right[0] - left[0])
    end = chin[1] + generator.uniform(0.1, 1.5) * (size - chin[1])
    taper = generator.uniform(-0.15, 0.3, size=2) * width
    below = np.array([[left[0] + taper[0], end], [right[0] - taper[1], end]])
    if generator.random() < 0.3:  # the tip of a kerchief
        below = np.array([[chin[0] + generator.uniform(-0.2, 0.2) * width, end]])
    top = _top_edge(right, left, on_the_nose(landmarks, generator), generator)
    middle = np.stack([left, right]) * [1, 0.4] + chin * [0, 0.6]  # beside the mouth
    middle[:, 0] += np.array([1, -1]) * generator.uniform(-0.05, 0.2) * width
    return np.concatenate([left[None], middle[:1], below, middle[1:], right[None], top])


def straps(landmarks: Points, outline: Outline, size: int, generator: np.random.Generator) -> Coverage:
    """Two thin lines from the mask's upper and lower end to each ear."""
    coverage = np.zeros((size, size), np.float32)
    thickness = max(1, round(_span(landmarks) * generator.uniform(0.02, 0.06)))
    middle = outline[:, 0].mean()
    for ear, side in (
        (landmarks[0], outline[outline[:, 0] < middle]),
        (landmarks[16], outline[outline[:, 0] > middle]),
    ):
        if not len(side):
            continue
        away = np.array([np.sign(ear[0] - middle) * 0.15 * _span(landmarks), 0])
        far = np.abs(side[:, 0] - middle)
        ends = side[far > 0.6 * far.max()]
        for end in (ends[ends[:, 1].argmin()], ends[ends[:, 1].argmax()]):
            cv2.line(coverage, _place(end), _place(ear + away), 1.0, thickness, cv2.LINE_AA)
    return coverage


def cloth(
    landmarks: Points, coverage: Coverage, person: Image, other: Image, generator: np.random.Generator
) -> NDArray[np.float32]:
    """What a mask may look like, ``float32 (S, S, 3)`` in [0, 255]: a texture with folds, pleats, hem, valves, prints.

    Args:
        landmarks: ``float32 (68, 2)``, pixels of the crop.
        coverage: of the mask.
        person: ``uint8 (S, S, 3)``, who wears it: now and then the cloth has the colour of the skin.
        other: ``uint8 (S, S, 3)``, another photo, of which pieces may become the cloth or its print.
        generator: decides everything.
    """
    size, span = coverage.shape[0], _span(landmarks)
    worn = _tiled(size, other, generator) if generator.random() < 0.15 else texture(size, other, generator)
    if generator.random() < 0.08:
        worn = skin_like(worn, person, generator)
    if generator.random() < 0.25:
        worn = _printed(worn, landmarks, other, generator)
    if generator.random() < 0.3:
        worn = _pleated(worn, landmarks, generator)
    if generator.random() < 0.15:
        seam = np.zeros((size, size), np.float32)
        cv2.line(seam, _place(landmarks[_NOSE_BASE] - [0, span / 2]), _place(landmarks[_CHIN] + [0, span / 4]), 1.0, 1)
        worn = _inked(worn, seam, generator)
    if generator.random() < 0.25:
        inside = cv2.erode(coverage, np.ones((3, 3), np.uint8), iterations=max(1, round(span * 0.05)))
        worn = _inked(worn, np.asarray(coverage - inside, dtype=np.float32), generator)
    if generator.random() < 0.2:
        worn = _valved(worn, landmarks, other, generator)
    folds = generator.normal(0, 1, size=(int(generator.integers(3, 9)), int(generator.integers(3, 9))))
    shade = cv2.resize(folds.astype(np.float32), (size, size), interpolation=cv2.INTER_CUBIC)
    return np.asarray(worn * (1 + generator.uniform(0, 0.15) * shade[:, :, None]), dtype=np.float32)


def _top_edge(right: Outline, left: Outline, top: Outline, generator: np.random.Generator) -> Outline:
    """From the image-right cheek over the nose to the image-left one: a peak, a straight line or an arch."""
    along, lift = generator.uniform(0.2, 0.9), generator.uniform(-0.1, 0.7)
    shoulders = []
    for side in (right, left):
        place = side + (top - side) * along
        shoulders.append(place + np.array([0, (top[1] - place[1]) * lift]))
    return np.stack([shoulders[0], top, shoulders[1]])


def _rounder(outline: Outline) -> Outline:
    """Every corner cut twice (Chaikin, *An Algorithm for High-Speed Curve Generation*, 1974)."""
    for _ in range(2):
        following = np.roll(outline, -1, axis=0)
        outline = np.stack([0.75 * outline + 0.25 * following, 0.25 * outline + 0.75 * following], axis=1).reshape(
            -1, 2
        )
    return outline


def _moved(outline: Outline, centre: Outline, span: float, generator: np.random.Generator) -> Outline:
    angle = np.radians(generator.normal(0, 4))
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    return np.asarray((outline - centre) @ turn.T + centre + generator.normal(0, 0.04 * span, size=2))


def _tiled(size: int, other: Image, generator: np.random.Generator) -> NDArray[np.float32]:
    """A piece of the other photo, again and again: flowers, letters, camouflage."""
    side = int(generator.integers(max(4, size // 10), max(6, size // 3)))
    part = size // int(generator.integers(1, 4))
    top, left = generator.integers(0, size - part, size=2, endpoint=True)
    piece = cv2.resize(other[top : top + part, left : left + part], (side, side), interpolation=cv2.INTER_AREA)
    contrast, tint = generator.uniform(0.6, 2.0), generator.normal(0, 40, size=3)
    tiles = np.tile(piece.astype(np.float32), (size // side + 1, size // side + 1, 1))[:size, :size]
    return np.asarray(np.clip((tiles - 128) * contrast + 128 + tint, 0, 255), dtype=np.float32)


def _printed(
    worn: NDArray[np.float32], landmarks: Points, other: Image, generator: np.random.Generator
) -> NDArray[np.float32]:
    """Pieces of the other photo, or dots of one colour, on the cloth."""
    size, span = worn.shape[0], _span(landmarks)
    mouth = landmarks[_MOUTH].mean(axis=0)
    print_ = other.astype(np.float32) if generator.random() < 0.5 else texture(size, other, generator)
    dots = np.zeros((size, size), np.float32)
    for _ in range(int(generator.integers(1, 16))):
        place = mouth + generator.normal(0, 0.7 * span, size=2)
        radius = max(1, round(span * generator.uniform(0.04, 0.35) / (1 if generator.random() < 0.3 else 2)))
        cv2.circle(dots, _place(place), radius, 1.0, -1, cv2.LINE_AA)
    return _mixed(worn, print_, dots)


def _pleated(worn: NDArray[np.float32], landmarks: Points, generator: np.random.Generator) -> NDArray[np.float32]:
    """Dark or light lines across the mask, one above the other."""
    size, span = worn.shape[0], _span(landmarks)
    lines = np.zeros((size, size), np.float32)
    base, chin = landmarks[_NOSE_BASE, 1], landmarks[_CHIN, 1]
    for number in range(int(generator.integers(2, 5))):
        row = base + (chin - base) * (number / 3 + generator.normal(0, 0.05))
        bend = generator.normal(0.1, 0.1) * span
        points = [(0, row), (size / 2, row + bend), (size, row)]
        cv2.polylines(lines, [np.rint(points).astype(np.int32)], isClosed=False, color=1.0, thickness=1)
    return np.asarray(worn + generator.uniform(-50, 30) * lines[:, :, None], dtype=np.float32)


def _valved(
    worn: NDArray[np.float32], landmarks: Points, other: Image, generator: np.random.Generator
) -> NDArray[np.float32]:
    """One breathing valve, or two side by side, each with a rim."""
    size, span = worn.shape[0], _span(landmarks)
    mouth = landmarks[_MOUTH].mean(axis=0)
    beside = span * generator.uniform(0.35, 0.55)
    sides = [(-1,), (1,), (-1, 1), (0,)][int(generator.integers(4))]
    radius = span * generator.uniform(0.12, 0.3)
    plate, rim = np.zeros((size, size), np.float32), np.zeros((size, size), np.float32)
    drop = generator.uniform(-0.2, 0.3) * span
    for side in sides:
        place = _place(mouth + np.array([side * beside, drop]))
        cv2.circle(plate, place, max(1, round(radius)), 1.0, -1, cv2.LINE_AA)
        cv2.circle(rim, place, max(1, round(radius)), 1.0, max(1, round(radius * 0.25)), cv2.LINE_AA)
    return _inked(_mixed(worn, texture(size, other, generator), plate), rim, generator)


def _inked(worn: NDArray[np.float32], where: Coverage, generator: np.random.Generator) -> NDArray[np.float32]:
    """One colour, which shows some of the cloth, over `where`."""
    colour = np.full(3, generator.uniform(0, 255)) if generator.random() < 0.6 else generator.uniform(0, 255, size=3)
    return _mixed(worn, colour.astype(np.float32), where * np.float32(generator.uniform(0.4, 1)))


def _mixed(under: NDArray[np.float32], over: NDArray[np.float32], where: Coverage) -> NDArray[np.float32]:
    weight = where[:, :, None]
    return np.asarray(under * (1 - weight) + over * weight, dtype=np.float32)


def _span(landmarks: Points) -> float:
    """Distance between the outer corners of the eyes, pixels."""
    return max(1.0, float(np.linalg.norm(landmarks[45] - landmarks[36])))


def _place(point: NDArray[Any]) -> tuple[int, int]:
    return round(float(point[0])), round(float(point[1]))
