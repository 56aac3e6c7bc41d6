"""Reads InsightFace's lists of IJB: the photos of each template, and the templates that are compared."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmark.datasets.text_lists import malformed, read_lines
from benchmark.errors import RequestError

_REMEDY = "replace it with the archive's own file"


def read_template_photos(file: Path) -> dict[int, tuple[str, ...]]:
    """The photos of each template by its number: lines ``photo.jpg template medium``; the medium is not used.

    Raises:
        RequestError: the file cannot be read, a line is malformed, or a photo is in a template twice.
    """
    members: dict[int, dict[str, int]] = {}
    for line, fields in read_lines(file, remedy=_REMEDY):
        if len(fields) != 3 or not fields[1].isdecimal() or "/" in fields[0]:
            raise malformed(file, line, fields, "'1.jpg 1 69544' (photo, template, medium)", remedy=_REMEDY)
        template = members.setdefault(int(fields[1]), {})
        if fields[0] in template:
            first = template[fields[0]]
            raise RequestError(
                f"{file}, line {line}: {fields[0]} is already in template {fields[1]}, by line {first}; {_REMEDY}"
            )
        template[fields[0]] = line
    if not members:
        raise RequestError(f"{file} lists no photo; {_REMEDY}")
    return {number: tuple(paths) for number, paths in members.items()}


def read_template_pairs(file: Path) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.bool_]]:
    """Reference and probe templates and whether they are mated: lines ``template template 1`` (or 0).

    IJB-C's list has 15.7 million lines, so they are read in one go; only a bad list is read line by line, to name the
    line.

    Raises:
        RequestError: the file cannot be read or a line is malformed.
    """
    try:
        with file.open(encoding="utf-8-sig") as lines, warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # of an empty file, which is refused below
            columns = np.loadtxt(lines, dtype=np.int64, comments=None, ndmin=2)
    except OSError as error:
        raise RequestError(f"{file} cannot be read: {error.strerror}; {_REMEDY}") from error
    except ValueError:  # UnicodeDecodeError among them
        raise _first_bad_line(file) from None
    if columns.ndim != 2 or columns.shape[1] != 3 or not np.isin(columns[:, 2], (0, 1)).all():
        raise _first_bad_line(file)
    return columns[:, 0].copy(), columns[:, 1].copy(), columns[:, 2] == 1


def _first_bad_line(file: Path) -> RequestError:
    for line, fields in read_lines(file, remedy=_REMEDY):
        if len(fields) != 3 or not all(field.isdecimal() for field in fields) or fields[2] not in ("0", "1"):
            return malformed(file, line, fields, "'1 11065 1' (template, template, 1 or 0)", remedy=_REMEDY)
    return RequestError(f"{file} lists no comparison; {_REMEDY}")
