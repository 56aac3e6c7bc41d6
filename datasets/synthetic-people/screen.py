"""Turns down synthetic people who are near a real one, or whose photos are unlike each other.

    python datasets/synthetic-people/screen.py --real LFW FACES

Every default photo of seed 0 (of test people, two more) is embedded with dlib's network and compared with every
face of the real folders. The numbers of the rejected people go into ``screening.json``, which the data set reads
instead of a recogniser.
"""

from __future__ import annotations

import argparse
import json
import logging
import sys
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from embeddings import embeddings_of_folder

from benchmark.acquisition.detection import locate_face
from benchmark.datasets.synthetic import DEFAULT_COUNTS, SyntheticPeople, generator_sha256
from benchmark.errors import ImageRefused
from benchmark.faces import Photo
from benchmark.machine.processor_time import available_cores
from benchmark.progress import Progress
from benchmark.recognisers.face_recognition import FaceRecognition

CACHE = Path(__file__).resolve().parents[2] / "reports" / "synthetic-people-fit"
NEAREST = 0.46
"""Least distance to any real face: 0.45 and a margin for another crop of the same photo."""
FARTHEST = 0.72
"""Greatest distance between two photos of one person: beyond it, one of them is a caricature."""
COUNTS = {**DEFAULT_COUNTS, "test": (DEFAULT_COUNTS["test"][0], 5)}
"""People and photos of each that are screened; of test people more than the default, for other protocols."""
SEED = 0


@dataclass(frozen=True)
class Verdict:
    """Figures of one candidate: distance to the nearest real face, between their farthest photos, photos not found."""

    nearest: float
    farthest: float
    unfound: int

    @property
    def accepted(self) -> bool:
        """Whether the person is shipped."""
        return self.nearest >= NEAREST and self.farthest <= FARTHEST


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--real", type=Path, nargs="+", required=True, help="folders of real photos")
    parser.add_argument("--output", type=Path, default=Path(__file__).with_name("screening.json"))
    parser.add_argument("--cache", type=Path, default=CACHE, help="for stages done")
    parser.add_argument("--workers", type=int, default=available_cores())
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    cv2.setNumThreads(1)
    arguments.cache.mkdir(parents=True, exist_ok=True)
    progress = Progress()
    real = np.concatenate(
        [
            embeddings_of_folder(folder, arguments.cache, workers=arguments.workers, progress=progress)[1]
            for folder in arguments.real
        ]
    )
    recogniser, dataset = FaceRecognition(), SyntheticPeople(seed=SEED)
    rejected: dict[str, list[int]] = {}
    figures: dict[str, dict[str, float]] = {}
    for part, (people, each) in COUNTS.items():
        rejected[part], figures[part] = [], {}
        kept: list[Verdict] = []
        turned_down: list[Verdict] = []
        candidate = 0
        with progress.bar(f"screen {part}", total=people, unit="person") as bar:
            while len(kept) < people:
                verdict = judge(dataset, f"{part}-{candidate:05d}", each, recogniser, real)
                if verdict.accepted:
                    kept.append(verdict)
                    bar.update(1)
                else:
                    rejected[part].append(candidate)
                    turned_down.append(verdict)
                candidate += 1
        nearest = np.array([verdict.nearest for verdict in kept])
        figures[part] = {
            "candidates": candidate,
            "near_a_real_person": sum(verdict.nearest < NEAREST for verdict in turned_down),
            "photos_unlike": sum(verdict.farthest > FARTHEST for verdict in turned_down),
            "photos_without_face": sum(verdict.unfound for verdict in kept + turned_down),
            "nearest_min": round(float(nearest.min()), 3),
            "nearest_median": round(float(np.median(nearest)), 3),
        }
        logging.info("%s: %s", part, figures[part])
    report = {
        "generator": generator_sha256(),
        "seed": SEED,
        "against": {folder.name: "all faces found" for folder in arguments.real},
        "accepted": {part: list(counts) for part, counts in COUNTS.items()},
        "rejected": rejected,
        "figures": figures,
    }
    arguments.output.write_text(json.dumps(report, indent=1) + "\n", "utf-8")


def judge(
    dataset: SyntheticPeople, subject: str, photos: int, recogniser: FaceRecognition, real: NDArray[np.float32]
) -> Verdict:
    """Draw one person's photos and compare them with the real faces ``(N, 128)`` and each other."""
    chips = []
    for number in range(photos):
        image = dataset.read(Photo(f"{subject}-{number}", subject, ""))
        try:
            chips.append(recogniser.chip(image, locate_face(image)))
        except ImageRefused:
            continue
    if not chips:
        return Verdict(np.inf, np.inf, photos)
    embedded = recogniser.embed(np.stack(chips))
    squared = (real**2).sum(axis=1) + (embedded**2).sum(axis=1)[:, None] - 2 * embedded @ real.T
    apart = np.linalg.norm(embedded[:, None] - embedded[None], axis=2)
    nearest = float(np.sqrt(max(squared.min(), 0.0)))
    return Verdict(nearest, float(apart.max()), photos - len(chips))


if __name__ == "__main__":
    main()
