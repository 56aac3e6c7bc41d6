"""The pose of a head, and its 68 landmarks in three dimensions, from the 68 points of one photo.

Masks are designed once, on a head that looks straight ahead; `fit_head` finds its position in a photo, so that a
mask turns, foreshortens and hides behind the nose as a worn one does.

Head frame: x to the image's right, y down, z out of the face towards the viewer; the origin is between the eyes'
and the mouth's middle, the unit is half the distance between the outer corners of the eyes (about 45 mm).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmark.errors import ImageRefused
from benchmark.faces import Points

Points3 = NDArray[np.float64]
"""``float64 (K, 3)``, head frame."""

JAW = slice(0, 17)
SMALLEST_FACE = 12.0
"""Width of the jaw line, pixels, under which a mask would be a smear."""
LARGEST_YAW = 50.0
"""Degrees; beyond it the far cheek's points are guesses of the landmark model."""
SMALLEST_SIDE = 0.1
"""Part of the face's width that must be on either side of the nose's tip."""

# The mean head: own measurement, by factorising dlib's landmarks on 2,482 photos of the training faces and their
# mirror images into one rigid shape under scaled orthographic cameras (residual 5 % of the landmarks' spread).
# Image-left half and middle line; the right half mirrors it.
_LEFT_HALF = {
    0: (-1.64, -0.45, -1.42),
    1: (-1.63, -0.02, -1.35),
    2: (-1.58, 0.40, -1.30),
    3: (-1.49, 0.82, -1.26),
    4: (-1.33, 1.21, -1.13),
    5: (-1.08, 1.54, -0.91),
    6: (-0.76, 1.82, -0.64),
    7: (-0.40, 2.04, -0.37),
    8: (0.00, 2.10, -0.27),
    17: (-1.32, -0.83, -0.45),
    18: (-1.11, -1.00, -0.22),
    19: (-0.83, -1.05, -0.01),
    20: (-0.55, -1.01, 0.15),
    21: (-0.28, -0.90, 0.27),
    27: (0.00, -0.54, 0.28),
    28: (0.00, -0.26, 0.44),
    29: (0.00, 0.02, 0.61),
    30: (0.00, 0.30, 0.78),
    31: (-0.32, 0.50, 0.32),
    32: (-0.17, 0.56, 0.41),
    33: (0.00, 0.60, 0.46),
    36: (-1.00, -0.50, -0.26),
    37: (-0.82, -0.60, -0.17),
    38: (-0.61, -0.59, -0.12),
    39: (-0.43, -0.45, -0.10),
    40: (-0.63, -0.42, -0.11),
    41: (-0.84, -0.42, -0.15),
    48: (-0.63, 1.02, -0.26),
    49: (-0.40, 0.91, 0.09),
    50: (-0.17, 0.86, 0.28),
    51: (0.00, 0.90, 0.31),
    57: (0.00, 1.36, 0.18),
    58: (-0.18, 1.34, 0.15),
    59: (-0.41, 1.24, -0.02),
    60: (-0.54, 1.03, -0.22),
    61: (-0.17, 1.01, 0.23),
    62: (0.00, 1.03, 0.27),
    66: (0.00, 1.14, 0.19),
    67: (-0.17, 1.12, 0.16),
}
MIRROR: tuple[int, ...] = (
    *range(16, -1, -1), *range(26, 16, -1), 27, 28, 29, 30, 35, 34, 33, 32, 31, 45, 44, 43, 42, 47, 46,
    39, 38, 37, 36, 41, 40, 54, 53, 52, 51, 50, 49, 48, 59, 58, 57, 56, 55, 64, 63, 62, 61, 60, 67, 66, 65,
)  # fmt: skip
"""Where each of the 68 points is in a mirror image."""


def _mean_head() -> Points3:
    points = np.empty((68, 3))
    for index, place in _LEFT_HALF.items():
        points[MIRROR[index]] = (-place[0], place[1], place[2])
        points[index] = place
    return points


MEAN_HEAD: Points3 = _mean_head()
"""``float64 (68, 3)``, the mean head looking straight ahead."""

# Jaw points slide along the outline as the head turns and the mouth opens, so they say little about the pose.
_POSE_WEIGHTS = np.ones(68)
_POSE_WEIGHTS[JAW] = 0.15
_POSE_WEIGHTS[48:] = 0.5
_POSE_WEIGHTS /= _POSE_WEIGHTS.sum()
_CENTRE = _POSE_WEIGHTS @ MEAN_HEAD
_CENTRED = MEAN_HEAD - _CENTRE
_SOLVE = np.linalg.inv((_CENTRED * _POSE_WEIGHTS[:, None]).T @ _CENTRED)


@dataclass(frozen=True)
class Head:
    """How a head is placed in a photo: ``pixel = scale · (rotation · point)[:2] + shift``.

    Attributes:
        rotation: ``float64 (3, 3)``, head frame to camera.
        scale: pixels a unit.
        shift: ``float64 (2,)``, pixels.
        points: ``float64 (68, 3)``, this face's landmarks in the head frame; they project exactly onto the photo's.
    """

    rotation: NDArray[np.float64]
    scale: float
    shift: NDArray[np.float64]
    points: Points3

    @property
    def yaw(self) -> float:
        """Degrees; positive when the face looks to the image's right."""
        return float(np.degrees(np.arctan2(-self.rotation[2, 0], self.rotation[2, 2])))

    @property
    def pitch(self) -> float:
        """Degrees; positive when the face looks down."""
        return float(np.degrees(np.arcsin(np.clip(-self.rotation[2, 1], -1, 1))))

    @property
    def width(self) -> float:
        """Width of the mean jaw line at this face's scale, pixels, whatever the pose."""
        return float(self.scale * 2 * MEAN_HEAD[16, 0])

    def to_photo(self, points: Points3) -> Points3:
        """Head frame ``(…, 3)`` to pixel x, pixel y and depth (pixels; larger is nearer)."""
        turned: Points3 = self.scale * (points @ self.rotation.T)
        turned[..., :2] += self.shift
        return turned

    def towards_viewer(self, normals: Points3) -> NDArray[np.float64]:
        """Cosine between normals ``(…, 3)`` of the head frame and the line of sight; below 0 = turned away."""
        facing: NDArray[np.float64] = normals @ self.rotation[2]
        return facing

    def jaw(self, index: float) -> NDArray[np.float64]:
        """``(3,)``: the point of the jaw line at a fractional landmark index, 0 to 16."""
        return _between(self.points[JAW], index)

    def bridge(self, index: float) -> NDArray[np.float64]:
        """``(3,)``: the point of the nose's ridge at a fractional landmark index, 27 to 30."""
        return _between(self.points[27:31], index - 27)


def moved(down: float, forward: float) -> NDArray[np.float64]:
    """``(3,)``: a shift in the head frame, towards the chin and out of the face."""
    return np.array([0.0, down, forward])


def _between(points: Points3, index: float) -> NDArray[np.float64]:
    low = min(max(math.floor(index), 0), len(points) - 2)
    part = index - low
    point: NDArray[np.float64] = (1 - part) * points[low] + part * points[low + 1]
    return point


def fit_head(landmarks: Points) -> Head:
    """The scaled orthographic pose of least weighted squares, and the landmarks lifted into the head frame.

    Args:
        landmarks: ``float32 (68, 2)``, pixels.

    >>> flat = (40 * MEAN_HEAD[:, :2] + 100).astype("float32")
    >>> head = fit_head(flat)
    >>> round(head.scale, 3), round(abs(head.yaw), 3)
    (40.0, 0.0)
    """
    pixels = np.asarray(landmarks, dtype=np.float64)
    middle = _POSE_WEIGHTS @ pixels
    camera = ((pixels - middle) * _POSE_WEIGHTS[:, None]).T @ _CENTRED @ _SOLVE
    left, sizes, right = np.linalg.svd(camera, full_matrices=False)
    rows = left @ right
    rotation = np.vstack([rows, np.cross(rows[0], rows[1])])
    scale = float(sizes.mean())
    shift = middle - scale * (rotation[:2] @ _CENTRE)
    seen = np.column_stack([(pixels - shift) / scale, MEAN_HEAD @ rotation[2]])
    return Head(rotation, scale, shift, seen @ rotation)


def place_head(landmarks: Points, height: int, width: int) -> Head:
    """`fit_head`, after refusing faces on which no mask can be placed.

    Raises:
        ImageRefused: points that are not numbers or not 68, a face too small, turned too far, upside down in depth, or
            partly outside the photo.
    """
    if np.shape(landmarks) != (68, 2) or not np.isfinite(landmarks).all():
        raise ImageRefused("mask not placed: the 68 landmarks are not all there")
    spread = np.ptp(landmarks, axis=0)
    if spread.max() < SMALLEST_FACE:
        raise ImageRefused(f"mask not placed: the face is {spread.max():.0f} pixels wide, under {SMALLEST_FACE:.0f}")
    head = fit_head(landmarks)
    if head.width < SMALLEST_FACE or not 0.4 < spread.max() / head.width < 2.5:
        raise ImageRefused("mask not placed: the landmarks do not form a face")
    if abs(head.yaw) > LARGEST_YAW:
        raise ImageRefused(f"mask not placed: the head is turned by {abs(head.yaw):.0f}°, over {LARGEST_YAW:.0f}°")
    side = _narrower_side(landmarks)
    if side < SMALLEST_SIDE:
        raise ImageRefused(
            f"mask not placed: a profile ({side:.2f} of the face beyond the nose, under {SMALLEST_SIDE})"
        )
    inner_margin, jaw_margin = 0.02 * head.width, 0.2 * head.width
    for points, margin in ((landmarks[17:], inner_margin), (landmarks[JAW], jaw_margin)):
        outside = (points < -margin) | (points > np.array([width, height]) - 1 + margin)
        if outside.any():
            raise ImageRefused("mask not placed: part of the face is outside the photo")
    return head


def _narrower_side(landmarks: Points) -> float:
    """The smaller of the parts of the line from cheek to cheek that are left and right of the nose's tip."""
    left, right = landmarks[2].astype(np.float64), landmarks[14].astype(np.float64)
    across = right - left
    along = float((landmarks[30] - left) @ across / max(float(across @ across), 1e-9))
    return min(along, 1 - along)
