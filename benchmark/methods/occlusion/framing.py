"""How a face may be placed in its crop, where its photo may end, and what light and a file do to it."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmark.faces import Image, Points

Region = NDArray[np.bool_]
"""``bool (S, S)``."""


def reframed(
    face: Image, region: Region, landmarks: Points, generator: np.random.Generator
) -> tuple[Image, Region, Points]:
    """The face turned, scaled and shifted, as landmarks that were misplaced on a mask would; black beyond the crop.

    Args:
        face: ``uint8 (S, S, 3)``; not changed.
        region: moves with it.
        landmarks: ``float32 (68, 2)``, likewise.
        generator: decides everything.
    """
    size = face.shape[0]
    scale = float(np.exp(generator.normal(0, 0.1)))
    if generator.random() < 0.12:
        scale *= generator.uniform(1.1, 1.7)
    matrix = cv2.getRotationMatrix2D(((size - 1) / 2, (size - 1) / 2), float(generator.normal(0, 5)), scale)
    matrix[:, 2] += generator.normal(0, 0.04, size=2) * size
    moved = cv2.warpAffine(face, matrix, (size, size), flags=cv2.INTER_LINEAR)
    inside = cv2.warpAffine(region.astype(np.float32), matrix, (size, size), flags=cv2.INTER_LINEAR) > 0.5
    points = landmarks @ matrix[:, :2].T.astype(np.float32) + matrix[:, 2].astype(np.float32)
    return np.asarray(moved, dtype=np.uint8), np.asarray(inside), np.asarray(points, dtype=np.float32)


def photo_that_ends(landmarks: Points, size: int, generator: np.random.Generator) -> Region:
    """The part of a crop that a photo covers which ends near the face: a rectangle, often a little turned.

    Below it may end anywhere from the mouth to the crop's edge, at the sides at the cheeks, above at the forehead.

    Args:
        landmarks: ``float32 (68, 2)``, pixels of the crop.
        size: side of the crop, pixels.
        generator: decides everything.
    """
    mouth, chin = float(landmarks[48:68, 1].mean()), float(landmarks[8, 1])
    brow = float(landmarks[17:27, 1].min())
    left, right = float(landmarks[0, 0]), float(landmarks[16, 0])
    limits = (
        (left, -0.1 * size, 0.6),
        (brow, -0.1 * size, 0.5),
        (right, 1.1 * size, 0.6),
        (mouth if generator.random() < 0.5 else chin, 1.1 * size, 0.75),
    )
    edges = []
    for near, far, probability in limits:
        beyond = far + np.sign(far - near) * size
        edges.append(near + (far - near) * generator.uniform(0, 1) if generator.random() < probability else beyond)
    corners = np.array([(edges[0], edges[1]), (edges[2], edges[1]), (edges[2], edges[3]), (edges[0], edges[3])])
    centre = landmarks.mean(axis=0)
    angle = np.radians(generator.normal(0, 6))
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    region = np.zeros((size, size), np.uint8)
    cv2.fillPoly(region, [np.rint((corners - centre) @ turn.T + centre).astype(np.int32)], 1)
    return region > 0


def lit_otherwise(face: Image, generator: np.random.Generator) -> Image:
    """The face in a light, or after an editing, far from the usual: other curve, contrast and tint of each colour."""
    values = np.arange(256, dtype=np.float32)[:, None] / 255  # of each grey level once
    curve = np.exp(generator.normal(0, 0.35) + generator.normal(0, 0.12, size=3))
    contrast = np.exp(generator.normal(0.1, 0.3))
    seen = (values**curve - 0.5) * contrast + 0.5 + generator.normal(0, 0.06, size=3)
    levels = np.clip(np.rint(seen * 255), 0, 255).astype(np.uint8)
    return np.asarray(cv2.LUT(face, levels[None]), dtype=np.uint8)


def filed(face: Image, generator: np.random.Generator) -> Image:
    """The face as a file gives it back: JPEG of some quality, now and then without colour."""
    seen = face
    if generator.random() < 0.15:
        seen = np.repeat(cv2.cvtColor(seen, cv2.COLOR_RGB2GRAY)[:, :, None], 3, axis=2)
    _, data = cv2.imencode(".jpg", seen, [cv2.IMWRITE_JPEG_QUALITY, int(generator.integers(20, 95))])
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), dtype=np.uint8)
