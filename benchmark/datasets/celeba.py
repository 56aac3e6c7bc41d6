"""CelebA: the official partition, a seeded split by people, and a split of the size that the thesis used."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable, Sequence
from functools import cached_property
from pathlib import Path

from benchmark.cards import DatasetCard
from benchmark.datasets.base import Protocol
from benchmark.datasets.celeba_lists import read_identities, read_partition
from benchmark.datasets.files import PhotoFiles
from benchmark.datasets.layouts import looks_like
from benchmark.datasets.listed_paths import refuse_outside
from benchmark.datasets.splits import (
    all_pairs,
    at_most_per_subject,
    some_photos,
    some_subjects,
    split_subjects,
    subjects_with_photos,
)
from benchmark.errors import RequestError
from benchmark.faces import Photo
from benchmark.plugins import register_dataset

log = logging.getLogger(__name__)

VARIANTS = {"img_align_celeba": "aligned", "img_celeba": "in the wild"}
"""The folders that CelebA's archives unpack to."""
_ABOVE = ("", "Img", "img_align_celeba", "img_celeba", "Img/img_align_celeba", "Img/img_celeba")
"""Where those folders are looked for below the root: Kaggle nests them in one of the same name."""
PHOTOS_PER_SUBJECT = 7
PEOPLE_TESTED = 1000
"""1,000 people with at most 7 photos: 24.5 million comparisons, just within what one test may hold. The official test
partition has about as many people; where there are more, they are drawn by seed."""
SHARES = {"train": 0.6, "validation": 0.1, "test": 0.3}
"""Of the people, under ``people-split``."""
LEARNING_SHARES = {"train": 0.95, "validation": 0.05}
"""Of the people who are not tested, under ``thesis``."""
THESIS_POOL, THESIS_PHOTOS, THESIS_TEST = 100_000, 97_170, 10_000
"""The thesis took "100k" photos, could mask 97,170 of them, and set 10,000 aside (its sections 1, 2 and 3.1)."""


@register_dataset("celeba")
class CelebA(PhotoFiles):
    """CelebA: 202,599 photos of 10,177 celebrities, aligned or in the wild.

    ``official-split`` tests on the official test partition, ``people-split`` on 30 % of the people by seed (60 %
    train, 10 % validate), ``thesis`` on 10,000 of 97,170 photos, without anybody of the other 87,170. All compare every
    unordered pair once, with at most 1,000 people and 7 photos of each. A photo's id is its file name.

    The folder holds every listed photo, or the first ones of the list: then it counts as a subset, and the log says so.
    """

    card = DatasetCard(
        source="Liu, Luo, Wang, Tang: Deep Learning Face Attributes in the Wild, ICCV 2015; datasets/celeba.md",
        licence="non-commercial research; the photographs belong to their owners",
        overlaps=(("synthetic", "disjoint"), ("faces-train", "overlapping")),
        layout="CelebA: img_align_celeba/ or img_celeba/, identity_CelebA.txt and list_eval_partition.txt",
    )
    protocols = ("official-split", "people-split", "thesis")

    def __init__(self, root: Path | None = None, *, seed: int = 0) -> None:
        super().__init__(root, seed=seed)
        self._photo_folder = _find_photo_folder(self.root)
        listed = sorted(self._identities)
        self._count = _count_without_gaps(self._photo_folder, listed)
        self.variant = VARIANTS[self._photo_folder.name]
        if self._count < len(listed):
            self.variant += f", the first {self._count} photos"
            log.warning("%s holds the first %d of CelebA's %d photos", self._photo_folder, self._count, len(listed))

    def protocol(self, name: str, *, limit: int | None = None) -> Protocol:
        """The test called `name`; `limit` is a number of test subjects.

        Raises:
            RequestError: the list of the official partition is missing, or nothing of a subset belongs to the test.
        """
        if name not in self.protocols:
            raise RequestError(f"CelebA has no protocol '{name}'; it has: {', '.join(self.protocols)}")
        photos = at_most_per_subject(self._part("test", name), PHOTOS_PER_SUBJECT, seed=self.seed)
        photos = some_subjects(photos, PEOPLE_TESTED if limit is None else min(limit, PEOPLE_TESTED), seed=self.seed)
        return Protocol(name, photos, all_pairs(photos, seed=self.seed))

    def training_photos(self, part: str, *, protocol: str) -> Sequence[Photo]:
        """Photos of the part's people; under no protocol, as for tests on other data, those of ``people-split``."""
        return self._part(part, protocol or "people-split")

    @cached_property
    def _identities(self) -> dict[str, str]:
        return read_identities(self._list("identity_CelebA.txt"))

    @cached_property
    def _photos(self) -> tuple[Photo, ...]:
        """Every photo that is there, in the order of their names."""
        below = self._photo_folder.relative_to(self.root)
        first = sorted(self._identities)[: self._count]
        refuse_outside(self._photo_folder, first)
        return tuple(Photo(name, self._identities[name], (below / name).as_posix()) for name in first)

    def _part(self, part: str, protocol: str) -> tuple[Photo, ...]:
        if protocol == "official-split":
            return self._official_part(part)
        if protocol == "people-split":
            people = split_subjects((photo.subject_id for photo in self._photos), SHARES, seed=self.seed)[part]
            return _photos_of(people, self._photos)
        drawn, tested = self._thesis_draw
        if part == "test":
            return _photos_of(tested, drawn)
        others = {photo.subject_id for photo in drawn} - tested
        return _photos_of(split_subjects(others, LEARNING_SHARES, seed=self.seed)[part], drawn)

    def _official_part(self, part: str) -> tuple[Photo, ...]:
        """The official part; of people who are in several, only the gravest counts: test, validation, train."""
        of_photo = read_partition(self._list("list_eval_partition.txt"))
        unlisted = [photo.image_id for photo in self._photos if photo.image_id not in of_photo]
        if unlisted:
            raise RequestError(
                f"{len(unlisted)} photos are not in CelebA's list_eval_partition.txt, {unlisted[0]} among them; "
                "replace it with CelebA's own file"
            )
        found = tuple(photo for photo in self._photos if of_photo[photo.image_id] == part)
        graver = {"test": (), "validation": ("test",), "train": ("test", "validation")}[part]
        taken = {photo.subject_id for photo in self._photos if of_photo[photo.image_id] in graver}
        kept = tuple(photo for photo in found if photo.subject_id not in taken)
        if len(kept) < len(found):
            log.warning(
                "%d photos of %s show people who also appear in another part: left out", len(found) - len(kept), part
            )
        if not kept:
            raise RequestError(
                f"none of the {len(self._photos)} photos of CelebA here is in its official part '{part}'; add the rest "
                "of CelebA, or use --protocol people-split"
            )
        return kept

    @cached_property
    def _thesis_draw(self) -> tuple[tuple[Photo, ...], frozenset[str]]:
        """The photos drawn, and the people who are tested."""
        pool = self._photos[:THESIS_POOL]
        share = len(pool) / THESIS_POOL
        if share < 1:
            log.warning(
                "the protocol thesis uses the first %d photos; %d are here, split in the same proportions",
                THESIS_POOL,
                len(pool),
            )
        drawn = some_photos(pool, round(share * THESIS_PHOTOS), seed=self.seed)
        return drawn, subjects_with_photos(drawn, round(share * THESIS_TEST), seed=self.seed)

    def _list(self, name: str) -> Path:
        """One of CelebA's lists, which are beside the photos or in folders of their own (``Anno``, ``Eval``)."""
        above = [self._photo_folder, *self._photo_folder.parents]
        below_root = [folder for folder in above if folder.is_relative_to(self.root)]
        for folder in dict.fromkeys([*below_root, self.root.parent, self.root.parent.parent]):
            for place in (folder, folder / "Anno", folder / "Eval"):
                if (place / name).is_file():
                    return place / name
        hint = ", or use --protocol people-split" if name == "list_eval_partition.txt" else ""
        raise RequestError(f"CelebA's {name} is not in {self.root}; put it there{hint}")


def _count_without_gaps(folder: Path, listed: Sequence[str]) -> int:
    """How many photos of the list are there: the first ones, or all.

    Raises:
        RequestError: none, or one is missing among the first.
    """
    present = {entry.name for entry in folder.iterdir()}
    count = 1 + max((row for row, name in enumerate(listed) if name in present), default=-1)
    if not count:
        raise RequestError(f"no photo of CelebA's list (000001.jpg, …) is in {folder}; unpack the archive there")
    absent = [name for name in listed[:count] if name not in present]
    if absent:
        first = ", ".join(absent[:3]) + (", …" if len(absent) > 3 else "")
        raise RequestError(
            f"{len(absent)} of the first {count} photos of CelebA's list are not in {folder}: {first}; add them: a "
            "subset must hold the first photos of the list, without gaps"
        )
    return count


def _photos_of(people: Collection[str], photos: Iterable[Photo]) -> tuple[Photo, ...]:
    return tuple(photo for photo in photos if photo.subject_id in people)


def _find_photo_folder(root: Path) -> Path:
    if root.name in VARIANTS and not any((root / name).is_dir() for name in VARIANTS):
        return root
    found = {}
    for above in _ABOVE:
        for name in VARIANTS:
            if (root / above / name).is_dir():
                found[name] = root / above / name  # the innermost: the last that is found
    if len(found) > 1:
        both = " and ".join(str(folder.relative_to(root)) for folder in found.values())
        raise RequestError(f"{root} holds {both}; name the one to read with --data-root")
    if not found:
        raise RequestError(
            f"no CelebA in {root}: neither img_align_celeba nor img_celeba is there; unpack img_align_celeba.zip in it "
            f"and put identity_CelebA.txt beside the folder{looks_like(root, but='celeba')}"
        )
    return next(iter(found.values()))
