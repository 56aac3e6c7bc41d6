"""What a finished folder must hold, file by file: written when it is finished, checked when it is read."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from benchmark.errors import StorageError
from benchmark.storage.contained_path import path_inside

STAMPED_BYTES = 256 * 2**20
"""Files of more bytes than this are not read again as long as size, time of change and inode are as they were."""


class StoredFile(BaseModel):
    """One file of a finished folder.

    Attributes:
        bytes: its size.
        sha256: of its content.
        stamp: time of change in nanoseconds and inode number, when it was finished.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    bytes: int = Field(ge=0)
    sha256: str = Field(pattern="^[0-9a-f]{64}$")
    stamp: tuple[int, int] | None = None


def stored_file(file: Path, *, stamped: bool = False) -> StoredFile:
    """What must be found again of a file that is finished.

    Raises:
        OSError: it cannot be read.
    """
    with file.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
        status = os.fstat(stream.fileno())
    stamp = (status.st_mtime_ns, status.st_ino) if stamped else None
    return StoredFile(bytes=status.st_size, sha256=digest, stamp=stamp)


def files_below(folder: Path, *, besides: Iterable[str] = ()) -> dict[str, Path]:
    """Every file below `folder`, by its path with ``/``, in alphabetical order; without those named `besides`."""
    left_out = set(besides)
    found = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}
    return {name: found[name] for name in sorted(found) if name not in left_out}


def first_damage(folder: Path, listed: Mapping[str, StoredFile], *, every_byte: bool = True) -> str:
    """What is wrong with the first file that is not as listed; empty where all are.

    Args:
        folder: that holds the files.
        listed: by path below the folder.
        every_byte: read large files whose stamp has not changed, too.
    """
    for name, expected in listed.items():
        try:
            damage = _damage(path_inside(folder, name), expected, every_byte=every_byte)
        except StorageError as error:
            return str(error)
        except FileNotFoundError:
            return f"{name} is missing"
        except OSError as error:
            return f"{name} cannot be read ({error.strerror})"
        if damage:
            return f"{name} {damage}"
    return ""


def _damage(file: Path, expected: StoredFile, *, every_byte: bool) -> str:
    status = file.stat()
    if status.st_size != expected.bytes:
        return f"has {status.st_size:,} of {expected.bytes:,} bytes"
    stamp = (status.st_mtime_ns, status.st_ino)
    if not every_byte and status.st_size > STAMPED_BYTES and stamp == expected.stamp:
        return ""
    return "" if stored_file(file).sha256 == expected.sha256 else "was changed after it was written"
