"""The face detectors by name; each is imported when it is asked for."""

from __future__ import annotations

import difflib
import importlib

from benchmark.acquisition.face_detectors.base import FaceDetector
from benchmark.acquisition.face_detectors.names import FACE_DETECTORS
from benchmark.cards import Availability
from benchmark.errors import BenchmarkError, RequestError


def face_detector_class(name: str) -> type[FaceDetector]:
    """The class called `name`.

    Raises:
        RequestError: there is none; the message suggests the nearest.
    """
    if name not in FACE_DETECTORS:
        close = difflib.get_close_matches(name, FACE_DETECTORS, n=1, cutoff=0.5)
        hint = f"did you mean '{close[0]}'?" if close else f"known are: {', '.join(FACE_DETECTORS)}"
        raise RequestError(f"unknown face detector '{name}'; {hint}")
    module, _, attribute = FACE_DETECTORS[name].partition(":")
    found: type[FaceDetector] = getattr(importlib.import_module(module), attribute)
    return found


def readiness() -> dict[str, Availability]:
    """Of each face detector, whether it works here and, if not, the command that mends it."""
    ready = {}
    for name in FACE_DETECTORS:
        try:
            ready[name] = face_detector_class(name).availability()
        except BenchmarkError as error:  # a damaged download
            ready[name] = Availability(False, str(error))
    return ready
