"""The names of the face detectors; importing this imports nothing else."""

from __future__ import annotations

_FOLDER = "benchmark.acquisition.face_detectors"
FACE_DETECTORS = {
    "dlib-hog": f"{_FOLDER}.dlib_hog:DlibHog",
    "mtcnn": f"{_FOLDER}.mtcnn:Mtcnn",
    "opencv-yunet": f"{_FOLDER}.opencv_yunet:OpenCvYuNet",
}
"""``module:Class`` by name."""
DEFAULT_FACE_DETECTORS = ("dlib-hog", "mtcnn")
"""MTCNN is asked only about the photos in which the much faster `dlib-hog` found no face."""
