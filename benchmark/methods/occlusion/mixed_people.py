"""Mixes two people's faces into a third, so that a network meets more people than there are photos of.

A network that learns another network's embedding (its teacher's) needs no name for a face, only the teacher's answer.
Between the shapes and the textures of two faces there are any number of further ones: the landmarks of one are moved
part of the way to those of the other (or away from them, as in a caricature), and both faces, moved there, are
blended. Blending examples and their targets is known as mixup (Zhang et al., *mixup: Beyond Empirical Risk
Minimization*, ICLR 2018); here the target is not blended but asked for.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmark import thin_plate
from benchmark.faces import Image, Points
from benchmark.recognisers.five_point_template import least_squares_similarity

_SHAPES = (-0.4, 1.0)
"""How far the landmarks go towards the other person's, as a share of the way."""
_TEXTURES = (0.2, 0.8)
"""The other person's share in the blend."""
_HALF_FRAME = 1.2
"""Half of a crop's side in the units of `thin_plate`, whose anchors lie outside it."""
_COARSE = 8
"""Pixels between two points at which the warp is computed; linear between them."""
_RING = thin_plate.anchors()


@dataclass(frozen=True)
class TrainingFace:
    """One face of a training batch.

    Attributes:
        masked: ``uint8 (S, S, 3)``.
        true: ``uint8 (S, S, 3)``, the same face bare.
        hole: ``bool (S, S)``, where the mask is.
        landmarks: ``float32 (68, 2)``, pixels of the crop.
    """

    masked: Image
    true: Image
    hole: NDArray[np.bool_]
    landmarks: Points


def mixed(face: TrainingFace, other: TrainingFace, generator: np.random.Generator) -> TrainingFace:
    """A face between two, which wears the mask of the first.

    Args:
        face: gives the mask.
        other: another person's.
        generator: decides how much of each.
    """
    towards, share = generator.uniform(*_SHAPES), generator.uniform(*_TEXTURES)
    aligned = _aligned(other.landmarks, face.landmarks)
    landmarks = (face.landmarks + towards * (aligned - face.landmarks)).astype(np.float32)
    own, others = (_warp(of_face.landmarks, landmarks, face.true.shape[0]) for of_face in (face, other))
    blend = cv2.addWeighted(_moved(face.true, own), 1 - share, _moved(other.true, others), share, 0)
    true = np.asarray(blend, dtype=np.uint8)
    hole = _moved(face.hole.astype(np.uint8), own) > 0
    return TrainingFace(np.where(hole[..., None], _moved(face.masked, own), true), true, hole, landmarks)


def _aligned(points: Points, onto: Points) -> Points:
    """`points` ``(68, 2)`` turned, scaled and shifted onto `onto` (least squares), so that only the shape differs."""
    matrix = least_squares_similarity(points, onto.astype(np.float64))
    return np.asarray(points @ matrix[:, :2].T + matrix[:, 2], dtype=np.float32)


def _warp(source: Points, target: Points, size: int) -> NDArray[np.float32]:
    """Where each pixel of the moved crop comes from, ``float32 (S, S, 2)``: `target` shows what is at `source`."""
    half = (size - 1) / 2
    to_units, to_pixels = _HALF_FRAME / half, half / _HALF_FRAME
    steps = np.linspace(-_HALF_FRAME, _HALF_FRAME, max(2, size // _COARSE + 1))
    grid = np.stack(np.meshgrid(steps, steps), axis=-1)
    centres = [np.vstack([(points - half) * to_units, _RING]) for points in (target, source)]
    came_from = thin_plate.warped(grid.reshape(-1, 2), source=centres[0], target=centres[1]).reshape(grid.shape)
    coarse = (came_from * to_pixels + half).astype(np.float32)
    # the first and last grid points are the first and last pixels, which cv2.resize would not keep
    places = np.linspace(0, len(steps) - 1, size, dtype=np.float32)
    columns, rows = np.meshgrid(places, places)
    return np.asarray(cv2.remap(coarse, columns, rows, cv2.INTER_LINEAR), dtype=np.float32)


def _moved(image: Image, warp: NDArray[np.float32]) -> Image:
    columns, rows = warp[..., 0], warp[..., 1]
    moved = cv2.remap(image, columns, rows, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)
    return np.asarray(moved, dtype=np.uint8)
