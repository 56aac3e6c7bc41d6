"""Folders of training faces that a ``manifest.csv`` describes. They are not used for testing."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

from benchmark.cards import DatasetCard
from benchmark.datasets.base import Protocol
from benchmark.datasets.csv_tables import path_in_row, read_table
from benchmark.datasets.files import PhotoFiles
from benchmark.datasets.splits import split_subjects
from benchmark.errors import RequestError
from benchmark.faces import Photo
from benchmark.plugins import register_dataset

SHARES = {"train": 0.95, "validation": 0.05}
"""Of the subjects, by seed."""


@register_dataset("manifest")
class ManifestFolder(PhotoFiles):
    """Faces to train on: a folder with manifest.csv (columns file and subject_id, others ignored).

    Has no protocol: use it with ``--train-dataset manifest --train-root DIR``. 95 % of the subjects train, 5 %
    validate, by seed.
    """

    card = DatasetCard(
        source="the user's own",
        licence="the user's own",
        overlaps=(("synthetic", "disjoint"),),  # rendered people are nobody
        layout="manifest.csv with columns file and subject_id, and the photos that it names",
        layout_only=True,
        own_labels=True,
    )
    protocols = ()

    def __init__(self, root: Path | None = None, *, seed: int = 0) -> None:
        super().__init__(root, seed=seed)
        self._photos  # noqa: B018  (a bad list is an error now, not in the first step)

    def protocol(self, name: str, *, limit: int | None = None) -> Protocol:  # noqa: ARG002  (the base's signature)
        """Refused: this data set is for training."""
        raise RequestError("this data set is for training and has no protocol; use it with --train-dataset")

    def training_photos(self, part: str, *, protocol: str) -> Sequence[Photo]:  # noqa: ARG002
        """Photos of the part's subjects; `protocol` does not matter."""
        subjects = split_subjects((photo.subject_id for photo in self._photos), SHARES, seed=self.seed)[part]
        return tuple(photo for photo in self._photos if photo.subject_id in subjects)

    @cached_property
    def _photos(self) -> tuple[Photo, ...]:
        file = self.root / "manifest.csv"
        photos: dict[str, Photo] = {}
        lines: dict[str, int] = {}
        for line, row in read_table(file, ("file", "subject_id")):
            path = path_in_row(file, line, row, "file")
            if path in photos:
                raise RequestError(
                    f"{file}, line {line}: '{path}' is listed in line {lines[path]}, too; remove one of them"
                )
            if not row["subject_id"]:
                raise RequestError(f"{file}, line {line}: '{path}' has no subject_id")
            photos[path], lines[path] = Photo(path, row["subject_id"], path), line
        if not photos:
            raise RequestError(f"{file} lists no photo")
        return self.located((photos[path] for path in sorted(photos)), lines=lines)


@register_dataset("faces-train")
class FacesTrain(ManifestFolder):
    """The training faces of this project: CelebA and All-Age-Faces, without anybody who resembles LFW's people.

    The claim that LFW's people are not among them holds for one list of photos, so the manifest's digest is checked.
    """

    card = DatasetCard(
        source="CelebA (Liu et al. 2015) and All-Age-Faces (Cheng et al. 2019), cut out; see datasets/faces-train.md",
        licence="research; the photographs belong to their owners",
        overlaps=(("synthetic", "disjoint"), ("lfw", "disjoint")),
        layout="manifest.csv with columns file, subject_id, source, age, and 176×176 WebP faces",
    )
    manifest_sha256 = "da3072099dc830586870b685af27dc5eea014a682a915da07818779a59837c28"

    def __init__(self, root: Path | None = None, *, seed: int = 0) -> None:
        super().__init__(root, seed=seed)
        found = hashlib.sha256((self.root / "manifest.csv").read_bytes()).hexdigest()
        if found != self.manifest_sha256:
            raise RequestError(
                f"{self.root} is not the screened 'faces-train' (SHA-256 of its manifest: {found[:8]}…); use "
                "--train-dataset manifest, which claims nothing about LFW's people"
            )
