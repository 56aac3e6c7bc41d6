"""Finds one face and its 68 landmarks in every photo of a folder: the first stage of `fit.py` and `screen.py`."""

from __future__ import annotations

import sys
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

import cv2
import dlib
import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from benchmark.acquisition.dlib_models import model_path
from benchmark.parallel import map_in_processes
from benchmark.progress import Progress

UPSAMPLED_SIDE = 352
"""dlib's HOG detector wants faces of 80 pixels or more: smaller photos are enlarged to about this side."""
SUFFIXES = {".jpg", ".jpeg", ".png", ".webp"}


def photo_files(folder: Path) -> list[str]:
    """Paths of the photos below `folder`, relative to it, sorted."""
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES)


def read_photo(path: Path) -> NDArray[np.uint8]:
    """``uint8 (H, W, 3)``, RGB."""
    image = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if image is None:
        raise SystemExit(f"{path} is not an image that OpenCV can read; remove it from the folder")
    return np.ascontiguousarray(image[:, :, ::-1])


@lru_cache(maxsize=1)
def _models() -> tuple[Any, Any, Any]:
    return (
        dlib.get_frontal_face_detector(),
        dlib.shape_predictor(str(model_path("shape_predictor_68_face_landmarks.dat"))),
        dlib.shape_predictor(str(model_path("shape_predictor_5_face_landmarks.dat"))),
    )


def find_face(image: NDArray[np.uint8]) -> NDArray[np.float32] | None:
    """The 68 landmarks and dlib's five points, ``float32 (73, 2)``, pixels; None where no face is found.

    Of several faces, the one with the largest area less its distance from the middle wins.
    """
    detector, predictor, five = _models()
    height, width = image.shape[:2]
    scale = max(1.0, UPSAMPLED_SIDE / max(height, width))
    large = image if scale == 1 else cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC)
    boxes = detector(large, 0) or detector(large, 1)
    if not boxes:
        return None
    centre = np.array([large.shape[1], large.shape[0]]) / 2

    def rank(box: Any) -> float:
        offset = np.array([box.center().x, box.center().y]) - centre
        return float(box.width() - np.hypot(*offset))

    box = max(boxes, key=rank)
    points = [(p.x, p.y) for model in (predictor, five) for p in model(large, box).parts()]
    return (np.array(points, np.float32) + 0.5) / np.float32(scale) - 0.5


def _find_in_file(file: str, folder: Path) -> NDArray[np.float32]:
    points = find_face(read_photo(folder / file))
    return np.full((73, 2), np.nan, np.float32) if points is None else points


def landmarks_of_folder(
    folder: Path, cache: Path, *, workers: int, progress: Progress
) -> tuple[list[str], NDArray[np.float32]]:
    """Files below `folder` and their points ``float32 (N, 73, 2)``, NaN where there is no face; kept in `cache`."""
    if cache.exists():
        with np.load(cache, allow_pickle=False) as stored:
            return [str(name) for name in stored["files"]], stored["points"]
    files = photo_files(folder)
    if not files:
        raise SystemExit(f"no photos below {folder}; name the folder that holds them with --faces")
    with progress.bar("landmarks", total=len(files), unit="photo") as bar:
        found = map_in_processes(partial(_find_in_file, folder=folder), files, workers=workers, bar=bar)
        points = np.stack(list(found))
    cache.parent.mkdir(parents=True, exist_ok=True)
    np.savez(cache, files=np.array(files), points=points)
    return files, points
