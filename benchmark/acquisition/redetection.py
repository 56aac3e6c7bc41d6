"""What a deployed system does after restoring: find the pasted-back face again and crop it for the recogniser."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from benchmark.acquisition.alignment import crop_face
from benchmark.acquisition.detection import FaceSearch
from benchmark.errors import ImageRefused
from benchmark.faces import FaceGeometry, Image

RECOGNITION_SIZE = 256
"""Side of the crop that the recogniser aligns from, pixels: fine enough for its chip whatever the working size was."""


@dataclass(frozen=True)
class Redetected:
    """A face found again.

    Attributes:
        pixels: ``uint8 (size, size, 3)``, aligned on it.
        geometry: in pixels of the crop.
        face_detector: which one found it.
    """

    pixels: Image
    geometry: FaceGeometry
    face_detector: str


def redetect(
    photos: Sequence[Image | ImageRefused], search: FaceSearch, size: int = RECOGNITION_SIZE
) -> list[Redetected | ImageRefused]:
    """Find the faces anew in photos that a changed crop was pasted back into.

    Raw faces are processed in the same way as restored ones, so that resampling affects all of them alike.

    Args:
        photos: each ``uint8 (H, W, 3)``; or why there is none, which is handed on.
        search: how faces are looked for.
        size: side of the new crop, pixels.

    Returns:
        For each photo the face that is now found, or why there is none: a failure to acquire.
    """
    again: list[Redetected | ImageRefused] = []
    for photo, found in zip(photos, search.find_all(photos), strict=True):
        try:
            if isinstance(found, ImageRefused):
                raise found
            if isinstance(photo, ImageRefused):  # `found` hands it on, but types do not know
                raise photo
            pixels, face = crop_face(photo, found.geometry, size)
        except ImageRefused as refusal:
            again.append(refusal)
        else:
            again.append(Redetected(pixels, face, found.face_detector))
    return again
