"""Synthetic people whose masks were drawn beforehand and saved: to the pipeline they are photos like any other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest
from PIL import Image

from benchmark.acquisition.detection import locate_face
from benchmark.cards import DatasetCard
from benchmark.datasets.base import Comparisons, Protocol
from benchmark.datasets.files import PhotoFiles
from benchmark.datasets.synthetic import SyntheticPeople
from benchmark.faces import Photo
from benchmark.masking.resolve import mask_style
from benchmark.masking.step import Worn
from benchmark.plugins import DATASETS, register_dataset

PEOPLE = 6
BARE, WORN = ("bare-0", "bare-1", "bare-2", "bare-3"), ("worn-0", "worn-1")
STYLES = ("surgical", "cloth")
CUTS = {"several": ((0,), (1, 2), (1, 2, 3)), "blank": ((0,), (0, 1), (2, 3))}
"""Of each person's photos, by protocol: its templates."""


class MaskedPeople(PhotoFiles):
    """``<subject>/bare-N.png`` without and ``<subject>/worn-N.png`` with a mask, every pair compared once."""

    card = DatasetCard(overlaps=(("synthetic", "disjoint"), ("faces-train", "disjoint")), synthetic=True)
    protocols: ClassVar[tuple[str, ...]] = (
        "pairs",
        "as-if-bare",
        "across",
        "worn",
        "bare",
        "single",
        "several",
        "blank",
    )

    def protocol(self, name: str, *, limit: int | None = None) -> Protocol:
        """``pairs``: all; ``as-if-bare``: masks not told; ``across``, ``worn``, ``bare``: some; others: templates."""
        kinds = {"worn": WORN, "bare": BARE, "single": BARE, "several": BARE, "blank": ("blank", *BARE[:3])}
        photos = self._photos(kinds.get(name, (*BARE, *WORN)), told=name != "as-if-bare")
        if name in CUTS:
            number = len(photos) // PEOPLE
            templates = [tuple(person * number + row for row in cut) for person in range(PEOPLE) for cut in CUTS[name]]
            subjects = [photos[members[0]].subject_id for members in templates]
            compared = _all_pairs(subjects, shared=[set(members) for members in templates])
            return Protocol(name, photos, compared, templates=tuple(templates))
        compared = _all_pairs([photo.subject_id for photo in photos])
        if name == "across":
            masked = np.array([photo.masked for photo in photos])
            keep = masked[compared.reference] != masked[compared.probe]
            compared = Comparisons(*(column[keep] for column in vars(compared).values()))
        single = tuple((row,) for row in range(len(photos))) if name == "single" else None
        return Protocol(name, photos, compared, templates=single)

    def training_photos(self, part: str, *, protocol: str) -> Sequence[Photo]:
        """Photos with masks alone."""
        return self._photos(WORN, told=True)

    def _photos(self, kinds: Sequence[str], *, told: bool) -> tuple[Photo, ...]:
        people = sorted(folder.name for folder in self.root.iterdir())
        return tuple(
            Photo(f"{person}/{kind}", person, f"{person}/{kind}.png", masked=told and kind in WORN)
            for person in people
            for kind in kinds
        )


def _all_pairs(subjects: Sequence[str], shared: Sequence[set[int]] | None = None) -> Comparisons:
    """Every unordered pair, every other one turned round; templates that share a photo are not compared."""
    pairs = [
        (one, other) if (one + other) % 2 else (other, one)
        for other in range(len(subjects))
        for one in range(other)
        if shared is None or not shared[one] & shared[other]
    ]
    reference, probe = (np.array([pair[side] for pair in pairs], dtype=np.int32) for side in (0, 1))
    mated = np.array([subjects[one] == subjects[other] for one, other in pairs])
    return Comparisons(reference, probe, mated, np.full(len(pairs), -1, dtype=np.int8))


@pytest.fixture(scope="session")
def masked_people(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder; one blank photo a person, in which there is no face."""
    root = tmp_path_factory.mktemp("masked-people")
    people = SyntheticPeople(seed=0, people=PEOPLE, probes=len(BARE) + len(WORN) - 1)
    styles = [Worn(name, mask_style(name)) for name in STYLES]
    kinds = (*BARE, *WORN)
    for number, photo in enumerate(people.protocol("probes").photos):
        kind = kinds[number % len(kinds)]
        pixels = people.read(photo)
        if kind in WORN:
            style = styles[WORN.index(kind)]
            pixels = style.draw(pixels, locate_face(pixels), image_id=photo.image_id, seed=0).photo
        folder = root / photo.subject_id
        folder.mkdir(exist_ok=True)
        Image.fromarray(pixels).save(folder / f"{kind}.png")
        Image.fromarray(np.full((200, 200, 3), 128, np.uint8)).save(folder / "blank.png")
    return root


@pytest.fixture(scope="module")
def masked_people_dataset() -> Iterator[str]:
    """The data set's name, registered while a module's tests run."""
    name = "masked-people"
    register_dataset(name)(MaskedPeople)
    yield name
    DATASETS._entries.pop(name)
