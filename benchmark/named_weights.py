"""What ``--weights NAME=PATH`` names: files of recognisers, face detectors and metrics, and folders that `train`
wrote."""

from __future__ import annotations

import importlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmark.errors import RequestError
from benchmark.model_files import ModelFile
from benchmark.plugins import METRICS, RECOGNISERS

DETECTOR_FILES = {"opencv-yunet": "benchmark.acquisition.face_detectors.opencv_yunet:YUNET"}
"""Face detectors whose weights are a file, each with the ``module:attribute`` of its `ModelFile`."""


@dataclass(frozen=True)
class NamedWeights:
    """Paths by the name that the user gave them for.

    Attributes:
        recognisers: files, by recogniser as ``--recognisers`` names it.
        detectors: files, by face detector.
        metrics: files, by metric.
        parts: folders, by the label of a method or of its part: every other name.
    """

    recognisers: Mapping[str, Path]
    detectors: Mapping[str, Path]
    metrics: Mapping[str, Path]
    parts: Mapping[str, Path]


def named_weights(texts: Sequence[str], asked_recognisers: Sequence[str] = ()) -> NamedWeights:
    """Sort what ``--weights`` names by who takes it. Nothing is imported, no file is looked at.

    Args:
        texts: each ``NAME=PATH``.
        asked_recognisers: what ``--recognisers`` says: a module of the user's may take weights, too.

    Raises:
        RequestError: one is not of this form, or a name has two paths.

    >>> named = named_weights(["face_recognition=a.dat", "mean-face=trained/it"])
    >>> list(named.recognisers), list(named.parts)
    (['face_recognition'], ['mean-face'])
    """
    recognisers: dict[str, Path] = {}
    detectors: dict[str, Path] = {}
    metrics: dict[str, Path] = {}
    parts: dict[str, Path] = {}
    for text in texts:
        name, equals, path = text.partition("=")
        if not (name and equals and path):
            raise RequestError(
                f"--weights {text}: write NAME=PATH, with the file of a recogniser, detector or metric, or a folder "
                "that `train` wrote"
            )
        takers = parts
        if name in RECOGNISERS or name in asked_recognisers:
            takers = recognisers
        elif name in DETECTOR_FILES:
            takers = detectors
        elif name in METRICS:
            takers = metrics
        if takers.setdefault(name, Path(path).expanduser()) != Path(path).expanduser():
            raise RequestError(f"--weights names two paths for '{name}': {takers[name]} and {path}")
    return NamedWeights(recognisers, detectors, metrics, parts)


def detector_file(name: str) -> ModelFile:
    """The weights of the face detector `name`, one of `DETECTOR_FILES`."""
    module, _, attribute = DETECTOR_FILES[name].partition(":")
    file: ModelFile = getattr(importlib.import_module(module), attribute)
    return file
