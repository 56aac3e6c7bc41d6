"""What the campaign works on: photos of synthetic people, and a recogniser that costs nothing."""

from __future__ import annotations

from pathlib import Path

from PIL import Image

from benchmark.datasets.synthetic import SyntheticPeople

RECOGNISER = "campaign-pixels"
PLUGIN = f'''"""A recogniser that costs nothing: what is done to files does not depend on the network."""

import numpy as np
from benchmark.acquisition.alignment import crop_face
from benchmark.cards import RecogniserCard
from benchmark.plugins import register_recogniser
from benchmark.recognisers.base import Recogniser


@register_recogniser("{RECOGNISER}")
class Pixels(Recogniser):
    """The pixels themselves, reduced to 8 x 8."""

    card = RecogniserCard(chip_size=(32, 32))

    def chip(self, image, face):
        return crop_face(image, face, 32)[0]

    def embed(self, chips):
        small = chips.reshape(len(chips), 8, 4, 8, 4, 3).mean(axis=(2, 4)).reshape(len(chips), -1)
        return (small - small.mean(axis=1, keepdims=True)).astype(np.float32)
'''
REPLICATES = 5
"""Of the bootstrap in `SMALL_RUN`."""
SMALL_RUN = (
    *("run", "--recognisers", RECOGNISER, "--methods", "none,telea", "--limit", "6", "--size", "64", "--workers", "1"),
    *(
        "--replicates",
        str(REPLICATES),
        "--targets",
        "0.1",
        "--conditions",
        "raw-raw,raw-masked,raw-restored",
        "--quiet",
    ),
)
"""A run of seconds; ``--plugin``, ``--out`` and ``--cache`` are the trial's."""


def write_plugin(folder: Path, name: str = "plugin.py") -> Path:
    """The file of the recogniser."""
    file = folder / name
    file.write_text(PLUGIN, encoding="utf-8")
    return file


def write_people(folder: Path, people: int = 3, photos: int = 2) -> list[Path]:
    """Photos of synthetic people, ``<person>/<photo>.jpg``, in which a face is found."""
    dataset = SyntheticPeople(seed=0)
    written: list[Path] = []
    subjects: dict[str, int] = {}
    for photo in dataset.protocol("probes", limit=people).photos:
        subjects[photo.subject_id] = subjects.get(photo.subject_id, 0) + 1
        if subjects[photo.subject_id] > photos:
            continue
        file = folder / photo.subject_id / f"{photo.image_id}.jpg"
        file.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(dataset.read(photo)).save(file, quality=90)
        written.append(file)
    return written
