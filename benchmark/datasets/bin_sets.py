"""CFP-FP, AgeDB-30, CALFW, CPLFW and any other set as InsightFace packs them: aligned faces and pairs in one file."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

from benchmark.cards import Availability, DatasetCard
from benchmark.datasets.base import Protocol
from benchmark.datasets.bin_file import BinFile, read_bin
from benchmark.datasets.files import PhotoFiles
from benchmark.datasets.layouts import looks_like, needs_named_file
from benchmark.datasets.listed_pairs import (
    ListedPair,
    comparisons_of,
    consecutive_folds,
    ids_of,
    linked_people,
    some_pairs,
)
from benchmark.datasets.photo_reading import READING_VERSION, read_encoded_photo
from benchmark.datasets.splits import check_both_kinds
from benchmark.errors import ImageRefused, RequestError
from benchmark.faces import Image, Photo
from benchmark.plugins import register_dataset

log = logging.getLogger(__name__)

FOLDS = 10
"""InsightFace cuts the pairs in their order into ten folds of equal size."""


class BinPairs(PhotoFiles):
    """One ``.bin`` file below the root: pair p compares image 2p (the reference) with image 2p + 1 (the probe).

    An image that is in several pairs is one photo, told by its bytes; its id is the file's name and the first row
    that holds it, ``agedb_30#17``. The file names nobody: photos that mated pairs link, directly or through others,
    count as one person, all others as different people.
    """

    file_name: str
    protocols = ("listed",)

    def __init__(self, root: Path | None = None, *, seed: int = 0) -> None:
        super().__init__(root, seed=seed)
        if not self._file.is_file():
            raise RequestError(
                f"no {self.file_name} in {self.root}; put InsightFace's file there{looks_like(self.root)}"
            )
        self._pairs  # noqa: B018  (a bad file is an error now, not in the first step)

    def protocol(self, name: str, *, limit: int | None = None) -> Protocol:
        """The pairs in their order, in ten folds; `limit` is a number of pairs.

        Raises:
            RequestError: only mated or only non-mated pairs are left.
        """
        if name not in self.protocols:
            raise RequestError(f"{self.file_name} has no protocol '{name}'; it has: {', '.join(self.protocols)}")
        pairs = some_pairs(self._pairs, limit, seed=self.seed)
        photos = tuple(Photo(image_id, self._people[image_id], image_id) for image_id in ids_of(pairs))
        comparisons = comparisons_of(pairs, photos)
        check_both_kinds(comparisons.mated, subjects=len({photo.subject_id for photo in photos}))
        return Protocol(name, photos, comparisons, FOLDS)

    def training_photos(self, part: str, *, protocol: str) -> Sequence[Photo]:  # noqa: ARG002  (the base's signature)
        """Refused: a list of comparisons has no training set."""
        raise RequestError(
            f"{self.file_name} lists comparisons and has no training set; train on another data set with "
            "--train-dataset"
        )

    def read(self, photo: Photo) -> Image:
        """The image's pixels, decoded by Pillow."""
        return read_encoded_photo(self._encoded(photo), self.reading_limits)

    def digest(self, photos: Sequence[Photo]) -> str:
        """Of the photos' ids and encoded bytes."""
        whole = hashlib.blake2b(f"bin photos {READING_VERSION}{self.reading_limits.in_key}".encode(), digest_size=16)
        for photo in photos:
            whole.update(f"{photo.image_id} ".encode() + hashlib.blake2b(self._encoded(photo), digest_size=16).digest())
        return whole.hexdigest()

    @property
    def _file(self) -> Path:
        return self.root / self.file_name

    def _content(self) -> BinFile:
        return read_bin(self._file)  # remembered there, once per process

    def _encoded(self, photo: Photo) -> bytes:
        name, _, row = photo.image_id.rpartition("#")
        images = self._content().images
        if name != Path(self.file_name).stem or not row.isdecimal() or int(row) >= len(images):
            raise ImageRefused(f"not an image of {self.file_name}: {photo.image_id}")
        return images[int(row)]

    @cached_property
    def _pairs(self) -> list[ListedPair]:
        content = self._content()
        first: dict[bytes, str] = {}
        stem = Path(self.file_name).stem
        ids = [first.setdefault(image, f"{stem}#{row}") for row, image in enumerate(content.images)]
        folds = consecutive_folds(len(content.mated), FOLDS).tolist()
        return [
            ListedPair(ids[2 * row], ids[2 * row + 1], same, fold=folds[row]) for row, same in enumerate(content.mated)
        ]

    @cached_property
    def _people(self) -> dict[str, str]:
        people = linked_people(self._pairs)
        torn = sum(not pair.mated and people[pair.reference] == people[pair.probe] for pair in self._pairs)
        if torn:
            log.warning(
                "%s: %d pairs are listed as non-mated though other pairs link both photos to one person; they are "
                "compared as listed",
                self.file_name,
                torn,
            )
        return people


@register_dataset("bin")
class AnyBin(BinPairs):
    """Any file in the layout of InsightFace's .bin files: --dataset bin:FILE.

    A file that is known by a name of its own (``agedb-30``) should be named so: its card says whose people it holds.
    """

    card = DatasetCard(
        source="the user's own, or one of InsightFace's data packs",
        licence="the file's own",
        overlaps=(("synthetic", "disjoint"),),  # rendered people are nobody
        layout="encoded images and booleans in one pickle, as InsightFace packs its tests",
        layout_only=True,
    )

    def __init__(self, root: Path | None = None, *, seed: int = 0) -> None:
        if root is None:
            raise RequestError("data set 'bin' is one file, which is named with it: --dataset bin:FILE")
        if not root.is_file():
            kind = "a folder" if root.is_dir() else "no such file"
            raise RequestError(f"--dataset bin:{root}: {kind}; name a file like agedb_30.bin")
        self.file_name = root.name
        super().__init__(root.parent, seed=seed)

    @classmethod
    def availability(cls) -> Availability:
        """Needs the user's file."""
        return needs_named_file(cls.card.layout)


@register_dataset("cfp-fp")
class CfpFp(BinPairs):
    """Celebrities in Frontal-Profile, frontal against profile: 7,000 pairs, aligned 112×112."""

    card = DatasetCard(
        source="Sengupta et al.: Frontal to Profile Face Verification in the Wild, WACV 2016; datasets/cfp-fp.md",
        licence="research; the photographs belong to their owners",
        overlaps=(("synthetic", "disjoint"),),
        layout="cfp_fp.bin from one of InsightFace's data packs",
    )
    file_name = "cfp_fp.bin"


@register_dataset("agedb-30")
class AgeDb30(BinPairs):
    """AgeDB with 30 years between the photos of a pair: 6,000 pairs, aligned 112×112."""

    card = DatasetCard(
        source="Moschoglou et al.: AgeDB, the First Manually Collected, In-the-Wild Age Database, CVPR Workshops 2017; "
        "datasets/agedb-30.md",
        licence="non-commercial research; the photographs belong to their owners",
        overlaps=(("synthetic", "disjoint"),),
        layout="agedb_30.bin from one of InsightFace's data packs",
    )
    file_name = "agedb_30.bin"


@register_dataset("calfw")
class CalFw(BinPairs):
    """Cross-Age LFW, LFW's people years apart: 6,000 pairs, aligned 112×112."""

    card = DatasetCard(
        source="Zheng, Deng, Hu: Cross-Age LFW, arXiv:1708.08197, 2017; datasets/calfw.md",
        licence="research; the photographs belong to their owners",
        overlaps=(
            ("synthetic", "disjoint"),
            ("faces-train", "disjoint"),  # by people, as LFW
            ("lfw", "overlapping"),  # photos of the same people
            ("cplfw", "overlapping"),
            ("mlfw", "overlapping"),
        ),
        layout="calfw.bin from one of InsightFace's data packs",
    )
    file_name = "calfw.bin"


@register_dataset("cplfw")
class CpLfw(BinPairs):
    """Cross-Pose LFW, LFW's people from other sides: 6,000 pairs, aligned 112×112."""

    card = DatasetCard(
        source="Zheng, Deng: Cross-Pose LFW, BUPT Technical Report 18-01, 2018; datasets/cplfw.md",
        licence="research; the photographs belong to their owners",
        overlaps=(
            ("synthetic", "disjoint"),
            ("faces-train", "disjoint"),  # by people, as LFW
            ("lfw", "overlapping"),  # photos of the same people
            ("calfw", "overlapping"),
            ("mlfw", "overlapping"),
        ),
        layout="cplfw.bin from one of InsightFace's data packs",
    )
    file_name = "cplfw.bin"
