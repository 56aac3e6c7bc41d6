"""Masked LFW: photos of LFW's people with drawn masks, fixed once for everybody."""

from __future__ import annotations

import logging
import re
from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path

from benchmark.cards import DatasetCard
from benchmark.datasets.base import Protocol
from benchmark.datasets.files import PhotoFiles
from benchmark.datasets.layouts import looks_like
from benchmark.datasets.listed_pairs import ListedPair, comparisons_of, even_folds, ids_of, lines_of, some_pairs
from benchmark.datasets.splits import check_both_kinds
from benchmark.datasets.text_lists import malformed, read_lines
from benchmark.errors import RequestError
from benchmark.faces import Photo
from benchmark.plugins import register_dataset

log = logging.getLogger(__name__)

VARIANTS = ("origin", "aligned")
"""The folders that MLFW's archives unpack to: whole photos, and faces aligned to 112×112."""
UNMASKED = "unmasked.txt"
FOLDS = 10
_REMEDY = "replace it with MLFW's own file"
_NUMBERS = re.compile(r"(_\d{4}){1,2}$")


@register_dataset("mlfw")
class MaskedLfw(PhotoFiles):
    """Masked LFW: 6,000 pairs of LFW's people, years apart, with drawn masks.

    The masks are part of the photos: none is drawn, and the face beneath is unknown. MLFW does not say which photos
    show no mask (some show none): all count as masked except those listed in ``unmasked.txt``, one file name per line,
    if you have made that list. A photo's id is its file name; the person is that name without its numbers.
    """

    card = DatasetCard(
        source="Wang, Fang, Zhong, Deng: MLFW, A Database for Face Recognition on Masked Faces, arXiv:2109.05804, "
        "2021; datasets/mlfw.md",
        licence="research; the photographs belong to their owners",
        overlaps=(
            ("synthetic", "disjoint"),
            ("faces-train", "disjoint"),  # by people, as LFW
            ("lfw", "overlapping"),  # photos of the same people
            ("calfw", "overlapping"),
            ("cplfw", "overlapping"),
        ),
        layout="MLFW: origin/ or aligned/ with <Person>_0001_0000.jpg, and pairs.txt",
    )
    protocols = ("listed",)

    def __init__(self, root: Path | None = None, *, seed: int = 0) -> None:
        super().__init__(root, seed=seed)
        self._photo_folder = self._find_photo_folder()
        taken = "those of unmasked.txt" if self._list(UNMASKED) else "none"
        self.variant = f"{self._photo_folder.name}, taken as unmasked: {taken}"
        self._photos  # noqa: B018  (a bad list or a missing photo is an error now, not in the first step)

    def protocol(self, name: str, *, limit: int | None = None) -> Protocol:
        """The listed pairs, in ten folds with as many of either kind; `limit` is a number of pairs."""
        if name not in self.protocols:
            raise RequestError(f"MLFW has no protocol '{name}'; it has: {', '.join(self.protocols)}")
        pairs = some_pairs(self._pairs, limit, seed=self.seed)
        needed = set(ids_of(pairs))
        photos = tuple(photo for photo in self._photos if photo.image_id in needed)
        comparisons = comparisons_of(pairs, photos)
        check_both_kinds(comparisons.mated, subjects=len({photo.subject_id for photo in photos}))
        return Protocol(name, photos, comparisons, FOLDS)

    def training_photos(self, part: str, *, protocol: str) -> Sequence[Photo]:  # noqa: ARG002  (the base's signature)
        """Refused: the masks hide the part of the face that a method must learn."""
        raise RequestError("MLFW is for testing; train on another data set with --train-dataset")

    def _find_photo_folder(self) -> Path:
        if self.root.name in VARIANTS:
            return self.root
        found = [self.root / name for name in VARIANTS if (self.root / name).is_dir()]
        if len(found) > 1:
            raise RequestError(f"{self.root} holds origin and aligned; name the one to read with --data-root")
        if not found:
            raise RequestError(
                f"neither origin nor aligned is in {self.root}; unpack MLFW's photos there{looks_like(self.root)}"
            )
        return found[0]

    def _list(self, name: str) -> Path | None:
        places = (self._photo_folder / name, self._photo_folder.parent / name)
        return next((place for place in places if place.is_file()), None)

    @cached_property
    def _pairs(self) -> list[ListedPair]:
        file = self._list("pairs.txt")
        if file is None:
            raise RequestError(f"no pairs.txt in {self._photo_folder.parent}; put MLFW's own there")
        pairs = []
        for line, fields in read_lines(file, remedy=_REMEDY):
            if len(fields) != 3 or fields[2] not in ("0", "1") or any("/" in field for field in fields):
                raise malformed(file, line, fields, "'one.jpg other.jpg 1' (or 0)", remedy=_REMEDY)
            pairs.append(ListedPair(fields[0], fields[1], fields[2] == "1", line=line))
        if not pairs:
            raise RequestError(f"{file} lists no comparison; {_REMEDY}")
        wrong = [pair for pair in pairs if pair.mated != (_person(pair.reference) == _person(pair.probe))]
        if wrong:
            log.warning(
                "%s: %d pairs are mated though the names differ, or the reverse, as in line %d; compared as listed",
                file,
                len(wrong),
                wrong[0].line,
            )
        folds = even_folds([pair.mated for pair in pairs], FOLDS).tolist()
        return [replace(pair, fold=fold) for pair, fold in zip(pairs, folds, strict=True)]

    @cached_property
    def _photos(self) -> tuple[Photo, ...]:
        bare = self._unmasked()
        below = self._photo_folder.relative_to(self.root)
        listed = (
            Photo(name, _person(name), (below / name).as_posix(), masked=name not in bare)
            for name in ids_of(self._pairs)
        )
        return self.located(listed, lines=lines_of(self._pairs), below=below.as_posix())

    def _unmasked(self) -> frozenset[str]:
        file = self._list(UNMASKED)
        if file is None:
            log.warning(
                "MLFW does not say which photos show no mask, so all count as masked; list the unmasked ones in %s",
                self._photo_folder.parent / UNMASKED,
            )
            return frozenset()
        lines = {" ".join(fields): line for line, fields in read_lines(file, remedy="name one photo per line")}
        known = set(ids_of(self._pairs))
        unknown = next((name for name in lines if name not in known), None)
        if unknown is not None:
            raise RequestError(
                f"{file}, line {lines[unknown]}: '{unknown}' is not a photo of pairs.txt; name one photo per line"
            )
        return frozenset(lines)


def _person(name: str) -> str:
    """The person on a photo.

    >>> _person("Aaron_Eckhart_0001_0000.jpg")
    'Aaron_Eckhart'
    """
    return _NUMBERS.sub("", Path(name).stem)
