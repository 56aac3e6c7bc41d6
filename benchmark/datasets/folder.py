"""A folder of people: one folder per subject, with that subject's photos at any depth."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from fnmatch import fnmatch
from functools import cached_property
from pathlib import Path

from benchmark.cards import DatasetCard
from benchmark.datasets.base import Protocol
from benchmark.datasets.files import PhotoFiles
from benchmark.datasets.layouts import looks_like
from benchmark.datasets.names import refuse_lookalikes
from benchmark.datasets.passed_over import PassedOver, passed_over_line, suffix_of
from benchmark.datasets.photo_folders import FoundPhotos, find_photos
from benchmark.datasets.photo_list import PHOTO_LIST, ListedPhotos, read_photo_list
from benchmark.datasets.splits import all_pairs, at_most_per_subject, gallery_search, some_subjects, split_subjects
from benchmark.errors import RequestError
from benchmark.faces import Photo
from benchmark.plugins import register_dataset
from benchmark.storage.utf8 import printable

log = logging.getLogger(__name__)

PHOTOS_PER_SUBJECT = 10
"""As on LFW: otherwise the subjects with most photos would own nearly all mated comparisons."""
SHARES = {"train": 0.6, "validation": 0.1, "test": 0.3}
"""Of the subjects, under ``people-split``."""
TRAINING_SHARES = {"train": 0.95, "validation": 0.05}
"""Of the subjects, where nothing of this folder is tested."""


@register_dataset("folder")
class SubjectFolders(PhotoFiles):
    """Your own photos: <subject>/<photo>, the first folder naming the person.

    ``all-pairs`` tests everybody; ``people-split`` tests 30 % of the subjects and sets 60 % aside for training and
    10 % for validation, by seed. At most 10 photos per subject, every unordered pair compared once. ``search``
    searches everybody in a gallery of one photo per person, in which a third of the people are not enrolled. As a
    ``--train-dataset`` for tests on other data, everybody's photos are used: 95 % of the subjects train.

    A ``photos.csv`` in the folder (columns ``file``, ``masked`` and perhaps ``subject_id``) names the photos that take
    part and tells on which a mask is really worn: none is drawn then, and the photos are compared as they are.

    A photo's id is its path below the root. What is a photo is decided by content. Every other file and photos outside
    any subject's folder are passed over and counted by suffix and reason; see `find_photos`. Two people or photos whose
    names differ only in case are an error: on many file systems they would be one.
    """

    card = DatasetCard(
        source="the user's own",
        licence="the user's own",
        overlaps=(("synthetic", "disjoint"),),  # rendered people are nobody
        layout="<subject>/<photo>.jpg (or .png, .heic, .webp, .tif, …), two photos or more of some subjects; "
        "photos.csv where masks are really worn",
        layout_only=True,
        own_labels=True,
    )
    protocols = ("all-pairs", "people-split", "search")
    settings = ("ignore",)

    def __init__(self, root: Path | None = None, *, seed: int = 0, ignore: Sequence[str] = ()) -> None:
        super().__init__(root, seed=seed)
        self._ignore = tuple(ignore)
        hint = looks_like(self.root)
        if hint:
            log.warning("%s is read as one folder per person%s", self.root, hint)
        line = passed_over_line(self.passed_over)  # an unreadable folder is an error now, not in the first step
        if not self._photos:
            raise RequestError(
                f"no photos in {self.root}{f' ({line})' if line else ''}; put each subject's photos into a "
                "separate folder: <subject>/<photo>.jpg"
            )
        if line:
            log.warning("%s: %s", self.root, line)

    def protocol(self, name: str, *, limit: int | None = None) -> Protocol:
        """``all-pairs``, ``people-split`` or ``search``; `limit` is a number of test subjects.

        Raises:
            RequestError: there is only one subject, or none with two photos.
        """
        if name not in self.protocols:
            raise RequestError(f"data set 'folder' has no protocol '{name}'; it has: {', '.join(self.protocols)}")
        photos = self._part("test", SHARES) if name == "people-split" else self._photos
        if name == "search" and any(photo.masked for photo in photos):
            raise RequestError(
                f"protocol search enrols one photo of each person, whatever is worn on it, and {PHOTO_LIST} names "
                "masked ones; use all-pairs or people-split"
            )
        photos = _at_most_of_each_kind(photos, seed=self.seed)
        if limit is not None:
            photos = some_subjects(photos, limit, seed=self.seed)
        compared = gallery_search if name == "search" else all_pairs
        return Protocol(name, photos, compared(photos, seed=self.seed))

    def training_photos(self, part: str, *, protocol: str) -> Sequence[Photo]:
        """Photos of the part's subjects, all of them; ``all-pairs`` and ``search`` set nobody aside."""
        if protocol in ("all-pairs", "search"):
            raise RequestError(
                f"protocol {protocol} tests on everybody in the folder and has no training set; train on "
                "another data set with --train-dataset, or use --protocol people-split"
            )
        return self._part(part, SHARES if protocol else TRAINING_SHARES)

    @property
    def passed_over(self) -> Sequence[PassedOver]:
        """Every file that is no photo of a subject, or that ``photos.csv`` does not name."""
        if self._listed is not None:
            named = {photo.source for photo in self._photos}
            return (
                *(one for one in self._found.passed_over if one.path not in named and one.path != PHOTO_LIST),
                *(
                    PassedOver(printable(path), suffix_of(path), f"not in {PHOTO_LIST}")
                    for path in self._found.photos
                    if path not in named
                ),
            )
        loose = [path for path in self._found.photos if "/" not in path]
        return (
            *self._found.passed_over,
            *(PassedOver(printable(path), suffix_of(path), "outside any subject's folder") for path in loose),
        )

    @cached_property
    def _found(self) -> FoundPhotos:
        return find_photos(self.root, ignore=self._ignore)

    @cached_property
    def _listed(self) -> ListedPhotos | None:
        """What ``photos.csv`` says; None where there is none, or ``--ignore`` names it."""
        file = self.root / PHOTO_LIST
        if not file.is_file() or any(fnmatch(PHOTO_LIST, pattern) for pattern in self._ignore):
            return None
        return read_photo_list(file)

    @cached_property
    def _photos(self) -> tuple[Photo, ...]:
        if self._listed is not None:
            return self.located(self._listed.photos, lines=self._listed.lines)
        return _photos_of(self.root, [path for path in self._found.photos if "/" in path])

    def _part(self, part: str, shares: dict[str, float]) -> tuple[Photo, ...]:
        subjects = split_subjects((photo.subject_id for photo in self._photos), shares, seed=self.seed)[part]
        return tuple(photo for photo in self._photos if photo.subject_id in subjects)


def _at_most_of_each_kind(photos: Sequence[Photo], *, seed: int) -> tuple[Photo, ...]:
    """At most `PHOTOS_PER_SUBJECT` bare and as many really masked photos of each subject."""
    kept = {
        photo.image_id
        for worn in (False, True)
        for photo in at_most_per_subject(
            (photo for photo in photos if photo.masked == worn), PHOTOS_PER_SUBJECT, seed=seed
        )
    }
    return tuple(photo for photo in photos if photo.image_id in kept)


def _photos_of(root: Path, paths: Sequence[str]) -> tuple[Photo, ...]:
    """The photos in subjects' folders, by id."""
    photos: dict[str, Photo] = {}
    for path in paths:
        image_id = printable(path)
        if image_id in photos:
            raise RequestError(f"two files in {root} are both called '{image_id}' in UTF-8; rename one of them")
        photos[image_id] = Photo(image_id, printable(path.partition("/")[0]), path)
    refuse_lookalikes(photos, what="photos", where=root)
    refuse_lookalikes((photo.subject_id for photo in photos.values()), what="people", where=root)
    return tuple(photos[image_id] for image_id in sorted(photos))
