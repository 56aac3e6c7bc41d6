"""Measures how often people in really worn masks are taken for strangers, with a recogniser and with its adapter.

    python docs/measure_worn_matches.py --photos DIR --lfw DIR --numbers odd

DIR/masked holds photos without identities: nothing can be said about mated comparisons, but whoever is in them is none
of LFW's validation people, so every match with one is false. An adapter that moves masked faces together, or to the
mean face, shows here on masks that nobody drew. Thresholds are those of the unchanged recogniser between bare faces of
the validation people; the faces of the masked photos are found on these photos, as in the arm `redetect`.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmark.acquisition.alignment import crop_face
from benchmark.acquisition.detection import FaceSearch
from benchmark.datasets.photo_reading import read_photo
from benchmark.errors import ImageRefused
from benchmark.faces import Image
from benchmark.methods.adapters.adapted_network import AdaptedNetwork
from benchmark.methods.trained_weights import TrainedWeights
from benchmark.plugins import DATASETS
from benchmark.recognisers.base import Recogniser
from benchmark.recognisers.resolve import resolve_recognisers
from benchmark.verification.thresholds import threshold_at

SHIPPED = Path(__file__).resolve().parents[1] / "weights" / "adapt" / "default" / "face_recognition" / "128"
SIZE = 128


def main() -> None:
    """Read the options, print the rates."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--photos", type=Path, required=True, metavar="DIR")
    parser.add_argument("--lfw", type=Path, required=True, metavar="DIR")
    parser.add_argument("--numbers", choices=("odd", "even"), default="odd", help="(default: %(default)s)")
    parser.add_argument("--adapter", type=Path, default=SHIPPED, metavar="DIR", help="(default: the shipped weights)")
    options = parser.parse_args()
    recogniser = resolve_recognisers(["face_recognition"], weights={}, device="cpu").ready["face_recognition"]
    weights = TrainedWeights(options.adapter)
    adapter = AdaptedNetwork()
    adapter.load(weights.folder)
    adapted = adapter.adapted(recogniser, key=weights.sha256)

    people = DATASETS.load("lfw")(options.lfw)
    enrolled = people.protocol("people-validation").photos
    subjects, chips = zip(
        *_chips(recogniser, ((photo.subject_id, people.read(photo)) for photo in enrolled)), strict=True
    )
    templates = recogniser.embed(np.stack(chips))
    strangers = np.asarray(subjects)[:, None] != np.asarray(subjects)[None]
    between_bare = _all_scores(recogniser, templates, templates)[strangers]

    files = sorted((options.photos / "masked").glob("*.jpg"))
    wanted = [file for file in files if int(file.stem) % 2 == (options.numbers == "odd")]
    _, worn = zip(*_chips(recogniser, ((file.stem, read_photo(file)) for file in wanted)), strict=True)
    print(f"{len(worn)} of {len(wanted)} masked photos with a face, {len(templates)} bare photos of strangers")
    probes = {"unchanged": recogniser.embed(np.stack(worn)), "adapter": adapted.embed(np.stack(worn))}
    for target in (1e-2, 1e-3):
        threshold = threshold_at(between_bare, target)
        rates = {
            name: float((_all_scores(recogniser, templates, found) >= threshold).mean())
            for name, found in probes.items()
        }
        print(f"FMR asked for {target:.1%}: " + ", ".join(f"{name} {rate:.2%}" for name, rate in rates.items()))


def _chips(recogniser: Recogniser, photos: Iterator[tuple[str, Image]]) -> Iterator[tuple[str, Image]]:
    """Name and chip of every photo with a face, cut from an aligned crop as in a run."""
    search = FaceSearch()
    for name, photo in photos:
        try:
            crop, face = crop_face(photo, search.find(photo).geometry, SIZE)
            yield name, recogniser.chip(crop, face)
        except ImageRefused:
            continue


def _all_scores(
    recogniser: Recogniser, references: NDArray[np.float32], probes: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Every reference against every probe, ``float32 (R, P)``."""
    columns = [recogniser.scores(references, np.broadcast_to(probe, references.shape)) for probe in probes]
    return np.stack(columns, axis=1)


if __name__ == "__main__":
    main()
