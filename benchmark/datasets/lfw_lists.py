"""Reads the two lists that come with LFW: ``pairs.txt`` (view 2) and ``people.txt`` (ten folds of people)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmark.datasets.listed_pairs import ListedPair
from benchmark.datasets.text_lists import malformed, read_lines
from benchmark.errors import RequestError


def photo_path(person: str, number: int, suffix: str = ".jpg") -> str:
    """Where a person's n-th photo is in LFW's layout, numbered from 1.

    >>> photo_path("Aaron_Peirsol", 1)
    'Aaron_Peirsol/Aaron_Peirsol_0001.jpg'
    """
    return f"{person}/{person}_{number:04d}{suffix}"


def person_of(path: str) -> str:
    """The person whose photo is there: the first folder.

    >>> person_of("Aaron_Peirsol/Aaron_Peirsol_0001.jpg")
    'Aaron_Peirsol'
    """
    return path.partition("/")[0]


def read_pairs(file: Path) -> tuple[list[ListedPair], int]:
    """The pairs of ``pairs.txt`` in their order, and the number of folds. The first of a pair is the reference.

    The first line holds the number of folds F and of mated pairs per fold M; then F times M mated lines
    (``name n m``) and M non-mated ones (``name n other m``).

    Raises:
        RequestError: the file cannot be read, a line is malformed (with its number), or lines are missing.
    """
    lines = _lines(file)
    folds, mated_per_fold = _header(file, lines, "the number of folds and of mated pairs per fold, as in '10 300'", 2)
    pairs = [
        pair_in_line(file, number, fields, fold=row // (2 * mated_per_fold), remedy=_REPLACE)
        for row, (number, fields) in enumerate(lines)
    ]
    expected = folds * 2 * mated_per_fold
    if len(pairs) != expected:
        raise RequestError(f"{file} lists {len(pairs)} pairs but its first line says {expected}; {_REPLACE}")
    return pairs, folds


def pair_in_line(
    file: Path, number: int, fields: Sequence[str], *, remedy: str, fold: int = -1, suffix: str = ".jpg"
) -> ListedPair:
    """The pair of one line: ``name n m``, or ``name n other m``.

    Raises:
        RequestError: the line is malformed.
    """
    try:
        if len(fields) == 3:
            name, first, second = fields
            other = name
        else:
            name, first, other, second = fields
        paths = photo_path(name, int(first), suffix), photo_path(other, int(second), suffix)
    except ValueError:
        raise malformed(file, number, fields, "'name n m' or 'name n other m'", remedy=remedy) from None
    return ListedPair(*paths, mated=name == other, fold=fold, line=number)


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
    return read_lines(file, remedy=_REPLACE)


def _header(file: Path, lines: Iterator[tuple[int, list[str]]], wanted: str, count: int) -> tuple[int, ...]:
    number, fields = next(lines, (0, []))
    if not number:
        raise RequestError(f"{file} ends where {wanted} is expected; {_REPLACE}")
    try:
        values = tuple(int(field) for field in fields)
    except ValueError:
        values = ()
    if len(values) != count or min(values) < 1:
        raise _malformed(file, number, fields, wanted)
    return values


def _malformed(file: Path, number: int, fields: list[str], wanted: str) -> RequestError:
    return malformed(file, number, fields, wanted, remedy=_REPLACE)
