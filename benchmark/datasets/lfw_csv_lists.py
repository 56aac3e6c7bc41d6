"""Reads LFW's lists as widespread copies hold them: ``pairs.csv`` and ``people.csv``, without the lines about folds.

Both keep the order of LFW's own lists, from which the folds can be told again: in ``pairs.csv`` they are ten equal
parts, each with its mated pairs first; in ``people.csv`` the people of each fold are sorted, so that a name that sorts
before the one above it begins the next. A list in another order is refused: its folds would be others.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from benchmark.datasets.lfw_lists import pair_in_line
from benchmark.datasets.listed_pairs import ListedPair, consecutive_folds
from benchmark.datasets.text_lists import malformed, read_lines
from benchmark.errors import RequestError

FOLDS = 10
_REPLACE = "replace it with LFW's own list (.txt)"


def read_pairs_csv(file: Path) -> tuple[list[ListedPair], int]:
    """The pairs in their order, and the number of folds.

    Lines are ``name,1,2`` or ``name,1,2,`` (mated), and ``name,1,other,2`` (non-mated), below a header that begins with
    ``name``.

    Raises:
        RequestError: the file cannot be read, a line is malformed, or the list is not in the order of LFW's own.
    """
    pairs = []
    for number, fields in _rows(file):
        filled = fields[:-1] if len(fields) == 4 and not fields[3] else fields
        if len(filled) not in (3, 4) or not all(filled):
            raise malformed(file, number, fields, "'name,1,2' or 'name,1,other,2'", remedy=_REPLACE)
        pairs.append(pair_in_line(file, number, filled, remedy=_REPLACE))
    if not pairs or len(pairs) % (2 * FOLDS):
        raise RequestError(f"{file} lists {len(pairs)} pairs, which are not ten folds of two equal halves; {_REPLACE}")
    half = len(pairs) // (2 * FOLDS)
    for row, pair in enumerate(pairs):
        if pair.mated != (row // half % 2 == 0):
            raise RequestError(
                f"{file}, line {pair.line}: {'a mated' if pair.mated else 'a non-mated'} pair where LFW's order "
                f"({half} mated, then {half} non-mated ones per fold) has the other kind; {_REPLACE}"
            )
    folds = consecutive_folds(len(pairs), FOLDS).tolist()
    return [replace(pair, fold=fold) for pair, fold in zip(pairs, folds, strict=True)], FOLDS


def read_people_csv(file: Path) -> tuple[dict[str, int], ...]:
    """The folds: in each, every person and how many photos there are of them; lines ``name,1`` below a header.

    Raises:
        RequestError: the file cannot be read, a line is malformed, or a person is listed twice.
    """
    folds: list[dict[str, int]] = [{}]
    before = ""
    for number, fields in _rows(file):
        if len(fields) != 2 or not fields[0] or not fields[1].isdecimal():
            raise malformed(file, number, fields, "'name,count'", remedy=_REPLACE)
        name = fields[0]
        if any(name in fold for fold in folds):
            raise RequestError(f"{file}, line {number}: {name} is listed twice; {_REPLACE}")
        if name < before:
            folds.append({})
        folds[-1][name] = int(fields[1])
        before = name
    return tuple(folds)


def _rows(file: Path) -> Iterator[tuple[int, list[str]]]:
    """The lines below the header."""
    lines = read_lines(file, remedy=_REPLACE, separator=",")
    number, header = next(lines, (0, []))
    if not header or header[0].lower() != "name":
        raise RequestError(f"{file}, line {number or 1}: no header that begins with 'name'; {_REPLACE}")
    yield from lines
