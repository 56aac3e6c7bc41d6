"""MFR2: photos of people who really wear masks, and of the same people without."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path

from benchmark.cards import DatasetCard
from benchmark.datasets.base import Protocol
from benchmark.datasets.files import PhotoFiles
from benchmark.datasets.lfw_lists import pair_in_line, photo_path
from benchmark.datasets.listed_pairs import ListedPair, comparisons_of, ids_of, lines_of, some_pairs
from benchmark.datasets.splits import all_pairs, check_both_kinds, some_subjects
from benchmark.datasets.text_lists import malformed, read_lines
from benchmark.errors import RequestError
from benchmark.faces import Photo
from benchmark.plugins import register_dataset

LABELS, PAIRS = "mfr2_labels.txt", "pairs.txt"
_FOLDERS = ("", "mfr2", "mfr2/mfr2")
"""Where the lists are looked for below the root: as the archive unpacks."""
_REMEDY = "replace it with MFR2's own file"


@register_dataset("mfr2")
class Mfr2(PhotoFiles):
    """Masked Faces in Real World for Face Recognition: 269 photos of 53 people, some really masked.

    ``all-pairs`` compares every unordered pair of photos once, ``listed`` is the official list of 848 pairs.
    ``all-pairs`` is the default because thresholds are set on non-mated comparisons of two bare faces: all pairs of the
    photos have thousands of them, the list only a few dozen, too few for any target. No mask is drawn:
    ``mfr2_labels.txt`` says which photos show one. A photo's id is its path below the folder of people.
    """

    card = DatasetCard(
        source="Anwar, Raychowdhury: Masked Face Recognition for Secure Authentication, arXiv:2008.11104, 2020; "
        "datasets/mfr2.md",
        licence="MIT for the list (with MaskTheFace); the photographs, found on the web, belong to their owners",
        overlaps=(("synthetic", "disjoint"), ("lfw", "overlapping")),  # Nancy Pelosi and Ben Affleck, for two
        layout="MFR2: <Person>/<Person>_0001.png, mfr2_labels.txt and pairs.txt",
    )
    protocols = ("all-pairs", "listed")

    def __init__(self, root: Path | None = None, *, seed: int = 0) -> None:
        super().__init__(root, seed=seed)
        self._folder = self.folder_with(LABELS, _FOLDERS, remedy="unpack mfr2.zip there")
        self._photos  # noqa: B018  (a bad list or a missing photo is an error now, not in the first step)

    def protocol(self, name: str, *, limit: int | None = None) -> Protocol:
        """``all-pairs`` (`limit`: a number of people) or ``listed`` (a number of pairs).

        Raises:
            RequestError: a list is missing or malformed (with the line), or pairs a photo that has no label.
        """
        if name == "all-pairs":
            photos = self._photos if limit is None else some_subjects(self._photos, limit, seed=self.seed)
            return Protocol(name, photos, all_pairs(photos, seed=self.seed))
        if name != "listed":
            raise RequestError(f"MFR2 has no protocol '{name}'; it has: {', '.join(self.protocols)}")
        pairs = some_pairs(self._pairs(), limit, seed=self.seed)
        needed = set(ids_of(pairs))
        photos = tuple(photo for photo in self._photos if photo.image_id in needed)
        comparisons = comparisons_of(pairs, photos)
        check_both_kinds(comparisons.mated, subjects=len({photo.subject_id for photo in photos}))
        return Protocol(name, photos, comparisons)

    def attributes(self, photos: Sequence[Photo]) -> Mapping[str, Sequence[str]]:
        """The kind of mask on each photo, as the data set labels it (``no-mask`` where there is none)."""
        file = self._folder / LABELS
        labels = {
            photo_path(fields[0], int(fields[1]), ".png"): fields[2].lower()
            for _, fields in read_lines(file, remedy=_REMEDY, separator=",")
        }
        return {"mask label": tuple(labels[photo.image_id] for photo in photos)}

    def training_photos(self, part: str, *, protocol: str) -> Sequence[Photo]:  # noqa: ARG002  (the base's signature)
        """Refused: 53 people, most of them masked, are too few to learn from."""
        raise RequestError("MFR2 is for testing; train on another data set with --train-dataset")

    @cached_property
    def _photos(self) -> tuple[Photo, ...]:
        """Every labelled photo, by id."""
        file, below = self._folder / LABELS, self._folder.relative_to(self.root)
        photos: dict[str, Photo] = {}
        lines: dict[str, int] = {}
        for line, fields in read_lines(file, remedy=_REMEDY, separator=","):
            if len(fields) != 3 or not fields[1].isdecimal() or not fields[2] or "/" in fields[0]:
                raise malformed(file, line, fields, "'Name, 1, surgical' or 'Name, 1, no-mask'", remedy=_REMEDY)
            path = photo_path(fields[0], int(fields[1]), ".png")
            if path in photos:
                raise RequestError(f"{file}, line {line}: {path} is labelled in line {lines[path]}, too; {_REMEDY}")
            photos[path] = Photo(path, fields[0], (below / path).as_posix(), masked=fields[2].lower() != "no-mask")
            lines[path] = line
        if not photos:
            raise RequestError(f"{file} lists no photo; {_REMEDY}")
        return self.located((photos[path] for path in sorted(photos)), lines=lines, below=below.as_posix())

    def _pairs(self) -> list[ListedPair]:
        file = self._folder / PAIRS
        pairs = [
            pair_in_line(file, line, fields, remedy=_REMEDY, suffix=".png")
            for line, fields in read_lines(file, remedy=_REMEDY)
        ]
        if not pairs:
            raise RequestError(f"{file} lists no comparison; {_REMEDY}")
        known = {photo.image_id for photo in self._photos}
        unknown = [f"{path} (line {line})" for path, line in lines_of(pairs).items() if path not in known]
        if unknown:
            first = ", ".join(unknown[:3]) + (", …" if len(unknown) > 3 else "")
            raise RequestError(f"{file} pairs {len(unknown)} photos that {LABELS} does not label: {first}; {_REMEDY}")
        return pairs
