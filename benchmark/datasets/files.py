"""What the data sets that are folders of photo files have in common: their root, reading, and the digest."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

from benchmark.cards import Availability
from benchmark.counted import counted, is_or_are
from benchmark.datasets.base import Dataset
from benchmark.datasets.image_costs import DEFAULT_LIMITS, ReadingLimits
from benchmark.datasets.layouts import looks_like, needs_folder
from benchmark.datasets.listed_paths import refuse_outside
from benchmark.datasets.names import refuse_lookalikes, spellings
from benchmark.datasets.photo_formats import is_heif, readable_formats
from benchmark.datasets.photo_reading import READING_VERSION, read_photo
from benchmark.errors import RequestError
from benchmark.faces import Image, Photo

HASHED_BYTES = 2**32
"""Photos of more bytes than this together are told apart by size and time of change instead of content."""


class PhotoFiles(Dataset):
    """A data set below one folder; a photo's `source` is its path below that folder.

    Raises:
        RequestError: no folder was named, or it does not exist, cannot be read or is empty.
    """

    root: Path

    def __init__(self, root: Path | None = None, *, seed: int = 0) -> None:
        if root is None:
            raise RequestError(f"this data set needs a folder: name it with --data-root; it holds {self.card.layout}")
        super().__init__(root, seed=seed)
        try:
            if not root.exists():
                raise RequestError(f"data folder {root} does not exist; it should hold {self.card.layout}")
            if not root.is_dir():
                raise RequestError(f"data folder {root} is a file; name the folder that holds {self.card.layout}")
            if next(root.iterdir(), None) is None:
                raise RequestError(f"data folder {root} is empty; it should hold {self.card.layout}")
        except OSError as error:
            raise RequestError(f"data folder {root} cannot be read: {error.strerror}") from error

    def __getstate__(self) -> dict[str, Any]:
        # Each task of a worker process carries the data set: found lists of photos (cached properties) stay behind.
        cached = {name for name in self.__dict__ if isinstance(getattr(type(self), name, None), cached_property)}
        return {name: value for name, value in self.__dict__.items() if name not in cached}

    @classmethod
    def availability(cls) -> Availability:
        """Needs the user's folder."""
        return needs_folder(cls.card.layout)

    def read(self, photo: Photo) -> Image:
        """The photo's pixels; see `benchmark.datasets.photo_reading.read_photo`."""
        return read_photo(self.root / photo.source, self.reading_limits)

    def folder_with(self, name: str, folders: Sequence[str], *, remedy: str) -> Path:
        """The first of `folders`, paths below the root, that holds the file `name`.

        Raises:
            RequestError: none does; `remedy` says what to do.
        """
        found = next((self.root / folder for folder in folders if (self.root / folder / name).is_file()), None)
        if found is None:
            raise RequestError(f"no {name} in {self.root}; {remedy}{looks_like(self.root)}")
        return found

    def located(
        self, listed: Iterable[Photo], *, lines: Mapping[str, int] | None = None, below: str = ""
    ) -> tuple[Photo, ...]:
        """The listed photos, each with `source` as the file system spells it.

        Args:
            listed: photos whose `source` is a path below the root; accents may be composed or decomposed.
            lines: by `image_id`, the line of the list that names the photo, for errors.
            below: the folder below the root that `source` begins with and that no photo may leave; that folder itself
                may be a link.

        Raises:
            RequestError: a path leads out of the folder, files are absent (a list is never cut to what is there, which
                would be another test), or two photos or two people differ only in case.
        """
        photos = tuple(listed)
        prefix = f"{below}/" if below and below != "." else ""
        inside = {photo.source.removeprefix(prefix): photo.image_id for photo in photos}
        numbers = {path: lines[image_id] for path, image_id in inside.items()} if lines else None
        refuse_outside(self.root / below, inside, lines=numbers)
        refuse_lookalikes((photo.image_id for photo in photos), what="photos", where=self.root)
        refuse_lookalikes((photo.subject_id for photo in photos), what="people", where=self.root)
        found = [
            next((name for name in spellings(photo.source) if (self.root / name).is_file()), None) for photo in photos
        ]
        absent = [photo.image_id for photo, name in zip(photos, found, strict=True) if name is None]
        if absent:
            shown = [f"{name} (line {lines[name]})" if lines else name for name in absent[:3]]
            first = ", ".join(shown) + (", …" if len(absent) > 3 else "")
            raise RequestError(
                f"{len(absent)} of {counted(len(photos), 'listed photo')} {is_or_are(len(absent))} not in "
                f"{self.root}: {first}; add the files, or remove them from the list"
            )
        return tuple(
            photo if name in (None, photo.source) else replace(photo, source=name)
            for photo, name in zip(photos, found, strict=True)
        )

    def digest(self, photos: Sequence[Photo]) -> str:
        """A digest of the photos' ids and contents, the same for a copy of the folder elsewhere.

        Above `HASHED_BYTES` reading everything would take too long: there, size and time of change stand for the
        content, and a copy has another digest unless its file times were kept.
        """
        named = ((photo.image_id, self.root / photo.source) for photo in photos)
        return digest_of_files(named, limits=self.reading_limits)


def digest_of_files(
    files: Iterable[tuple[str, Path]], *, limits: ReadingLimits = DEFAULT_LIMITS, hashed_bytes: int = HASHED_BYTES
) -> str:
    """BLAKE2b over names and contents (or, above `hashed_bytes`, sizes and times) of files, in order, and `limits`.

    A file that cannot be read counts as such: reading it will fail in the same way later, and fixing it changes
    the digest.
    """
    named = [(name, path, _status(path)) for name, path in files]
    by_content = sum(status.st_size for _, _, status in named if status) <= hashed_bytes
    whole = hashlib.blake2b(f"photos {READING_VERSION} {by_content}{limits.in_key}".encode(), digest_size=16)
    for name, path, status in named:
        mark = _content(path) if by_content else _size_and_time(status)
        whole.update(f"{len(name)} {name} {mark}\n".encode("utf-8", "surrogateescape"))
    return whole.hexdigest()


def _status(path: Path) -> os.stat_result | None:
    try:
        return path.stat()
    except OSError:
        return None


def _content(path: Path) -> str:
    try:
        if not path.is_file():  # a pipe would never end
            return "unreadable"
        with path.open("rb") as file:
            # installing pillow-heif gives a HEIF file the pixels that it did not have
            unread = " unread" if is_heif(file.read(12)) and "HEIF" not in readable_formats() else ""
            file.seek(0)
            return hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=16)).hexdigest() + unread
    except OSError:
        return "unreadable"


def _size_and_time(status: os.stat_result | None) -> str:
    return "unreadable" if status is None else f"{status.st_size} {status.st_mtime_ns}"
