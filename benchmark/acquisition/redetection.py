"""What a deployed system does after restoring: paste the face back, find it again, crop it for the recogniser."""

from __future__ import annotations

from benchmark.acquisition.alignment import Matrix, crop_face, paste_back
from benchmark.acquisition.detection import locate_face
from benchmark.faces import FaceGeometry, Image

RECOGNITION_SIZE = 256
"""Side of the crop that the recogniser aligns from, pixels: fine enough for its chip whatever the working size was."""


def redetect(photo: Image, crop: Image, matrix: Matrix, size: int = RECOGNITION_SIZE) -> tuple[Image, FaceGeometry]:
    """Find the face anew in a photo whose face has been changed.

    Raw faces take the same way as restored ones, so that resampling alone helps or harms none of them.

    Args:
        photo: ``uint8 (H, W, 3)``, masked or raw: the photo that was cropped.
        crop: ``uint8 (S, S, 3)``, what became of its crop.
        matrix: ``float64 (2, 3)`` of `crop_matrix`, photo to crop.
        size: side of the new crop, pixels.

    Returns:
        ``uint8 (size, size, 3)``, aligned on the face now found, and its geometry there.

    Raises:
        ImageRefused: no face is found any more: a failure to acquire.
    """
    pasted = paste_back(photo, crop, matrix)
    return crop_face(pasted, locate_face(pasted), size)
