"""Comparisons listed one a line in ``pairs.csv``, exactly as an existing evaluation has them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmark.cards import DatasetCard
from benchmark.datasets.base import Protocol
from benchmark.datasets.csv_tables import path_in_row, read_table, truth_in_row
from benchmark.datasets.files import PhotoFiles
from benchmark.datasets.listed_pairs import (
    ListedPair,
    comparisons_of,
    ids_of,
    lines_of,
    linked_people,
    some_pairs,
)
from benchmark.datasets.splits import check_both_kinds
from benchmark.errors import RequestError
from benchmark.faces import Photo
from benchmark.plugins import register_dataset

COLUMNS = ("reference", "probe", "mated")
SUBJECT_COLUMNS = ("reference_subject", "probe_subject")
MASKED_COLUMNS = ("reference_masked", "probe_masked")
_MAX_FOLDS = 127  # folds are stored in a signed byte
_MAX_DIGITS = 18


@dataclass(frozen=True)
class _Pair:
    line: int
    reference: str
    probe: str
    mated: bool
    fold: str


@register_dataset("pairs-csv")
class PairsCsv(PhotoFiles):
    """Your own list of comparisons: pairs.csv with columns reference, probe, mated, and the photos it names.

    Paths are relative to the root and are the photos' ids; ``mated`` is 1 or 0 (true/false, yes/no). Optional:
    ``reference_subject`` and ``probe_subject``, which the uncertainty by subject needs to be exact; without them, the
    photos that mated comparisons link are taken for one person, and unlinked photos for different ones. Optional:
    ``reference_masked`` and ``probe_masked``, 1 where a mask is really worn on the photo: none is drawn then. Optional:
    ``fold``, any labels, for 10-fold accuracy.
    """

    card = DatasetCard(
        source="the user's own",
        licence="the user's own",
        overlaps=(("synthetic", "disjoint"),),  # rendered people are nobody
        layout="pairs.csv with columns reference, probe, mated, and the photos that it names",
        layout_only=True,
        own_labels=True,
    )
    protocols = ("listed",)

    def protocol(self, name: str, *, limit: int | None = None) -> Protocol:
        """The comparisons of ``pairs.csv`` in their order; `limit` is a number of comparisons.

        Raises:
            RequestError: the list contradicts itself, is malformed (with the line), or names photos that are not there.
        """
        if name not in self.protocols:
            raise RequestError(f"data set 'pairs-csv' has no protocol '{name}'; it has: {', '.join(self.protocols)}")
        file = self.root / "pairs.csv"
        listed, subject, masked = _read(file)
        pairs: Sequence[ListedPair] = _numbered(file, listed)
        photos = self.located(
            (Photo(path, subject[path], path, masked=masked.get(path, False)) for path in ids_of(pairs)),
            lines=lines_of(pairs),
        )
        folds = 1 + max(pair.fold for pair in pairs)
        pairs = some_pairs(pairs, limit, seed=self.seed, ids=[f"{pair.reference}\x1f{pair.probe}" for pair in pairs])
        needed = set(ids_of(pairs))
        photos = tuple(photo for photo in photos if photo.image_id in needed)
        comparisons = comparisons_of(pairs, photos)
        check_both_kinds(comparisons.mated, subjects=len({photo.subject_id for photo in photos}))
        return Protocol(name, photos, comparisons, folds)

    def training_photos(self, part: str, *, protocol: str) -> Sequence[Photo]:  # noqa: ARG002  (the base's signature)
        """Refused: a list of comparisons has no training set."""
        raise RequestError("a list of comparisons has no training set; train on another data set with --train-dataset")


def _read(file: Path) -> tuple[list[_Pair], dict[str, str], dict[str, bool]]:
    """The pairs, the subject of every photo, and of those of which it is told whether a mask is worn on them."""
    pairs: list[_Pair] = []
    given: dict[str, str] = {}
    masked: dict[str, bool] = {}
    seen: dict[tuple[str, str], int] = {}
    with_subjects = False
    for line, row in read_table(file, COLUMNS):
        if not pairs:
            with_subjects = _has_subjects(file, row)
            if "masked" in row:
                raise RequestError(
                    f"{file}, line 1: column 'masked' does not say which of the two photos; call it "
                    f"{' or '.join(MASKED_COLUMNS)}"
                )
        pair = _pair(file, line, row)
        if (pair.reference, pair.probe) in seen:
            first = seen[pair.reference, pair.probe]
            raise RequestError(f"{file}, line {line}: the same comparison as in line {first}; remove one of them")
        seen[pair.reference, pair.probe] = line
        if with_subjects:
            _note_subjects(file, pair, row, given)
        _note_masks(file, pair, row, masked)
        pairs.append(pair)
    if not pairs:
        raise RequestError(f"{file} lists no comparison")
    return pairs, given if with_subjects else _linked_subjects(file, pairs), masked


def _has_subjects(file: Path, row: Mapping[str, str]) -> bool:
    present = [column for column in SUBJECT_COLUMNS if column in row]
    if len(present) == 1:
        raise RequestError(
            f"{file}, line 1: {present[0]} without the other of {' and '.join(SUBJECT_COLUMNS)}; give both or neither"
        )
    return bool(present)


def _pair(file: Path, line: int, row: Mapping[str, str]) -> _Pair:
    reference = path_in_row(file, line, row, "reference")
    probe = path_in_row(file, line, row, "probe")
    if reference == probe:
        raise RequestError(f"{file}, line {line}: '{probe}' would be compared with itself")
    return _Pair(line, reference, probe, truth_in_row(file, line, row, "mated"), row.get("fold", ""))


def _note_subjects(file: Path, pair: _Pair, row: Mapping[str, str], given: dict[str, str]) -> None:
    subjects = [row[column] for column in SUBJECT_COLUMNS]
    if not all(subjects):
        raise RequestError(f"{file}, line {pair.line}: a subject is missing; fill both subject columns or drop them")
    if pair.mated != (subjects[0] == subjects[1]):
        said = "mated, but of different subjects" if pair.mated else "not mated, but of one subject"
        raise RequestError(f"{file}, line {pair.line}: {said} ('{subjects[0]}' and '{subjects[1]}')")
    for path, subject in zip((pair.reference, pair.probe), subjects, strict=True):
        if given.setdefault(path, subject) != subject:
            raise RequestError(
                f"{file}, line {pair.line}: '{path}' belongs to '{subject}' here and to '{given[path]}' above"
            )


def _note_masks(file: Path, pair: _Pair, row: Mapping[str, str], masked: dict[str, bool]) -> None:
    for path, column in zip((pair.reference, pair.probe), MASKED_COLUMNS, strict=True):
        if column in row:
            worn = truth_in_row(file, pair.line, row, column)
            if masked.setdefault(path, worn) != worn:
                here, above = ("masked", "not masked") if worn else ("not masked", "masked")
                raise RequestError(f"{file}, line {pair.line}: '{path}' is {here} here and {above} above")


def _linked_subjects(file: Path, pairs: Sequence[_Pair]) -> dict[str, str]:
    people = linked_people(ListedPair(pair.reference, pair.probe, pair.mated) for pair in pairs)
    for pair in pairs:
        if not pair.mated and people[pair.reference] == people[pair.probe]:
            raise RequestError(
                f"{file}, line {pair.line}: not mated, but other lines link both photos to the same person"
            )
    return people


def _numbered(file: Path, pairs: Sequence[_Pair]) -> list[ListedPair]:
    """The pairs with folds counted from 0 in the order of their labels (as numbers, where all are)."""
    labels = {pair.fold for pair in pairs}
    number = {"": -1} if labels == {""} else _fold_numbers(file, pairs, labels)
    return [ListedPair(pair.reference, pair.probe, pair.mated, number[pair.fold], pair.line) for pair in pairs]


def _fold_numbers(file: Path, pairs: Sequence[_Pair], labels: set[str]) -> dict[str, int]:
    for pair in pairs:
        if not pair.fold:
            raise RequestError(f"{file}, line {pair.line}: no fold, though other lines have one")
    if not 2 <= len(labels) <= _MAX_FOLDS:
        raise RequestError(f"{file}: {len(labels)} folds; there must be 2 to {_MAX_FOLDS}, or no column 'fold'")
    numeric = all(label.isascii() and label.isdecimal() and len(label) <= _MAX_DIGITS for label in labels)
    ordered = sorted(labels, key=(lambda label: (int(label), label)) if numeric else (lambda label: (0, label)))
    return {label: row for row, label in enumerate(ordered)}
