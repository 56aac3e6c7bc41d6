"""Finds the face of a photo's subject: a chain of face detectors, then dlib's 68 landmarks and its 5 points.

Importing this module loads no model and no torch: worker processes start fast and load the models on first use.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmark.acquisition.face_detectors.base import DETECTION_SIDE, FaceDetector, FoundFaces
from benchmark.acquisition.face_detectors.known import face_detector_class
from benchmark.acquisition.face_detectors.names import DEFAULT_FACE_DETECTORS
from benchmark.acquisition.landmarks import place_five_points, place_landmarks
from benchmark.errors import ImageRefused
from benchmark.faces import NO_FACE_FOUND, FaceGeometry, Image

LARGE_FACE = 0.5
"""A face counts as large if it is at least this share as wide as the widest face of the photo."""
CENTRAL = 0.25
"""A large face counts as central if its centre is at most this share of its width from the photo's."""
SMALLEST_PHOTO = 20
"""Shortest side of a photo that is worth searching, pixels."""
_MAX_OUTSIDE = 0.5
"""A face with a larger share of its 68 landmarks outside the photo is refused: most of it would be guessed."""
_MAX_ON_GPU = 8
"""Processes that share one GPU: each holds about half a gibibyte of its memory."""


@dataclass(frozen=True)
class FoundFace:
    """The face of a photo's subject, the face detector that found it, and how many faces that found in the photo."""

    geometry: FaceGeometry
    face_detector: str
    faces: int = 1


@dataclass(frozen=True)
class FaceSearch:
    """How faces are searched for; small and picklable, so that it can be sent to worker processes.

    Attributes:
        face_detectors: names; each is tried only where those before it found no face.
        min_face: narrower faces (pixels of the photo, as wide as dlib's HOG detector draws them) do not count; None =
            what every face detector looks for by itself, see `FaceDetector`.
        device: torch device name, for a first face detector that is a network of PyTorch. Those that are asked only
            after a miss run on the processor: their few photos fill no batch, and do not slow the first one's work.
        files: the model file, and its SHA-256, of each face detector that needs one.
    """

    face_detectors: tuple[str, ...] = DEFAULT_FACE_DETECTORS
    min_face: int | None = None
    device: str = "cpu"
    files: tuple[tuple[str, Path, str], ...] = ()

    def about(self) -> dict[str, Any]:
        """What decides which faces are found, as JSON values for an artefact's key."""
        digests = {name: sha256 for name, _, sha256 in self.files}
        return {
            "face_detectors": [
                [name, face_detector_class(name).version, digests.get(name, "")] for name in self.face_detectors
            ],
            "min_face": self.min_face,
        }

    @property
    def batch(self) -> int:
        """How many photos a worker process should be given at once."""
        return face_detector_class(self.face_detectors[0]).batch(self.device)

    def processes(self, workers: int) -> int:
        """Worker processes that may search at the same time, of `workers`."""
        return min(workers, _MAX_ON_GPU) if self.batch > 1 else workers

    def find(self, photo: Image) -> FoundFace:
        """Where the face of the photo's subject is; see `find_all`.

        Raises:
            ImageRefused: no face, a photo too small to hold one, or a face mostly outside the photo.
            PluginError: a model is missing or damaged.
        """
        found = self.find_all([photo])[0]
        if isinstance(found, ImageRefused):
            raise found
        return found

    def find_all(self, photos: Sequence[Image | ImageRefused]) -> list[FoundFace | ImageRefused]:
        """Where the subject's face is in each photo. What is found in one photo does not depend on the others.

        Of several faces, the subject's is the most central large one: among those at least `LARGE_FACE` times as wide
        as the widest, the one whose centre is nearest to the centre of the photo; of equally near ones the widest.

        Args:
            photos: each ``uint8 (H, W, 3)``, RGB, upright; or the reason why there is no photo, which is handed on.

        Returns:
            For each the face, in pixels of the photo, whose landmarks may be outside it where the face is cut off; or
            the reason why there is none.
        """
        faces = [_searchable(photo) for photo in photos]
        waiting = [row for row, face in enumerate(faces) if face is None]
        for name in self.face_detectors:
            shown = [photo for photo in (photos[row] for row in waiting) if not isinstance(photo, ImageRefused)]
            found = self._detector(name).detect(shown) if shown else []
            for row, photo, of_photo in zip(waiting, shown, found, strict=True):
                counted = of_photo if self.min_face is None else of_photo.at_least(self.min_face)
                if len(counted):
                    faces[row] = _subjects_face(photo, counted, name)
            waiting = [row for row in waiting if faces[row] is None]
        return [ImageRefused(NO_FACE_FOUND) if face is None else face for face in faces]

    def find_large(self, photo: Image) -> FoundFace | None:
        """The subject's face of a large photo, where a quick look shows that it is large and central.

        It is the face that `find` would choose, mostly at the very same place: a face that the quick look is too coarse
        for would have to be centred within the large one to be chosen in its place. Others are not counted
        (`FoundFace.faces`), and dlib's five points are not placed: they are NaN.

        Args:
            photo: ``uint8 (H, W, 3)``, RGB, upright.

        Returns:
            None where `find` has to be asked: the photo is no longer than `DETECTION_SIDE`, the first face detector has
            no quick look, or no face is so large and so central, or not wholly in the photo.
        """
        height, width = photo.shape[:2]
        if max(height, width) <= DETECTION_SIDE or min(height, width) < SMALLEST_PHOTO:
            return None
        name = self.face_detectors[0]
        found = self._detector(name).detect_large(photo).at_least(self.min_face or 0)
        if not len(found):
            return None
        box = found.landmark_boxes[most_central_large_face(found.landmark_boxes, width=width, height=height)]
        away = math.dist((box[:2] + box[2:]) / 2, (width / 2, height / 2))
        if away > CENTRAL * (box[2] - box[0]):
            return None
        landmarks = place_landmarks(photo, box)
        if ((landmarks < 0) | (landmarks > (width - 1, height - 1))).any():
            return None
        return FoundFace(FaceGeometry(box.astype(np.float32), landmarks, np.full((5, 2), np.nan, np.float32)), name)

    def _detector(self, name: str) -> FaceDetector:
        file = next((path for of, path, _ in self.files if of == name), None)
        device = self.device if name == self.face_detectors[0] else "cpu"
        return _loaded(name, device, self.min_face, file)


def locate_face(photo: Image) -> FaceGeometry:
    """Where the face of the photo's subject is: `FaceSearch.find` with the default chain of face detectors."""
    return FaceSearch().find(photo).geometry


def most_central_large_face(boxes: NDArray[np.float64], *, width: int, height: int) -> int:
    """Index of the subject's face by the rule that `FaceSearch.find_all` states.

    A face less than half as wide does not count, however central; of two large faces the more central one is chosen:

    >>> boxes = np.array([[0, 0, 80, 80], [90, 90, 110, 110], [110, 60, 180, 130]])
    >>> most_central_large_face(boxes, width=200, height=200)
    2

    Args:
        boxes: ``(K, 4)``: left, top, right, bottom; K ≥ 1.
        width: the width of the photo, pixels.
        height: the height of the photo, pixels.
    """
    widths = boxes[:, 2] - boxes[:, 0]
    centres = (boxes[:, :2] + boxes[:, 2:]) / 2
    distances = np.hypot(centres[:, 0] - width / 2, centres[:, 1] - height / 2)
    large = widths >= LARGE_FACE * widths.max()
    order = np.lexsort((-widths, distances, ~large))  # the last key is the first to decide
    return int(order[0])


def _searchable(photo: Image | ImageRefused) -> FoundFace | ImageRefused | None:
    """Why a photo is not worth searching, or None."""
    if isinstance(photo, ImageRefused):
        return photo
    height, width = photo.shape[:2]
    if min(height, width) < SMALLEST_PHOTO:
        return ImageRefused(f"the photo is too small to hold a face: {width}×{height} pixels")
    return None


def _subjects_face(photo: Image, found: FoundFaces, name: str) -> FoundFace | ImageRefused:
    height, width = photo.shape[:2]
    chosen = most_central_large_face(found.landmark_boxes, width=width, height=height)
    box = found.landmark_boxes[chosen]
    landmarks = place_landmarks(photo, box)
    outside = ((landmarks < 0) | (landmarks > (width - 1, height - 1))).any(axis=1).mean()
    if outside > _MAX_OUTSIDE:
        return ImageRefused(f"the face is mostly outside the photo ({outside:.0%} of its landmarks)")
    own = None if found.key_points is None else found.key_points[chosen].astype(np.float32)
    geometry = FaceGeometry(found.boxes[chosen].astype(np.float32), landmarks, place_five_points(photo, box), own)
    return FoundFace(geometry, name, len(found))


@cache
def _loaded(name: str, device: str, min_face: int | None, file: Path | None) -> FaceDetector:
    """One face detector of each kind per process."""
    return face_detector_class(name)(device=device, min_face=min_face, file=file)
