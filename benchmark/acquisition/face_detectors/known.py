"""The face detectors by name; each is imported when it is asked for."""

from __future__ import annotations

import importlib

from benchmark.acquisition.face_detectors.base import FaceDetector
from benchmark.acquisition.face_detectors.names import FACE_DETECTORS, check_face_detector
from benchmark.cards import Availability
from benchmark.errors import BenchmarkError


def face_detector_class(name: str) -> type[FaceDetector]:
    """The class called `name`.

    Raises:
        RequestError: there is none; the message suggests the nearest.
    """
    check_face_detector(name)
    module, _, attribute = FACE_DETECTORS[name].partition(":")
    found: type[FaceDetector] = getattr(importlib.import_module(module), attribute)
    return found


def readiness() -> dict[str, Availability]:
    """Of each face detector, whether it works here and, if not, the command that fixes it."""
    ready = {}
    for name in FACE_DETECTORS:
        try:
            ready[name] = face_detector_class(name).availability()
        except BenchmarkError as error:  # a damaged download
            ready[name] = Availability(False, str(error))
    return ready
