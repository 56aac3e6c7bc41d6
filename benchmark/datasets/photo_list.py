"""``photos.csv`` in a folder of photos: which of them take part, whose they are, and on which a mask is really worn."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from benchmark.datasets.csv_tables import path_in_row, read_table, truth_in_row
from benchmark.errors import RequestError
from benchmark.faces import Photo

PHOTO_LIST = "photos.csv"
_COLUMNS = ("file", "masked")


@dataclass(frozen=True)
class ListedPhotos:
    """The photos that a list names.

    Attributes:
        photos: each once, in the order of their ids; `source` is the path as listed.
        lines: by `image_id`, the line that names the photo, for errors.
    """

    photos: tuple[Photo, ...]
    lines: dict[str, int]


def read_photo_list(file: Path) -> ListedPhotos:
    """A CSV with columns ``file`` and ``masked``, and perhaps ``subject_id``; without that, the first folder names it.

    Raises:
        RequestError: the list is malformed (with the line), names a photo twice, a path that leads out of the folder,
            or a photo of nobody.
    """
    photos: dict[str, Photo] = {}
    lines: dict[str, int] = {}
    for line, row in read_table(file, _COLUMNS):
        path = path_in_row(file, line, row, "file")
        if path in photos:
            raise RequestError(
                f"{file}, line {line}: '{path}' is listed in line {lines[path]}, too; remove one of them"
            )
        folder, _, below = path.partition("/")
        subject = row.get("subject_id", folder if below else "")
        if not subject:
            raise RequestError(
                f"{file}, line {line}: nothing says who is on '{path}'; fill the column subject_id, or put the photo "
                "into a folder with the person's name"
            )
        photos[path] = Photo(path, subject, path, masked=truth_in_row(file, line, row, "masked"))
        lines[path] = line
    if not photos:
        raise RequestError(f"{file} lists no photo")
    return ListedPhotos(tuple(photos[path] for path in sorted(photos)), lines)
