"""What is on or before a face, or beside it, and is no mask: hats, beards, scarves, hands, things held up."""

from __future__ import annotations

import cv2
import numpy as np

from benchmark.faces import Points
from benchmark.methods.occlusion.occluders import Coverage, filled

_BROWS = slice(17, 27)
_EYES = slice(36, 48)
_CHIN = 8
_NOSE_BASE = 33


def hat(landmarks: Points, size: int, generator: np.random.Generator) -> Coverage:
    """Everything above a line on the forehead, between the temples or wider.

    Args:
        landmarks: ``float32 (68, 2)``, pixels of the crop.
        size: side of the crop, pixels.
        generator: decides everything.
    """
    brow = float(landmarks[_BROWS, 1].min())
    row = brow - generator.uniform(0, 0.6) * max(brow, 1.0)
    left, right = float(landmarks[0, 0]), float(landmarks[16, 0])
    wider = generator.uniform(0, 0.35, size=2) * (right - left)
    bend = generator.normal(0, 0.06) * size
    return filled(
        np.array(
            [
                (left - wider[0], row),
                ((left + right) / 2, row + bend),
                (right + wider[1], row),
                (right + wider[1] / 2, -size),
                (left - wider[0] / 2, -size),
            ]
        ),
        size,
    )


def scarf_below_chin(landmarks: Points, size: int, generator: np.random.Generator) -> Coverage:
    """Everything below a line at the chin or under it, as a collar or a scarf; arguments as of `hat`."""
    chin = float(landmarks[_CHIN, 1])
    row = chin + generator.uniform(-0.02, 0.7) * max(size - chin, 0.0)
    slope = generator.normal(0, 0.08) * size
    bend = generator.uniform(-0.02, 0.12) * size
    return filled(
        np.array(
            [
                (-size, row - slope),
                (landmarks[_CHIN, 0], row + bend),
                (2 * size, row + slope),
                (2 * size, 3 * size),
                (-size, 3 * size),
            ]
        ),
        size,
    )


def beard(landmarks: Points, size: int, generator: np.random.Generator) -> Coverage:
    """Hair on the jaw and, often, above the lip, never quite dense; arguments as of `hat`."""
    jaw, mouth = landmarks[:17].astype(np.float64), landmarks[48:60].astype(np.float64)
    middle = mouth.mean(axis=0)
    first = int(generator.integers(1, 6))
    outer = ((jaw - middle) * generator.uniform(0.95, 1.1) + middle)[first : 17 - first]
    inner = jaw + (middle - jaw) * generator.uniform(0.15, 0.5)
    hair = filled(np.concatenate([outer, inner[first : 17 - first][::-1]]), size)
    if generator.random() < 0.7:
        lip = middle + (landmarks[_NOSE_BASE] - middle) * generator.uniform(0.3, 0.6)
        half = np.abs(mouth[:, 0] - middle[0]).max() * generator.uniform(0.8, 1.3)
        cv2.ellipse(
            hair,
            (round(float(lip[0])), round(float(lip[1]))),
            (round(float(half)), max(1, size // 32)),
            0,
            0,
            360,
            1.0,
            -1,
        )
    if generator.random() < 0.7:
        around = filled(outer, size)
        lips = filled((mouth - middle) * 1.1 + middle, size)
        hair = np.maximum(hair, around * (np.arange(size)[:, None] > middle[1])) * (1 - lips)
    uneven = cv2.resize(generator.uniform(0.4, 1.2, size=(size // 4, size // 4)).astype(np.float32), (size, size))
    soft = cv2.GaussianBlur(hair, (0, 0), generator.uniform(0.5, 2.0) * size / 64)
    return np.asarray(np.clip(soft * uneven, 0, 1) * generator.uniform(0.4, 0.95), dtype=np.float32)


def thing_beside(landmarks: Points, size: int, generator: np.random.Generator) -> Coverage:
    """A blob or a board at the edge of the face, which leaves mouth and nose free; arguments as of `hat`."""
    span = float(np.linalg.norm(landmarks[45] - landmarks[36]))
    centre = landmarks[_EYES].mean(axis=0) * 0.5 + landmarks[48:68].mean(axis=0) * 0.5
    angle = generator.uniform(0, 2 * np.pi)
    radius = span * generator.uniform(0.25, 0.9)
    place = centre + (radius + span * generator.uniform(0.7, 1.2)) * np.array([np.cos(angle), np.sin(angle)])
    coverage = np.zeros((size, size), np.float32)
    if generator.random() < 0.5:
        axes = (2 * radius, 2 * radius * generator.uniform(0.5, 1))
        cv2.ellipse(coverage, ((float(place[0]), float(place[1])), axes, float(generator.uniform(0, 180))), 1.0, -1)
    else:
        board = cv2.boxPoints(
            (
                (float(place[0]), float(place[1])),
                (1.8 * radius, 1.8 * radius * generator.uniform(0.4, 1)),
                float(generator.uniform(0, 180)),
            )
        )
        coverage = filled(board, size)
    return coverage


def moved_away(coverage: Coverage, landmarks: Points, generator: np.random.Generator) -> Coverage:
    """A hand that reaches for the face's edge: `coverage` shifted up or to a side by half a face or so."""
    span = float(np.linalg.norm(landmarks[45] - landmarks[36]))
    shift = span * generator.uniform(0.5, 1.4)
    angle = generator.choice((0.0, np.pi)) + generator.normal(0, 0.4)
    matrix = np.array([[1, 0, shift * np.cos(angle)], [0, 1, shift * np.sin(angle)]])
    return np.asarray(cv2.warpAffine(coverage, matrix, coverage.shape[::-1]), dtype=np.float32)
