"""Files that are written whole or not at all, and errors of the disk as one clear line."""

from __future__ import annotations

import errno
import hashlib
import os
import re
import shutil
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path

from benchmark.errors import StorageError

_TEMPORARY = re.compile(r"\..+\.(?P<machine>[0-9a-f]{8})-(?P<process>\d+)\.tmp")
TEMPORARY_LENGTH = 28
"""By how many bytes a temporary name is longer than the file's own, at most."""
_CAN_SYNC_ALL = hasattr(os, "sync")  # all but Windows
_swept: set[Path] = set()
"""Folders in which this process has looked for what others left."""
_TOO_LARGE = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_FORBIDDEN = (errno.EACCES, errno.EROFS, errno.EPERM, errno.ENOTDIR, errno.EEXIST)


def write_atomically(file: Path, content: bytes, *, sync: bool = True) -> None:
    """Write a file whole or not at all: temporary name, fsync, rename.

    The first file that a process writes to a folder also removes what killed processes were writing there.

    Args:
        file: what to write.
        content: all of it.
        sync: as of `write_together`.

    Raises:
        StorageError: the disk is full, or the folder cannot be written.
    """
    write_together({file: content}, sync=sync)


def write_together(contents: Mapping[Path, bytes], *, sync: bool = True) -> None:
    """Write several files, none before all are on the disk under temporary names: they belong together.

    A process killed between two renames leaves some new and some old ones, each whole.

    Args:
        contents: by file.
        sync: wait for the disk, which takes milliseconds. Without, a power cut before `sync_all` may leave files empty:
            only for those that are known by their digests, and made again where they are damaged.

    Raises:
        StorageError: the disk is full, or a folder cannot be written; then no file has changed.
    """
    temporaries = {file: temporary_name(file) for file in contents}
    try:
        for file, content in contents.items():
            with storage_errors(file):
                if file.parent not in _swept:  # not for every file: a folder may hold a million
                    _swept.add(file.parent)
                    remove_temporary_files(file.parent)
                with temporaries[file].open("wb") as stream:
                    stream.write(content)
                    if sync or not _CAN_SYNC_ALL:
                        stream.flush()
                        os.fsync(stream.fileno())
        for file, temporary in temporaries.items():
            with storage_errors(file):
                temporary.replace(file)
    finally:
        for temporary in temporaries.values():
            with suppress(OSError):
                temporary.unlink(missing_ok=True)


def temporary_name(file: Path) -> Path:
    """A hidden neighbour of `file` to write to; it says which process of which machine is writing."""
    return file.with_name(f".{file.name}.{_this_machine()}-{os.getpid()}.tmp")


def remove_temporary_files(folder: Path) -> None:
    """Remove from `folder` (not below it) what processes of this machine were writing when they died."""
    with suppress(OSError):
        for file in list(folder.iterdir()):
            named = _TEMPORARY.fullmatch(file.name)
            if named and named["machine"] == _this_machine() and not _is_alive(int(named["process"])):
                file.unlink(missing_ok=True)


def remove(path: Path) -> None:
    """Remove a file, or a folder with all it holds, if it is there; of a link, only the link."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def sync_all() -> None:
    """Wait until the disk has whatever was written without waiting for it."""
    if _CAN_SYNC_ALL:
        os.sync()


def sync_folder(folder: Path) -> None:
    """Make renames in `folder` last through a power cut, where the system can."""
    with suppress(OSError):  # Windows opens no folders, and some network drives sync none
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


@contextmanager
def storage_errors(path: Path) -> Iterator[None]:
    """Turn errors of the disk in this block into a `StorageError` that names `path` and what to do."""
    try:
        yield
    except OSError as error:
        if error.errno == errno.EFBIG:
            raise StorageError(
                f"{path} would be larger than this process may write ({error.strerror}); raise the limit (ulimit -f), "
                "or choose a folder on another file system with --cache and --out"
            ) from error
        if error.errno in _TOO_LARGE:
            raise StorageError(
                f"the disk is full: {path} could not be written; free some space or choose another folder with --cache "
                "and --out; the same command then continues where this one stopped"
            ) from error
        if error.errno in _FORBIDDEN:
            raise StorageError(
                f"{path} cannot be written ({error.strerror}); choose another folder with --cache or --out"
            ) from error
        raise


@cache
def _this_machine() -> str:
    """Tells apart the machines, and the containers of one machine, that share a folder: process numbers do not."""
    try:
        processes = str(Path("/proc/self/ns/pid").readlink())
    except OSError:  # not Linux
        processes = ""
    return hashlib.sha256(f"{socket.gethostname()} {processes}".encode()).hexdigest()[:8]


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):  # it belongs to somebody else
        return True
    return True
