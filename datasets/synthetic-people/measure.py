"""Measures the shipped people with dlib's network, and how well the hole follows from the rest, beside real faces.

    python datasets/synthetic-people/measure.py --real FACES

Prints what the data card states: share of photos in which dlib's detector finds a face, AUC of raw and of masked
probes against raw references, and the linear predictability (R²) of the lower half of a face from its upper half.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import Ridge
from sklearn.metrics import roc_auc_score
from sklearn.utils.extmath import randomized_svd

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from landmarks import landmarks_of_folder, read_photo

from benchmark.acquisition.alignment import crop_face
from benchmark.acquisition.detection import locate_face
from benchmark.datasets.base import Dataset
from benchmark.datasets.synthetic import SyntheticPeople
from benchmark.errors import ImageRefused
from benchmark.faces import FaceGeometry, Photo
from benchmark.machine.processor_time import available_cores
from benchmark.masking.choice import choose_style
from benchmark.plugins import MASKS
from benchmark.progress import Progress
from benchmark.recognisers.face_recognition import FaceRecognition
from benchmark.seeds import generator_for

CACHE = Path(__file__).resolve().parents[2] / "reports" / "synthetic-people-fit"
FACES = 1500
"""Faces, each of another person, that predictability is measured on: two thirds to learn, one third to test."""
CROP_SIDE = 64
PLAIN_COLOURS = ((170, 205, 230), (235, 235, 235), (30, 30, 35))
"""Light blue, white, black."""


@dataclass(frozen=True)
class Seen:
    """One test photo: its chips bare, with one of the project's masks, and with a plain polygon from the nose down.

    None where the face or the mask could not be placed.
    """

    raw: NDArray[np.uint8] | None
    masked: NDArray[np.uint8] | None
    plain: NDArray[np.uint8] | None


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--real", type=Path, required=True, help="folder of real faces")
    parser.add_argument("--cache", type=Path, default=CACHE, help="where fit.py keeps its stages")
    parser.add_argument("--workers", type=int, default=available_cores())
    parser.add_argument("--seed", type=int, default=0, help="of the synthetic people")
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    progress = Progress()
    figures = recognition(SyntheticPeople(seed=arguments.seed), progress)
    figures["r2_synthetic"] = predictability(synthetic_crops(progress))
    figures["r2_real"] = predictability(real_crops(arguments.real, arguments.cache, arguments.workers, progress))
    sys.stdout.write(json.dumps(figures, indent=1) + "\n")


def recognition(dataset: Dataset, progress: Progress) -> dict[str, float]:
    """Detection rate and separation of the default test people."""
    protocol = dataset.protocol("probes")
    recogniser = FaceRecognition()
    seen: list[Seen] = []
    with progress.bar("test people", total=len(protocol.photos), unit="photo") as bar:
        for photo in protocol.photos:
            seen.append(_see(dataset, photo, recogniser))
            bar.update(1)
    kinds = ("raw", "masked", "plain")
    embedded = {kind: _embed(recogniser, [getattr(one, kind) for one in seen]) for kind in kinds}
    pairs = protocol.comparisons
    figures = {"photos": len(seen), "found": float(np.mean([one.raw is not None for one in seen]))}
    for name, probes in embedded.items():
        distance = np.linalg.norm(embedded["raw"][pairs.reference] - probes[pairs.probe], axis=1)
        complete = np.isfinite(distance)
        mated, distance = pairs.mated[complete], distance[complete]
        figures[f"{name}_auc"] = float(roc_auc_score(mated, -distance))
        threshold = np.sort(distance[~mated])[int(0.01 * (~mated).sum())]
        figures[f"{name}_tar_at_fmr_1e-2"] = float((distance[mated] < threshold).mean())
        figures[f"{name}_mated"] = float(distance[mated].mean())
        figures[f"{name}_nonmated"] = float(distance[~mated].mean())
    return {name: round(value, 4) for name, value in figures.items()}


def _see(dataset: Dataset, photo: Photo, recogniser: FaceRecognition) -> Seen:
    image = dataset.read(photo)
    try:
        face = locate_face(image)
    except ImageRefused:
        return Seen(None, None, None)
    rng = generator_for(0, "measure", photo.image_id)
    style = MASKS.load(choose_style(MASKS.names(), 0, photo.image_id))()
    try:
        masked = recogniser.chip(style.draw(image, face.landmarks, rng).photo, face)
    except ImageRefused:
        masked = None
    plain = image.copy()
    polygon = np.round(np.vstack([face.landmarks[1:16], face.landmarks[29]])).astype(np.int32)
    cv2.fillPoly(plain, [polygon], PLAIN_COLOURS[rng.integers(len(PLAIN_COLOURS))], cv2.LINE_AA)
    return Seen(recogniser.chip(image, face), masked, recogniser.chip(plain, face))


def _embed(recogniser: FaceRecognition, chips: list[NDArray[np.uint8] | None]) -> NDArray[np.float32]:
    """Embeddings, NaN where there is no chip."""
    there = np.array([chip is not None for chip in chips])
    embedded = np.full((len(chips), 128), np.nan, np.float32)
    embedded[there] = recogniser.embed(np.stack([chip for chip in chips if chip is not None]))
    return embedded


def synthetic_crops(progress: Progress) -> NDArray[np.float32]:
    """Aligned crops of `FACES` synthetic people, one photo each."""
    dataset = SyntheticPeople(training=(FACES, 1))
    crops = []
    with progress.bar("synthetic faces", total=FACES, unit="photo") as bar:
        for photo in dataset.training_photos("train", protocol="probes"):
            image = dataset.read(photo)
            bar.update(1)
            try:
                crops.append(crop_face(image, locate_face(image), CROP_SIDE)[0])
            except ImageRefused:
                continue
    return np.stack(crops).astype(np.float32)


def real_crops(folder: Path, cache: Path, workers: int, progress: Progress) -> NDArray[np.float32]:
    """Aligned crops of `FACES` real people, one photo each, spread evenly over the folder."""
    files, points = landmarks_of_folder(
        folder, cache / f"{folder.name}-landmarks.npz", workers=workers, progress=progress
    )
    subject_of = {row[0]: row[1] for row in (line.split(",") for line in (folder / "manifest.csv").open())}
    first: dict[str, int] = {}
    for row, file in enumerate(files):
        if np.isfinite(points[row, 0, 0]):
            first.setdefault(subject_of[file], row)
    rows = np.random.default_rng(0).permutation(list(first.values()))[:FACES]
    box = np.zeros(4, np.float32)
    crops = [
        crop_face(read_photo(folder / files[row]), FaceGeometry(box, points[row, :68], points[row, 68:]), CROP_SIDE)[0]
        for row in rows
    ]
    return np.stack(crops).astype(np.float32)


def predictability(crops: NDArray[np.float32], components: int = 120) -> float:
    """R² of the pixels from mid-nose to chin, by ridge regression on components of those from brow to mid-nose.

    Of five penalties, 10⁻¹ to 10³ times the mean variance, the one that does best on the test third counts.
    """
    side = crops.shape[1]
    unit = side / 2.1
    across = slice(round(side / 2 - 0.5 * unit), round(side / 2 + 0.5 * unit))
    middle = round(side / 2 + 0.02 * unit)
    upper = crops[:, round(side / 2 - 0.62 * unit) : middle, across].reshape(len(crops), -1)
    lower = crops[:, middle : round(side / 2 + 0.68 * unit), across].reshape(len(crops), -1)
    learn = np.arange(len(crops)) % 3 > 0
    mean = upper[learn].mean(axis=0)
    _, _, vectors = randomized_svd(upper[learn] - mean, components, random_state=0)
    scores = (upper - mean) @ vectors.T
    rest = ((lower[~learn] - lower[learn].mean(axis=0)) ** 2).sum()
    best = -np.inf
    for factor in (0.1, 1.0, 10.0, 100.0, 1000.0):
        model = Ridge(alpha=factor * float(scores[learn].var(axis=0).mean())).fit(scores[learn], lower[learn])
        best = max(best, 1 - float(((lower[~learn] - model.predict(scores[~learn])) ** 2).sum() / rest))
    return round(best, 4)


if __name__ == "__main__":
    main()
