"""Measures how often people in really worn masks are taken for strangers, with a recogniser, its adapter, and methods.

    python docs/measure_worn_matches.py --photos DIR --lfw DIR --numbers odd --methods telea,periocular

DIR/masked holds photos without identities: nothing can be said about mated comparisons, but whoever is in them is none
of LFW's validation people, so every match with one is false. An adapter that moves masked faces together, or to the
mean face, shows here on masks that nobody drew, and so does a completer that paints everybody alike. Thresholds are
those of the unchanged recogniser between bare faces of the validation people; the faces of the masked photos are found
on these photos, as in the arm `redetect`.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmark.acquisition.alignment import crop_face
from benchmark.acquisition.detection import FaceSearch
from benchmark.datasets.photo_reading import read_photo
from benchmark.errors import ImageRefused, RequestError
from benchmark.faces import AlignedFaces, FaceGeometry, Image
from benchmark.methods.adapters.adapted_network import AdaptedNetwork
from benchmark.methods.base import CropTransform, Unmasker
from benchmark.methods.resolve import resolve_method
from benchmark.methods.trained_networks import TrainedNetworks
from benchmark.methods.trained_weights import shipped_weights
from benchmark.plugins import DATASETS
from benchmark.recognisers.base import Recogniser
from benchmark.recognisers.resolve import resolve_recognisers
from benchmark.verification.thresholds import threshold_at

SHIPPED = Path(__file__).resolve().parents[1] / "weights" / "adapt" / "default"
SIZE = 128
Face = tuple[Image, FaceGeometry]


def main() -> None:
    """Read the options, print the rates."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--photos", type=Path, required=True, metavar="DIR")
    parser.add_argument("--lfw", type=Path, required=True, metavar="DIR")
    parser.add_argument("--numbers", choices=("odd", "even"), default="odd", help="(default: %(default)s)")
    parser.add_argument("--recogniser", default="face_recognition", help="(default: %(default)s)")
    parser.add_argument("--weights", type=Path, metavar="FILE", help="of the recogniser")
    parser.add_argument("--adapter", type=Path, metavar="DIR", help="(default: the shipped weights, if there are any)")
    parser.add_argument("--methods", default="", metavar="A,B", help="methods that change crops, with shipped weights")
    options = parser.parse_args()
    name = options.recogniser
    files = {} if options.weights is None else {name: options.weights}
    recogniser = resolve_recognisers([name], weights=files, device="cpu").ready[name]

    people = DATASETS.load("lfw")(options.lfw)
    enrolled = people.protocol("people-validation").photos
    found = [_face(people.read(photo)) for photo in enrolled]
    subjects = np.array([photo.subject_id for photo, face in zip(enrolled, found, strict=True) if face is not None])
    references = [face for face in found if face is not None]
    templates = _embedded(recogniser, references)
    between_bare = _all_scores(recogniser, templates, templates)[subjects[:, None] != subjects[None]]

    files_of_photos = sorted((options.photos / "masked").glob("*.jpg"))
    wanted = [file for file in files_of_photos if int(file.stem) % 2 == (options.numbers == "odd")]
    worn = [face for file in wanted if (face := _face(read_photo(file))) is not None]
    print(f"{len(worn)} of {len(wanted)} masked photos with a face, {len(templates)} bare photos of strangers")
    shown = {"unchanged": (templates, _embedded(recogniser, worn))}
    folder = SHIPPED / name / str(SIZE) if options.adapter is None else options.adapter
    if folder.is_dir():
        shown["adapter"] = (templates, _embedded(_adapter(folder, "default").adapted(recogniser, key=""), worn))
        for preset in ("both-sides", "two-looks", "three-looks"):
            adapter = _adapter(folder, preset)
            of_references, of_probes = adapter.for_references(recogniser, key=""), adapter.adapted(recogniser, key="")
            shown[adapter.label] = (_embedded(of_references, references), _embedded(of_probes, worn))
    for method in filter(None, options.methods.split(",")):
        shown[method] = _changed(method, recogniser, templates, references, worn)
    for target in (1e-2, 1e-3):
        threshold = threshold_at(between_bare, target)
        rates = {one: float((_all_scores(recogniser, *pair) >= threshold).mean()) for one, pair in shown.items()}
        print(f"FMR asked for {target:.1%}: " + ", ".join(f"{one} {rate:.2%}" for one, rate in rates.items()))


def _face(photo: Image) -> Face | None:
    """The aligned crop and the face in it, as in a run; None where no face is found."""
    try:
        return crop_face(photo, FaceSearch().find(photo).geometry, SIZE)
    except ImageRefused:
        return None


def _embedded(recogniser: Recogniser, faces: Iterable[Face]) -> NDArray[np.float32]:
    return recogniser.embed(np.stack([recogniser.chip(*face) for face in faces]))


def _adapter(folder: Path, preset: str) -> AdaptedNetwork:
    adapter = AdaptedNetwork(preset=preset)
    adapter.name = "adapt"
    refusal = adapter.weights_refusal(folder)
    if refusal:
        raise SystemExit(f"{folder}: {refusal}")
    adapter.load(folder)
    return adapter


def _changed(
    name: str, recogniser: Recogniser, templates: NDArray[np.float32], references: list[Face], worn: list[Face]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Templates and probes as the method shows the faces to the recogniser."""
    method = resolve_method(name)
    if isinstance(method, CropTransform):
        both = [
            _embedded(recogniser, _with_crops(faces, method.transform(_aligned(faces)))) for faces in (references, worn)
        ]
        return both[0], both[1]
    if not isinstance(method, Unmasker):
        raise RequestError(f"'{name}' changes no crop")
    for part in method.parts():
        if isinstance(part, TrainedNetworks):
            weights = shipped_weights(part.name, part.preset, SIZE)
            if weights is None:
                raise RequestError(f"no weights of '{part.label}' travel with the program")
            part.load(weights.folder)
    faces = _aligned(worn)
    restored = method.unmask(faces.pixels, None, faces.landmarks, faces.image_ids)
    return templates, _embedded(recogniser, _with_crops(worn, restored.pixels))


def _aligned(faces: list[Face]) -> AlignedFaces:
    return AlignedFaces(
        tuple(str(row) for row in range(len(faces))),
        np.stack([crop for crop, _ in faces]),
        np.stack([face.landmarks for _, face in faces]),
        np.stack([face.five_points for _, face in faces]),
    )


def _with_crops(faces: list[Face], crops: NDArray[np.uint8]) -> list[Face]:
    return [(crop, face) for crop, (_, face) in zip(crops, faces, strict=True)]


def _all_scores(
    recogniser: Recogniser, references: NDArray[np.float32], probes: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Every reference against every probe, ``float32 (R, P)``."""
    columns = [recogniser.scores(references, np.broadcast_to(probe, references.shape)) for probe in probes]
    return np.stack(columns, axis=1)


if __name__ == "__main__":
    main()
