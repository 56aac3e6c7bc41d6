"""Reads the two lists that come with LFW: ``pairs.txt`` (view 2) and ``people.txt`` (ten folds of people)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmark.errors import RequestError


@dataclass(frozen=True)
class ListedPhoto:
    """A person's n-th photo, numbered from 1."""

    person: str
    number: int

    @property
    def path(self) -> str:
        """Where it lies in LFW's layout.

        >>> ListedPhoto("Aaron_Peirsol", 1).path
        'Aaron_Peirsol/Aaron_Peirsol_0001.jpg'
        """
        return f"{self.person}/{self.person}_{self.number:04d}.jpg"


@dataclass(frozen=True)
class ListedPair:
    """One line of ``pairs.txt``: the first photo is the reference, the second the probe; folds count from 0."""

    reference: ListedPhoto
    probe: ListedPhoto
    fold: int

    @property
    def mated(self) -> bool:
        """Both of one person."""
        return self.reference.person == self.probe.person


def read_pairs(file: Path) -> tuple[tuple[ListedPair, ...], int]:
    """The pairs of ``pairs.txt`` in their order, and the number of folds.

    The first line holds the number of folds F and of mated pairs a fold M; then F times M mated lines
    (``name n m``) and M non-mated ones (``name n other m``).

    Raises:
        RequestError: the file cannot be read, a line is malformed (with its number), or lines are missing.
    """
    lines = _lines(file)
    folds, mated_per_fold = _header(file, lines, "the number of folds and of mated pairs a fold, as in '10 300'", 2)
    pairs = []
    for row, (number, fields) in enumerate(lines):
        fold = row // (2 * mated_per_fold)
        try:
            if len(fields) == 3:
                name, first, second = fields
                pair = ListedPair(ListedPhoto(name, int(first)), ListedPhoto(name, int(second)), fold)
            else:
                name, first, other, second = fields
                pair = ListedPair(ListedPhoto(name, int(first)), ListedPhoto(other, int(second)), fold)
        except ValueError:
            raise _malformed(file, number, fields, "'name n m' or 'name n other m'") from None
        pairs.append(pair)
    expected = folds * 2 * mated_per_fold
    if len(pairs) != expected:
        raise RequestError(f"{file} lists {len(pairs)} pairs where its first line promises {expected}; {_REPLACE}")
    return tuple(pairs), folds


def read_people(file: Path) -> tuple[dict[str, int], ...]:
    """The folds of ``people.txt``: in each, every person and how many photos there are of them.

    The first line holds the number of folds; each fold starts with its number of people.

    Raises:
        RequestError: the file cannot be read, a line is malformed (with its number), or lines are missing.
    """
    lines = _lines(file)
    (count,) = _header(file, lines, "the number of folds, as in '10'", 1)
    folds: list[dict[str, int]] = []
    for _ in range(count):
        (people,) = _header(file, lines, "the number of people in the fold, as in '601'", 1)
        fold: dict[str, int] = {}
        for _ in range(people):
            number, fields = next(lines, (0, []))
            if not number:
                raise RequestError(f"{file} ends in the middle of fold {len(folds) + 1}; {_REPLACE}")
            try:
                name, photos = fields
                fold[name] = int(photos)
            except ValueError:
                raise _malformed(file, number, fields, "'name count'") from None
        folds.append(fold)
    number, fields = next(lines, (0, []))
    if number:
        raise _malformed(file, number, fields, "the end of the file")
    return tuple(folds)


_REPLACE = "replace it with LFW's own file"


def _lines(file: Path) -> Iterator[tuple[int, list[str]]]:
    """Line numbers and fields of the lines that are not blank."""
    try:
        text = file.read_text("utf-8-sig")
    except OSError as error:
        raise RequestError(f"{file} cannot be read: {error.strerror}; {_REPLACE}") from error
    except UnicodeDecodeError:
        raise RequestError(f"{file} is not UTF-8 text; {_REPLACE}") from None
    for number, line in enumerate(text.splitlines(), start=1):
        if line.strip():
            yield number, [field.strip() for field in line.strip().split("\t" if "\t" in line.strip() else None)]


def _header(file: Path, lines: Iterator[tuple[int, list[str]]], wanted: str, count: int) -> tuple[int, ...]:
    number, fields = next(lines, (0, []))
    if not number:
        raise RequestError(f"{file} ends where {wanted} should stand; {_REPLACE}")
    try:
        values = tuple(int(field) for field in fields)
    except ValueError:
        values = ()
    if len(values) != count or min(values) < 1:
        raise _malformed(file, number, fields, wanted)
    return values


def _malformed(file: Path, number: int, fields: list[str], wanted: str) -> RequestError:
    return RequestError(f"{file}, line {number}: '{' '.join(fields)}' where {wanted} should stand; {_REPLACE}")
