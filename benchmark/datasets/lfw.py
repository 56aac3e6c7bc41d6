"""Labeled Faces in the Wild: the official 6,000 pairs, and a split by people for smaller false match rates."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from benchmark.cards import Availability, DatasetCard
from benchmark.datasets.base import Protocol
from benchmark.datasets.files import PhotoFiles
from benchmark.datasets.layouts import looks_like
from benchmark.datasets.lfw_csv_lists import read_pairs_csv, read_people_csv
from benchmark.datasets.lfw_download import download_lfw
from benchmark.datasets.lfw_home import lfw_availability
from benchmark.datasets.lfw_lists import person_of, photo_path, read_pairs, read_people
from benchmark.datasets.lfw_variant import lfw_variant
from benchmark.datasets.listed_pairs import comparisons_of, ids_of, lines_of, some_pairs
from benchmark.datasets.splits import all_pairs, at_most_per_subject, gallery_search, some_subjects
from benchmark.errors import RequestError
from benchmark.faces import Photo
from benchmark.plugins import register_dataset

log = logging.getLogger(__name__)

PHOTO_FOLDERS = (
    "",
    "lfw",
    "lfw-deepfunneled",
    "lfw-deepfunneled/lfw-deepfunneled",
    "lfw_funneled",
    "lfw-funneled",
    "lfw_home/lfw_funneled",
)
"""Where people's folders are looked for below the root: the names that LFW's archives unpack to."""
PHOTOS_PER_SUBJECT = 10
"""Cap of ``people-split``: without one, a single man owns 90 % of the mated comparisons."""
PARTS = {"train": range(6), "validation": range(6, 7), "test": range(7, 10)}
"""The folds of ``people.txt`` (from 0) that each part of ``people-split`` takes."""


@register_dataset("lfw")
class LabeledFacesInTheWild(PhotoFiles):
    """Labeled Faces in the Wild: 13,233 press photos of 5,749 people.

    ``view2`` is the official test: 6,000 listed pairs in 10 folds, the first of a pair being the reference.
    ``people-split`` trains on the people of folds 1–6, validates on 7 and tests on 8–10: at most 10 photos per subject,
    every unordered pair once. ``people-validation`` compares the people of fold 7 in the same way: presets and weights
    are chosen there, so that nobody whom ``people-split`` tests is looked at. ``people-search`` searches the people of
    folds 8–10 in a gallery of one photo of each who has several; the others are strangers to it. A photo's id is its
    path below the folder of people, ``Name/Name_0001.jpg``. Which edition the folder holds (original, funneled,
    deep-funneled) is recorded in the run's manifest.
    """

    card = DatasetCard(
        source="Huang, Ramesh, Berg, Learned-Miller: Labeled Faces in the Wild, UMass Amherst TR 07-49, 2007",
        licence="research; the photographs belong to their owners",
        overlaps=(("synthetic", "disjoint"), ("faces-train", "disjoint")),
        layout="LFW: <Person>/<Person>_0001.jpg, pairs.txt and people.txt",
        sealed=("view2",),
    )
    protocols = ("view2", "people-split", "people-validation", "people-search")

    def __init__(self, root: Path | None = None, *, seed: int = 0) -> None:
        super().__init__(download_lfw() if root is None else root, seed=seed)
        self._photo_folder = _find_photo_folder(self.root)
        first = sorted(photo_path(person.name, 1) for person in self._photo_folder.iterdir() if person.is_dir())
        self.variant = lfw_variant(self._photo_folder, first)
        log.info("%s holds LFW's edition: %s", self._photo_folder, self.variant)

    @classmethod
    def availability(cls) -> Availability:
        """Usable without ``--data-root`` once scikit-learn has downloaded it."""
        return lfw_availability()

    def protocol(self, name: str, *, limit: int | None = None) -> Protocol:
        """``view2``, ``people-split``, ``people-validation`` or ``people-search``.

        Args:
            name: the protocol.
            limit: of ``view2``, at most this many pairs; of the others, at most this many test subjects.

        Raises:
            RequestError: a list or a listed photo is missing (a smaller test is never run silently).
        """
        if name == "view2":
            return self._view2(limit)
        if name == "people-split":
            return self._people(name, "test", limit)
        if name == "people-validation":
            return self._people(name, "validation", limit)
        if name == "people-search":
            return self._people(name, "test", limit)
        raise RequestError(f"LFW has no protocol '{name}'; it has: {', '.join(self.protocols)}")

    def training_photos(self, part: str, *, protocol: str) -> Sequence[Photo]:
        """Photos of folds 1–6 (``train``) or 7 (``validation``), at most 10 a subject."""
        if protocol == "view2":
            raise RequestError(
                "LFW's view2 tests on everybody and has no training set; train on another data set with "
                "--train-dataset, or use --protocol people-split"
            )
        if protocol == "people-validation":
            raise RequestError(
                "LFW's people-validation tests the people whom LFW sets aside for validation; train on another data "
                "set with --train-dataset, or use --protocol people-split"
            )
        return self._part(part)

    def _view2(self, limit: int | None) -> Protocol:
        file = self._list("pairs.txt", "view2")
        listed, folds = read_pairs_csv(file) if file.suffix == ".csv" else read_pairs(file)
        pairs = some_pairs(listed, limit, seed=self.seed)
        photos = self._photos(ids_of(pairs), lines=lines_of(pairs))
        return Protocol("view2", photos, comparisons_of(pairs, photos), folds)

    def _people(self, name: str, part: str, limit: int | None) -> Protocol:
        photos = self._part(part, name)
        if limit is not None:
            photos = some_subjects(photos, limit, seed=self.seed)
        compared = gallery_search if name == "people-search" else all_pairs
        return Protocol(name, photos, compared(photos, seed=self.seed))

    def _part(self, part: str, protocol: str = "people-split") -> tuple[Photo, ...]:
        file = self._list("people.txt", protocol)
        folds = read_people_csv(file) if file.suffix == ".csv" else read_people(file)
        if len(folds) != 10:
            raise RequestError(f"{file} has {len(folds)} folds where LFW's own has 10; replace it with that")
        people = {person: count for fold in PARTS[part] for person, count in folds[fold].items()}
        listed = (photo_path(person, number) for person, count in people.items() for number in range(1, count + 1))
        return at_most_per_subject(self._photos(sorted(listed)), PHOTOS_PER_SUBJECT, seed=self.seed)

    def _list(self, name: str, protocol: str) -> Path:
        """LFW's own list, or where there is none the ``.csv`` of the same name that widespread copies hold."""
        for found in (name, f"{Path(name).stem}.csv"):
            for folder in (self.root, self._photo_folder, self._photo_folder.parent):
                if folder.is_relative_to(self.root) and (folder / found).is_file():
                    return folder / found
        hint = "; scikit-learn's download lacks it" if name == "people.txt" else ""
        raise RequestError(
            f"LFW's protocol {protocol} needs {name}, which is not in {self.root}{hint}; put LFW's own file there"
        )

    def _photos(self, paths: Iterable[str], lines: Mapping[str, int] | None = None) -> tuple[Photo, ...]:
        below = self._photo_folder.relative_to(self.root)
        listed = (Photo(path, person_of(path), (below / path).as_posix()) for path in paths)
        return self.located(listed, lines=lines, below=below.as_posix())


def _find_photo_folder(root: Path) -> Path:
    for name in PHOTO_FOLDERS:
        folder = root / name
        if folder.is_dir() and any((person / f"{person.name}_0001.jpg").is_file() for person in folder.iterdir()):
            return folder
    raise RequestError(
        f"no LFW photos in {root} (nothing like Aaron_Peirsol/Aaron_Peirsol_0001.jpg); unpack lfw-deepfunneled.tgz or "
        f"lfw-funneled.tgz there, with pairs.txt and people.txt beside it{looks_like(root, but='lfw')}"
    )
