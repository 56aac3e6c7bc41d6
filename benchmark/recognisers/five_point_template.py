"""Aligns a face by five points (eyes, tip of the nose, corners of the mouth), as ArcFace and its kin are trained."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmark.acquisition.alignment import Matrix, resample
from benchmark.errors import ImageRefused
from benchmark.faces import FaceGeometry, Image, Points

_ARCFACE_SIDE = 112
_ARCFACE_POINTS = ((38.2946, 51.6963), (73.5318, 51.5014), (56.0252, 71.7366), (41.5493, 92.3655), (70.7299, 92.2041))
"""Of a chip of 112 × 112 pixels: those of SphereFace (Liu et al. 2017) for 112 × 96, eight pixels further right, as
ArcFace (Deng et al. 2019) and InsightFace use them."""
_SMALLEST_FACE = 0.5
"""Spread of the five points, pixels, below which they mean nothing."""


@dataclass(frozen=True)
class FivePointTemplate:
    """Where the five points of an aligned face are.

    Attributes:
        size: (height, width) of the chip, pixels.
        points: ``float64 (5, 2)``, pixels of the chip, x then y: eye, eye, tip of the nose, corner of the mouth,
            corner of the mouth, each pair from left to right in the image.
    """

    size: tuple[int, int]
    points: NDArray[np.float64]

    def chip(self, image: Image, face: FaceGeometry) -> Image:
        """The face aligned to this template, ``uint8 (height, width, 3)``; black outside `image`.

        Args:
            image: ``uint8 (H, W, 3)``.
            face: its geometry in pixels of `image`.

        Raises:
            ImageRefused: the face's points are all in one place.
        """
        matrix = least_squares_similarity(face.key_points, self.points)
        return resample(image, matrix, width=self.size[1], height=self.size[0])


def arcface_template(size: tuple[int, int] = (_ARCFACE_SIDE, _ARCFACE_SIDE)) -> FivePointTemplate:
    """ArcFace's template for chips of any size: scaled by the height, centred across the width.

    >>> arcface_template((112, 96)).points[0].round(4).tolist()
    [30.2946, 51.6963]
    """
    height, width = size
    points = np.array(_ARCFACE_POINTS) * (height / _ARCFACE_SIDE)
    points[:, 0] += (width - height) / 2
    return FivePointTemplate(size, points)


def least_squares_similarity(points: Points, places: NDArray[np.float64]) -> Matrix:
    """The similarity (rotation, scale, shift; no reflection) that takes `points` nearest to `places`, each ``(K, 2)``.

    Umeyama 1991, in two dimensions: with points as complex numbers, z → a z + b has a closed least-squares solution, a
    being the regression of the centred places on the centred points, and no a reflects.

    Returns:
        ``float64 (2, 3)``.

    Raises:
        ImageRefused: the points are all in one place, or are not finite.
    """
    found, wanted = points.astype(np.float64) @ (1, 1j), places @ (1, 1j)
    centred = found - found.mean()
    if not np.abs(centred).max() > _SMALLEST_FACE:
        raise ImageRefused("the face's five points are all at one point")
    turn = np.vdot(centred, wanted) / np.vdot(centred, centred)
    shift = wanted.mean() - turn * found.mean()
    return np.array([[turn.real, -turn.imag, shift.real], [turn.imag, turn.real, shift.imag]])
