"""What is known of the people on photos: groups such as sex, age band or skin tone, from the user's own CSV file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmark.datasets.csv_tables import read_table
from benchmark.errors import RequestError
from benchmark.faces import Photo
from benchmark.storage.csv_files import without_formula


@dataclass(frozen=True)
class Attributes:
    """Groups by attribute.

    Attributes:
        groups: by attribute, the group of each photo; empty = not known.
        unknown: how many of the photos the file says nothing about.
    """

    groups: Mapping[str, Sequence[str]]
    unknown: int = 0


def read_attributes(file: Path, photos: Sequence[Photo]) -> Attributes:
    """The groups of `photos` by a CSV file whose first column is ``image_id`` or ``subject_id``.

    Every other column is an attribute, its values the groups; an empty value is not known.

    Args:
        file: UTF-8, with a header.
        photos: the photos of the protocol.

    Raises:
        RequestError: the file cannot be read, names neither photos nor people or both, has no attribute, names somebody
            twice with different groups, or nobody of the protocol.
    """
    rows: dict[str, dict[str, str]] = {}
    key = ""
    for line, row in read_table(file, ()):
        keys = [name for name in ("image_id", "subject_id") if name in row]
        if len(keys) != 1 or len(row) < 2:
            raise RequestError(
                f"{file}, line 1: the columns are {', '.join(row)}; one of them must be image_id or subject_id, not "
                "both, and there must be one further column per attribute"
            )
        key = keys[0]
        name = row.pop(key)
        if rows.setdefault(name, row) != row:
            raise RequestError(f"{file}, line {line}: '{name}' already has other groups in an earlier line; keep one")
    if not rows:
        raise RequestError(f"{file} has no rows; add one line for each {key or 'subject_id'}")
    wanted = [photo.image_id if key == "image_id" else photo.subject_id for photo in photos]
    found = [rows.get(name, rows.get(without_formula(name))) for name in wanted]  # perhaps copied from images.csv
    if not any(found):
        example = photos[0].image_id if key == "image_id" else photos[0].subject_id
        raise RequestError(f"{file} contains no {key} of this test, such as '{example}'")
    names = next(iter(rows.values()))
    groups = {name: tuple("" if row is None else row[name] for row in found) for name in names}
    return Attributes(groups, sum(row is None for row in found))
