"""FFHQ: faces to train on and to restore. Their identities are unknown, so nothing can be verified."""

from __future__ import annotations

import logging
import re
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

import numpy as np

from benchmark.cards import DatasetCard
from benchmark.datasets.base import Comparisons, Protocol
from benchmark.datasets.files import PhotoFiles
from benchmark.datasets.layouts import looks_like
from benchmark.datasets.splits import some_photos, split_subjects
from benchmark.errors import RequestError
from benchmark.faces import Photo
from benchmark.plugins import register_dataset

log = logging.getLogger(__name__)

VARIANTS = ("images1024x1024", "thumbnails128x128")
"""The folders that FFHQ's script makes: faces of 1024×1024 and of 128×128 pixels."""
WHOLE = 70_000
FIRST_TESTED = 60_000
"""The last 10,000 photos are tested: FFHQ's own list calls the first 60,000 its training part."""
SHARES = {"train": 0.95, "validation": 0.05}
"""Of the other photos, by seed."""
_NAME = re.compile(r"\d{5}\.png")


@register_dataset("ffhq")
class FlickrFaces(PhotoFiles):
    """Flickr-Faces-HQ: 70,000 faces to train on and to measure image quality; their identities are unknown.

    ``image-quality`` masks and restores the last 10,000 photos and compares no two: without identities nothing is
    mated, and there is nothing to verify. 95 % of the others train, 5 % validate; every photo counts as its own
    subject. A photo's id is its file name, ``00042.png``.
    """

    card = DatasetCard(
        source="Karras, Laine, Aila: A Style-Based Generator Architecture for GANs, CVPR 2019; datasets/ffhq.md",
        licence="CC BY-NC-SA 4.0 (each photo as its author says); not meant for developing face recognition",
        overlaps=(("synthetic", "disjoint"),),  # rendered people are nobody
        layout="FFHQ: images1024x1024/ or thumbnails128x128/ with 00000/00000.png",
    )
    protocols = ("image-quality",)

    def __init__(self, root: Path | None = None, *, seed: int = 0) -> None:
        super().__init__(root, seed=seed)
        self._photo_folder = self._find_photo_folder()
        self.variant = self._photo_folder.name
        count = len(self._photos)
        if not count:
            raise RequestError(f"no photo like 00000/00000.png in {self._photo_folder}; unpack FFHQ there")
        if count < WHOLE:
            self.variant += f", {count} photos"
            log.warning("%s holds %d of FFHQ's %d photos", self._photo_folder, count, WHOLE)

    def protocol(self, name: str, *, limit: int | None = None) -> Protocol:
        """The photos to mask and restore, and no comparison; `limit` is a number of photos.

        Raises:
            RequestError: another protocol is asked for, or none of the last 10,000 photos is there.
        """
        if name not in self.protocols:
            raise RequestError(
                f"FFHQ has no protocol '{name}': it does not say who anybody is, so nothing can be verified; it has "
                f"only {', '.join(self.protocols)}"
            )
        photos = [photo for photo in self._photos if _number(photo) >= FIRST_TESTED]
        if not photos:
            raise RequestError(
                f"{self._photo_folder} holds none of FFHQ's last 10,000 photos (60000.png, …), which are the test set"
            )
        chosen = photos if limit is None else some_photos(photos, limit, seed=self.seed)
        nothing = np.empty(0, dtype=np.int32)
        none = Comparisons(nothing, nothing, nothing.astype(np.bool_), nothing.astype(np.int8))
        return Protocol(name, tuple(chosen), none)

    def training_photos(self, part: str, *, protocol: str) -> Sequence[Photo]:  # noqa: ARG002  (never a tested one)
        """95 % or 5 % of the first 60,000 photos, by seed."""
        photos = [photo for photo in self._photos if _number(photo) < FIRST_TESTED]
        subjects = split_subjects((photo.subject_id for photo in photos), SHARES, seed=self.seed)[part]
        return tuple(photo for photo in photos if photo.subject_id in subjects)

    def _find_photo_folder(self) -> Path:
        if self.root.name in VARIANTS:
            return self.root
        found = [self.root / name for name in VARIANTS if (self.root / name).is_dir()]
        if len(found) > 1:
            raise RequestError(f"{self.root} holds {' and '.join(VARIANTS)}; name the one to read")
        if not found:
            raise RequestError(
                f"neither {' nor '.join(VARIANTS)} is in {self.root}; unpack FFHQ there{looks_like(self.root)}"
            )
        return found[0]

    @cached_property
    def _photos(self) -> tuple[Photo, ...]:
        """In folders of a thousand, or all in one as some copies have them."""
        below = self._photo_folder.relative_to(self.root)
        found: dict[str, Photo] = {}
        for folder in (self._photo_folder, *sorted(self._photo_folder.glob("[0-9][0-9][0-9][0-9][0-9]"))):
            for path in folder.iterdir():
                if _NAME.fullmatch(path.name):
                    source = (below / path.relative_to(self._photo_folder)).as_posix()
                    if path.name in found:
                        raise RequestError(f"{path.name} is in {self._photo_folder} twice; remove one of them")
                    found[path.name] = Photo(path.name, path.stem, source)
        return tuple(found[name] for name in sorted(found))


def _number(photo: Photo) -> int:
    return int(photo.subject_id)
