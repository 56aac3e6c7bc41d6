"""Reads CelebA's lists: who is on each photo, and which part of the official partition it belongs to."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from benchmark.datasets.listed_paths import leads_out
from benchmark.datasets.text_lists import malformed, read_lines
from benchmark.errors import RequestError

PARTS = {"0": "train", "1": "validation", "2": "test"}
"""Of ``list_eval_partition.txt``."""
_REMEDY = "replace it with CelebA's own file"


def read_identities(file: Path) -> dict[str, str]:
    """The person on every photo by file name: lines ``000001.jpg 2880``, a header or not.

    Raises:
        RequestError: the file cannot be read, a line is malformed, or a photo is listed twice.
    """
    return dict(_entries(file, "'000001.jpg 2880'"))


def read_partition(file: Path) -> dict[str, str]:
    """``train``, ``validation`` or ``test`` by file name: lines ``000001.jpg 0``.

    Raises:
        RequestError: the file cannot be read, a line is malformed, or a photo is listed twice.
    """
    parts = {}
    for name, number in _entries(file, "'000001.jpg 0'"):
        if number not in PARTS:
            raise RequestError(f"{file}: {name} is in part {number} where 0, 1 or 2 is expected; {_REMEDY}")
        parts[name] = PARTS[number]
    return parts


def _entries(file: Path, wanted: str) -> Iterator[tuple[str, str]]:
    seen: dict[str, int] = {}
    for line, fields in read_lines(file, remedy=_REMEDY):
        if line == 1 and len(fields) == 2 and not fields[1].isdecimal():
            continue  # some copies have a header
        if len(fields) != 2 or not fields[1].isdecimal() or "/" in fields[0] or leads_out(fields[0]):
            raise malformed(file, line, fields, wanted, remedy=_REMEDY)
        if fields[0] in seen:
            raise RequestError(f"{file}, line {line}: {fields[0]} is in line {seen[fields[0]]}, too; {_REMEDY}")
        seen[fields[0]] = line
        yield fields[0], fields[1]
    if not seen:
        raise RequestError(f"{file} lists no photo; {_REMEDY}")
