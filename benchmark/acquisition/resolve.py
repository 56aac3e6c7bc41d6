"""From what the user asked for to a `FaceSearch` that works here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmark.acquisition.detection import FaceSearch
from benchmark.acquisition.face_detectors.known import face_detector_class
from benchmark.errors import RequestError
from benchmark.model_files import located, sha256_of
from benchmark.named_weights import DETECTOR_FILES, detector_file, named_weights


def resolve_face_search(
    names: Sequence[str], *, files: Mapping[str, Path], device: str = "cpu", min_face: int | None = None
) -> FaceSearch:
    """The chain of face detectors called `names`, each known to work here.

    Args:
        names: in the order in which they are asked.
        files: model files that the user named, by face detector.
        device: torch device name.
        min_face: see `FaceSearch`.

    Raises:
        RequestError: an unknown name, one that does not work here, or a file for one that was not asked for.
        PluginError: a downloaded model file is damaged.
    """
    for name in files:
        if name not in names:
            raise RequestError(
                f"--weights {name}={files[name]}: this face detector was not asked for; name it in --face-detectors"
            )
    found = []
    for name in names:
        detector = face_detector_class(name)
        if name not in DETECTOR_FILES:
            available = detector.availability()
            if not available.available:
                raise RequestError(f"face detector '{name}' does not work here: {available.reason}")
            continue
        file = detector_file(name)
        path = located(file, files.get(name))
        if path is None:
            raise RequestError(f"face detector '{name}' does not work here: {file.how_to_get}")
        found.append((name, path.resolve(), sha256_of(path)))
    return FaceSearch(tuple(names), min_face, device, tuple(found))


def only_face_detector_files(texts: Sequence[str]) -> Mapping[str, Path]:
    """The files that ``--weights`` names, where nothing but a face detector can take one.

    Raises:
        RequestError: a name is another's.
    """
    named = named_weights(texts)
    others = [*named.recognisers, *named.metrics, *named.parts]
    if others:
        raise RequestError(f"--weights {others[0]}: only face detectors take a file here: {', '.join(DETECTOR_FILES)}")
    return named.detectors
