"""The names of the face detectors; importing this imports none of them."""

from __future__ import annotations

from benchmark.errors import RequestError
from benchmark.suggestions import did_you_mean

_FOLDER = "benchmark.acquisition.face_detectors"
FACE_DETECTORS = {
    "dlib-hog": f"{_FOLDER}.dlib_hog:DlibHog",
    "mtcnn": f"{_FOLDER}.mtcnn:Mtcnn",
    "opencv-yunet": f"{_FOLDER}.opencv_yunet:OpenCvYuNet",
}
"""``module:Class`` by name."""
DEFAULT_FACE_DETECTORS = ("dlib-hog", "mtcnn")
"""MTCNN is asked only about the photos in which the much faster `dlib-hog` found no face."""


def check_face_detector(name: str) -> None:
    """Refuse a name that no face detector has.

    Raises:
        RequestError: the message suggests the nearest.
    """
    if name not in FACE_DETECTORS:
        raise RequestError(f"unknown face detector '{name}'; {did_you_mean(name, FACE_DETECTORS)}")
