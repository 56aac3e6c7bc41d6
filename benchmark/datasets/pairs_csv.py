"""Comparisons listed one a line in ``pairs.csv``, exactly as an existing evaluation has them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmark.datasets.base import Comparisons, DatasetCard, Protocol
from benchmark.datasets.csv_tables import path_in_row, read_table
from benchmark.datasets.files import PhotoFiles
from benchmark.datasets.splits import check_both_kinds, spread_evenly
from benchmark.errors import RequestError
from benchmark.faces import Photo
from benchmark.plugins import register_dataset

COLUMNS = ("reference", "probe", "mated")
SUBJECT_COLUMNS = ("reference_subject", "probe_subject")
_MOST_FOLDS = 127  # folds are stored in a signed byte
_TRUTH = dict.fromkeys(("1", "true", "t", "yes", "y"), True) | dict.fromkeys(("0", "false", "f", "no", "n"), False)


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
    ``fold``, any labels, for 10-fold accuracy.
    """

    card = DatasetCard(
        source="the user's own",
        licence="the user's own",
        overlaps=(("synthetic", "disjoint"),),  # rendered people are nobody
        layout="pairs.csv with columns reference, probe, mated, and the photos that it names",
        layout_only=True,
    )
    protocols = ("listed",)

    def protocol(self, name: str, *, limit: int | None = None) -> Protocol:
        """The comparisons of ``pairs.csv`` in their order; `limit` is a number of comparisons.

        Raises:
            RequestError: the list contradicts itself, is malformed (with the line), or names photos that are not there.
        """
        if name not in self.protocols:
            raise RequestError(f"data set 'pairs-csv' has no protocol '{name}'; it has: {', '.join(self.protocols)}")
        pairs, subject = _read(self.root / "pairs.csv")
        self._check_present(pairs)
        fold, folds = _fold_numbers(self.root / "pairs.csv", pairs)
        mated = np.array([pair.mated for pair in pairs], dtype=np.bool_)
        if limit is not None and limit < len(pairs):
            ids = [f"{pair.reference}\x1f{pair.probe}" for pair in pairs]
            rows = spread_evenly(mated, fold, ids, limit, seed=self.seed)
            pairs, mated, fold = [pairs[row] for row in rows], mated[rows], fold[rows]
        paths = sorted({path for pair in pairs for path in (pair.reference, pair.probe)})
        check_both_kinds(mated, subjects=len({subject[path] for path in paths}))
        photos = tuple(Photo(path, subject[path], path) for path in paths)
        row_of = {path: row for row, path in enumerate(paths)}
        reference = np.array([row_of[pair.reference] for pair in pairs], dtype=np.int32)
        probe = np.array([row_of[pair.probe] for pair in pairs], dtype=np.int32)
        return Protocol(name, photos, Comparisons(reference, probe, mated, fold), folds)

    def training_photos(self, part: str, *, protocol: str) -> Sequence[Photo]:  # noqa: ARG002  (the base's signature)
        """Refused: a list of comparisons sets nobody aside."""
        raise RequestError(
            "a list of comparisons sets nobody aside for training; train on another data set with --train-dataset"
        )

    def _check_present(self, pairs: Sequence[_Pair]) -> None:
        lines: dict[str, int] = {}
        for pair in pairs:
            for path in (pair.reference, pair.probe):
                lines.setdefault(path, pair.line)
        absent = [f"{path} (line {line})" for path, line in lines.items() if not (self.root / path).is_file()]
        if absent:
            first = ", ".join(absent[:3]) + (", …" if len(absent) > 3 else "")
            raise RequestError(
                f"{len(absent)} of the {len(lines)} photos in {self.root / 'pairs.csv'} are not there: {first}; "
                f"paths are relative to {self.root}"
            )


def _read(file: Path) -> tuple[list[_Pair], dict[str, str]]:
    """The pairs, and the subject of every photo."""
    pairs: list[_Pair] = []
    given: dict[str, str] = {}
    seen: dict[tuple[str, str], int] = {}
    with_subjects = False
    for line, row in read_table(file, COLUMNS):
        if not pairs:
            with_subjects = _has_subjects(file, row)
        pair = _pair(file, line, row)
        if (pair.reference, pair.probe) in seen:
            first = seen[pair.reference, pair.probe]
            raise RequestError(f"{file}, line {line}: the same comparison as in line {first}; remove one of them")
        seen[pair.reference, pair.probe] = line
        if with_subjects:
            _note_subjects(file, pair, row, given)
        pairs.append(pair)
    if not pairs:
        raise RequestError(f"{file} lists no comparison")
    return pairs, given if with_subjects else _linked_subjects(file, pairs)


def _has_subjects(file: Path, row: Mapping[str, str]) -> bool:
    present = [column for column in SUBJECT_COLUMNS if column in row]
    if len(present) == 1:
        raise RequestError(f"{file}, line 1: {present[0]} without the other of {' and '.join(SUBJECT_COLUMNS)}")
    return bool(present)


def _pair(file: Path, line: int, row: Mapping[str, str]) -> _Pair:
    reference = path_in_row(file, line, row, "reference")
    probe = path_in_row(file, line, row, "probe")
    if reference == probe:
        raise RequestError(f"{file}, line {line}: '{probe}' would be compared with itself")
    mated = _TRUTH.get(row["mated"].lower())
    if mated is None:
        raise RequestError(f"{file}, line {line}: mated is '{row['mated']}'; it must be 1 or 0 (or true/false, yes/no)")
    return _Pair(line, reference, probe, mated, row.get("fold", ""))


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
                f"{file}, line {pair.line}: '{path}' is of '{subject}' here and of '{given[path]}' above"
            )


def _linked_subjects(file: Path, pairs: Sequence[_Pair]) -> dict[str, str]:
    """Photos linked by mated comparisons, directly or through others, are one subject, named by its first path."""
    parent: dict[str, str] = {}

    def root_of(path: str) -> str:
        parent.setdefault(path, path)
        while parent[path] != path:
            parent[path] = path = parent[parent[path]]
        return path

    for pair in pairs:
        one, other = sorted((root_of(pair.reference), root_of(pair.probe)))
        if pair.mated:
            parent[other] = one
    for pair in pairs:
        if not pair.mated and root_of(pair.reference) == root_of(pair.probe):
            raise RequestError(
                f"{file}, line {pair.line}: not mated, but other lines link both photos to the same person"
            )
    return {path: root_of(path) for path in parent}


def _fold_numbers(file: Path, pairs: Sequence[_Pair]) -> tuple[NDArray[np.int8], int]:
    """Folds counted from 0 in the order of their labels (as numbers, where all are), and how many there are."""
    labels = {pair.fold for pair in pairs}
    if labels == {""}:
        return np.full(len(pairs), -1, dtype=np.int8), 0
    for pair in pairs:
        if not pair.fold:
            raise RequestError(f"{file}, line {pair.line}: no fold, though other lines have one")
    if not 2 <= len(labels) <= _MOST_FOLDS:
        raise RequestError(f"{file}: {len(labels)} folds; there must be 2 to {_MOST_FOLDS}, or no column 'fold'")
    numeric = all(label.isdecimal() for label in labels)
    ordered = sorted(labels, key=(lambda label: (int(label), label)) if numeric else (lambda label: (0, label)))
    number = {label: row for row, label in enumerate(ordered)}
    return np.array([number[pair.fold] for pair in pairs], dtype=np.int8), len(ordered)
