"""The data that steps pass on: photos, landmarks, and aligned faces.

Images are RGB: ``uint8 (N, H, W, 3)`` at rest, ``float32 (N, 3, H, W)`` in [0, 1] inside methods.
Masks are ``uint8 (N, H, W)``, 255 = covered. Landmarks are pixels of the image they belong to, x then y.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]
"""``uint8 (H, W, 3)``, RGB."""
Points = NDArray[np.float32]
"""``float32 (K, 2)`` or ``(N, K, 2)``, pixels, x then y."""

NO_FACE_FOUND = "no face found"
"""The reason of a photo in which no face detector found any."""
REAL_MASK = "real"
"""The mask type of a mask that is part of the photo, and was not drawn by a style."""


@dataclass(frozen=True)
class Photo:
    """One photograph of one subject.

    Attributes:
        image_id: unique in its data set; carried from the first step to the last.
        subject_id: the person.
        source: where the data set finds it: a path below its root, or a description of how it is rendered.
        masked: the photo itself shows a mask, really worn or drawn by the data set's authors: none is drawn on it, and
            the face beneath is unknown.
    """

    image_id: str
    subject_id: str
    source: str
    masked: bool = False


@dataclass(frozen=True)
class FaceGeometry:
    """Where the face of one image is, in that image's pixels.

    Attributes:
        box: ``float32 (4,)``, the detection: left, top, right, bottom.
        landmarks: ``float32 (68, 2)``, dlib's 68 points.
        five_points: ``float32 (5, 2)``, dlib's five: outer and inner corner of the image-right eye, outer and inner
            corner of the image-left eye, base of the nose (the order of dlib's model).
        detected_points: ``float32 (5, 2)``, the places of `key_points` as the face detector itself gave them; None, or
            NaN as stored, where it gives none.
    """

    box: NDArray[np.float32]
    landmarks: Points
    five_points: Points
    detected_points: Points | None = None

    @property
    def key_points(self) -> Points:
        """The five points that ArcFace and similar recognisers align on, ``float32 (5, 2)``.

        Centre of the image-left eye, of the image-right eye, tip of the nose, image-left and image-right corner of the
        mouth: the face detector's own, or else those of the 68 landmarks.
        """
        if self.detected_points is not None and np.isfinite(self.detected_points).all():
            return self.detected_points
        return key_points_of(self.landmarks)

    def moved(self, matrix: NDArray[np.float64]) -> FaceGeometry:
        """The same face after a 2×3 affine `matrix` has moved the image (box: bounds of its moved corners)."""
        left, top, right, bottom = self.box
        corners = np.array([[left, top], [right, top], [right, bottom], [left, bottom]], dtype=np.float32)
        moved = move_points(corners, matrix)
        box = np.concatenate([moved.min(axis=0), moved.max(axis=0)]).astype(np.float32)
        detected = None if self.detected_points is None else move_points(self.detected_points, matrix)
        return FaceGeometry(box, move_points(self.landmarks, matrix), move_points(self.five_points, matrix), detected)


def key_points_of(landmarks: Points) -> Points:
    """Eye centres, tip of the nose and corners of the mouth of dlib's 68 points.

    The centre of an eye is the mean of its six points.

    Args:
        landmarks: ``float32 (..., 68, 2)``.

    Returns:
        ``float32 (..., 5, 2)``, in the order of `FaceGeometry.key_points`.
    """
    eyes = [landmarks[..., eye, :].mean(axis=-2) for eye in (slice(36, 42), slice(42, 48))]
    return np.stack([*eyes, *(landmarks[..., point, :] for point in (30, 48, 54))], axis=-2).astype(np.float32)


def move_points(points: Points, matrix: NDArray[np.float64]) -> Points:
    """Points ``(..., 2)`` through a 2×3 affine matrix."""
    moved = np.asarray(points, dtype=np.float64) @ matrix[:, :2].T + matrix[:, 2]
    return moved.astype(np.float32)


@dataclass(frozen=True)
class AlignedFaces:
    """Aligned crops of one size, one row per image, in the order of `image_ids`.

    Attributes:
        image_ids: one per row.
        pixels: ``uint8 (N, S, S, 3)``, often a read-only memory map; black where the image failed.
        landmarks: ``float32 (N, 68, 2)``, pixels of the crop; NaN where the image failed.
        five_points: ``float32 (N, 5, 2)``, likewise.
        detected_points: ``float32 (N, 5, 2)``, likewise; NaN also where the face detector gives none; None where it is
            not known.
        photo_corners: ``float32 (N, 4, 2)``, the corners of the photo, pixels of the crop: top left, top right, bottom
            right, bottom left. What is outside them is black, and part of no photo. None where it is not known.
    """

    image_ids: tuple[str, ...]
    pixels: NDArray[np.uint8]
    landmarks: Points
    five_points: Points
    detected_points: Points | None = None
    photo_corners: Points | None = None

    def __len__(self) -> int:
        return len(self.image_ids)

    @property
    def size(self) -> int:
        """Side of a crop, pixels."""
        return int(self.pixels.shape[1])

    @property
    def acquired(self) -> NDArray[np.bool_]:
        """``bool (N,)``: the rows that hold a face."""
        return np.isfinite(self.landmarks[:, 0, 0])
