"""The embedded default: people who do not exist, drawn from statistics of real faces. No download, no real person."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Sequence
from functools import lru_cache
from itertools import count, islice
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from benchmark.cards import DatasetCard
from benchmark.datasets.appearance_model import AppearanceModel, Floats
from benchmark.datasets.base import Comparisons, Dataset, Protocol
from benchmark.datasets.portrait import draw_photo
from benchmark.embedded_files import embedded
from benchmark.errors import ImageRefused, RequestError
from benchmark.faces import Image, Photo
from benchmark.plugins import register_dataset
from benchmark.seeds import generator_for

log = logging.getLogger(__name__)

FOLDER = "synthetic-people"
RENDERING_VERSION = 2
"""Raised whenever the same generator and seed would give other pixels."""
DEFAULT_COUNTS = {"test": (150, 3), "train": (400, 4), "validation": (60, 2)}
"""People and photos of each; of the test's photos the first is the reference."""
PERSON_SPREAD = 1.3
"""How much more people differ than the covariance between real people says: what a recogniser sees of a drawn face is
less than of a real one. Chosen so that dlib's network separates the people as it separates LFW's."""
SHAPE_SPREAD = 1.0
STRONG_SPREAD = 0.85
WEAK_SPREAD = 0.5
OUTLINE_SPREAD = 0.6
STRONG_COMPONENTS = 10
"""The first texture components (light, exposure, hair) vary between photos of one person almost as in real photos,
the later ones less; one spread for all makes photos either unlike their person or all alike."""


@register_dataset("synthetic")
class SyntheticPeople(Dataset):
    """Synthetic people: any number of them by seed; training, validation and test people are different by name.

    Args:
        root: must be None: nothing is read but the embedded generator.
        seed: the seed of the people; those of seed 0 have been screened against real photos.
        people: in the test, the first one's photo 0 being the reference.
        probes: of every test person.
        training: (people, photos of each) set aside for training.
        validation: (people, photos of each) set aside for validation.
    """

    card = DatasetCard(
        summary="people drawn from statistics of real faces; shows the pipeline, ranks nothing",
        source="active appearance model with two-covariance sampling; datasets/synthetic-people/README.md",
        licence="code MIT; fitted on CelebA and All-Age-Faces, whose terms allow research only",
        trained_on=("celeba", "all-age-faces"),
        overlaps=(("lfw", "disjoint"), ("synthetic", "disjoint")),
        synthetic=True,
        layout="embedded; no --data-root",
    )
    protocols: ClassVar[tuple[str, ...]] = ("probes",)

    def __init__(
        self,
        root: Path | None = None,
        *,
        seed: int = 0,
        people: int = DEFAULT_COUNTS["test"][0],
        probes: int = DEFAULT_COUNTS["test"][1] - 1,
        training: tuple[int, int] = DEFAULT_COUNTS["train"],
        validation: tuple[int, int] = DEFAULT_COUNTS["validation"],
    ) -> None:
        super().__init__(root, seed=seed)
        if root is not None:
            raise RequestError(f"the synthetic people are embedded and read nothing from {root}; leave out --data-root")
        if people < 2 or probes < 1:
            raise RequestError(
                f"{people} people with {probes} probes cannot be compared; ask for at least 2 people and 1 probe"
            )
        self.people, self.probes = people, probes
        self.parts = {"train": training, "validation": validation}

    def protocol(self, name: str, *, limit: int | None = None) -> Protocol:
        """Every reference against every probe: with 150 people, 300 mated and 44,700 non-mated comparisons."""
        if name not in self.protocols:
            raise RequestError(f"synthetic has no protocol '{name}'; it has: {', '.join(self.protocols)}")
        people = self.people if limit is None else min(limit, self.people)
        if people < 2:
            raise RequestError(f"--limit {limit} leaves {people} synthetic people; at least two are needed")
        photos = self._photos("test", people, 1 + self.probes)
        reference = np.arange(people, dtype=np.int32) * (1 + self.probes)
        probe = np.setdiff1d(np.arange(len(photos), dtype=np.int32), reference)
        references, probes = np.repeat(reference, len(probe)), np.tile(probe, people)
        mated = references // (1 + self.probes) == probes // (1 + self.probes)
        fold = np.full(len(probes), -1, np.int8)
        return Protocol(name, tuple(photos), Comparisons(references, probes, mated, fold))

    def training_photos(self, part: str, *, protocol: str) -> Sequence[Photo]:
        """Photos of people who are in no test."""
        if part not in self.parts:
            raise RequestError(f"synthetic has no part '{part}'; it has: {', '.join(self.parts)}")
        if protocol and protocol not in self.protocols:
            raise RequestError(f"synthetic has no protocol '{protocol}'; it has: {', '.join(self.protocols)}")
        return self._photos(part, *self.parts[part])

    def read(self, photo: Photo) -> Image:
        """Draw the photo: it depends on the generator, the seed and its ``image_id`` alone."""
        subject, _, number = photo.image_id.rpartition("-")
        if subject != photo.subject_id or not number.isdigit():
            raise ImageRefused(f"not a photo of the synthetic people: {photo.image_id}")
        model = AppearanceModel.load(embedded("datasets", FOLDER, "generator.safetensors"))
        person = model.person(generator_for(self.seed, "synthetic-person", subject), spread=PERSON_SPREAD)
        photo_rng = generator_for(self.seed, "synthetic-photo", photo.image_id)
        scores = person + model.variation(photo_rng, photo_spreads(model))
        return draw_photo(
            model,
            model.appearance(scores),
            person_rng=generator_for(self.seed, "synthetic-skin", subject),
            photo_rng=photo_rng,
        )

    def digest(self, photos: Sequence[Photo]) -> str:
        """Of the generator, the seed and the photos' ids."""
        text = "\n".join((str(RENDERING_VERSION), generator_sha256(), str(self.seed), *(p.image_id for p in photos)))
        return hashlib.sha256(text.encode("utf-8")).hexdigest()

    def screened(self, part: str, people: int, each: int) -> bool:
        """Whether the first `people` people of `part`, with `each` photos, were all found far from real photos."""
        max_people, max_photos = read_screening()["accepted"].get(part, (0, 0))
        return bool(self._screening_applies() and people <= max_people and each <= max_photos)

    def _screening_applies(self) -> bool:
        screening = read_screening()
        return bool(self.seed == screening["seed"] and generator_sha256() == screening["generator"])

    def _photos(self, part: str, people: int, each: int) -> list[Photo]:
        screened = self.screened(part, people, each)
        if not screened:
            log.warning(
                "%d synthetic people for %s of seed %d, %d photos each, have not all been screened: "
                "one may resemble a real person",
                people,
                part,
                self.seed,
                each,
            )
        rejected = set(read_screening()["rejected"].get(part, ())) if self._screening_applies() else set()
        numbers = islice((number for number in count() if number not in rejected), people)
        source = f"rendered from seed {self.seed}, {'screened' if screened else 'unscreened'}"
        return [
            Photo(f"{subject}-{photo}", subject, source)
            for subject in (f"{part}-{number:05d}" for number in numbers)
            for photo in range(each)
        ]


@lru_cache(maxsize=1)
def generator_sha256() -> str:
    """Digest of the embedded generator."""
    return hashlib.sha256(embedded("datasets", FOLDER, "generator.safetensors").read_bytes()).hexdigest()


@lru_cache(maxsize=1)
def read_screening() -> dict[str, Any]:
    """``screening.json``: which people ``screen.py`` has turned down."""
    screening: dict[str, Any] = json.loads(embedded("datasets", FOLDER, "screening.json").read_text("utf-8"))
    return screening


def photo_spreads(model: AppearanceModel) -> Floats:
    """How strongly each score varies between photos of one person, ``(size,)``."""
    spreads = np.full(model.size, WEAK_SPREAD, np.float32)
    spreads[model.slice_of("shape")] = SHAPE_SPREAD
    spreads[model.slice_of("outline")] = OUTLINE_SPREAD
    base = model.slice_of("base")
    spreads[base.start : base.start + STRONG_COMPONENTS] = STRONG_SPREAD
    return spreads
