"""Stores what each step made, so that a second run reuses it and a killed run continues.

An artefact is a folder ``<store>/<step>/<key>/``. The key is a digest of the step's inputs, its own settings and its
version number (kept beside the result in ``about.json``): a changed setting gives another key and recomputes only what
depends on it. While it is being made the folder is called ``<key>.partial``; finished, it is renamed into place and
never written to again.

Most artefacts are rows, one an image: ``.npy`` arrays and ``records.jsonl``. Rows are written and flushed, and only
then noted in ``records.jsonl``, which is therefore also the journal of a killed run: whatever it lists is whole,
whatever it does not list is made again.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from filelock import FileLock
from numpy.typing import NDArray

from benchmark.errors import StorageError

_RECORDS = "records.jsonl"
_ABOUT = "about.json"
_SECONDS_BETWEEN_FLUSHES = 2.0


@dataclass(frozen=True)
class RowArray:
    """Shape and type of one row of an array, e.g. ``RowArray((128, 128, 3), "uint8")``."""

    shape: tuple[int, ...]
    dtype: str


@dataclass(frozen=True)
class Artifact:
    """A finished artefact: its `key`, which goes into the keys of the steps that read it, and its `folder`."""

    key: str
    folder: Path

    def array(self, name: str) -> NDArray[Any]:
        """The array `name` as a read-only memory map."""
        try:
            mapped: NDArray[Any] = np.load(self.folder / f"{name}.npy", mmap_mode="r", allow_pickle=False)
        except (OSError, ValueError) as error:
            raise StorageError(
                f"{self.folder / name}.npy is damaged ({error}); delete {self.folder} and start again"
            ) from error
        return mapped

    def records(self) -> list[dict[str, Any]]:
        """One dictionary a row, in the order of the rows."""
        rows = _read_journal(self.folder / _RECORDS)
        return [rows[row] for row in sorted(rows)]


Commit = Callable[[int, Mapping[str, Any], Mapping[str, Any]], None]
"""``commit(row, values, record)``: one row's part of each array (one left out stays zero) and its JSON record."""


class ArtifactStore:
    """The folder of all artefacts.

    Args:
        root: made if absent.
        fresh: ignore what earlier runs stored (and replace it).

    Raises:
        StorageError: the folder cannot be written.
    """

    def __init__(self, root: Path, *, fresh: bool = False) -> None:
        self.root = root
        self._fresh = fresh
        self._made_now: set[Path] = set()
        with _clear_storage_errors(root):
            root.mkdir(parents=True, exist_ok=True)

    def folder(self, step: str, about: Mapping[str, Any], make: Callable[[Path], None]) -> Artifact:
        """The artefact of `step` described by `about`, made now unless it is stored.

        Args:
            step: names the sub-folder.
            about: JSON values: keys of the inputs, the settings, the version of the code.
            make: fills the folder it is given; that folder may hold what a killed run left there.
        """
        key = digest(about)
        final = self.root / step / key
        with _clear_storage_errors(final):
            final.parent.mkdir(parents=True, exist_ok=True)
            with FileLock(final.with_suffix(".lock")):
                if self._fresh and final not in self._made_now:
                    shutil.rmtree(final, ignore_errors=True)
                    shutil.rmtree(final.with_suffix(".partial"), ignore_errors=True)
                if not final.exists():
                    partial = final.with_suffix(".partial")
                    partial.mkdir(exist_ok=True)
                    make(partial)
                    (partial / _ABOUT).write_text(json.dumps({"step": step, **about}, indent=1), "utf-8")
                    _sync(partial)
                    partial.rename(final)
                self._made_now.add(final)
        return Artifact(key, final)

    def rows(
        self,
        step: str,
        about: Mapping[str, Any],
        *,
        count: int,
        arrays: Mapping[str, RowArray],
        make: Callable[[list[int], Commit], None],
    ) -> Artifact:
        """The artefact with `count` rows, made now as far as it is not stored.

        Args:
            step: as for `folder`.
            about: as for `folder`.
            count: number of rows.
            arrays: by name, what a row of each array looks like.
            make: is given the rows still missing and `commit`, which it calls once for each of them.
        """

        def make_rows(folder: Path) -> None:
            with _RowWriter(folder, count, arrays) as writer:
                missing = writer.missing()
                if missing:
                    make(missing, writer.commit)
            left = len(writer.missing())
            if left:
                raise StorageError(f"step '{step}' left {left} of {count} rows unmade in {folder}")

        return self.folder(step, about, make_rows)


def digest(about: Mapping[str, Any]) -> str:
    """A hexadecimal digest of JSON values, whatever the order of the keys.

    >>> digest({"a": 1, "b": 2}) == digest({"b": 2, "a": 1})
    True
    """
    text = json.dumps(about, sort_keys=True, ensure_ascii=False, default=str)
    return hashlib.blake2b(text.encode("utf-8"), digest_size=12).hexdigest()


def write_atomically(file: Path, content: bytes) -> None:
    """Write a file whole or not at all: temporary name, fsync, rename."""
    temporary = file.with_name(f".{file.name}.{os.getpid()}.tmp")
    with _clear_storage_errors(file):
        try:
            with temporary.open("wb") as stream:
                stream.write(content)
                stream.flush()
                os.fsync(stream.fileno())
            temporary.replace(file)
        finally:
            temporary.unlink(missing_ok=True)


class _RowWriter:
    """The arrays and the journal of an artefact in the making."""

    def __init__(self, folder: Path, count: int, arrays: Mapping[str, RowArray]) -> None:
        self._arrays = {name: _open_array(folder / f"{name}.npy", count, row) for name, row in arrays.items()}
        self._count = count
        self._durable = _read_journal(folder / _RECORDS, mend=True)
        self._pending: dict[int, dict[str, Any]] = {}
        self._flushed = time.monotonic()
        self._journal = (folder / _RECORDS).open("ab")

    def __enter__(self) -> _RowWriter:
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self._flush()
        finally:
            self._journal.close()
            self._arrays.clear()

    def missing(self) -> list[int]:
        return [row for row in range(self._count) if row not in self._durable]

    def commit(self, row: int, values: Mapping[str, Any], record: Mapping[str, Any]) -> None:
        for name, value in values.items():
            self._arrays[name][row] = value
        self._pending[row] = dict(record)
        if time.monotonic() - self._flushed > _SECONDS_BETWEEN_FLUSHES:
            self._flush()

    def _flush(self) -> None:
        for array in self._arrays.values():
            array.flush()
        lines = (json.dumps([row, record], ensure_ascii=False) + "\n" for row, record in self._pending.items())
        self._journal.write("".join(lines).encode("utf-8"))
        self._journal.flush()
        os.fsync(self._journal.fileno())
        self._durable.update(self._pending)
        self._pending.clear()
        self._flushed = time.monotonic()


def _open_array(file: Path, count: int, row: RowArray) -> np.memmap[Any, Any]:
    """A writable memory map that keeps what a killed run left; its disk space is claimed beforehand.

    Writing through a map to a full disk kills the process with a bus error; claiming the space first turns that into an
    ordinary error with a message.
    """
    shape = (count, *row.shape)
    if file.exists():
        try:
            mapped = np.lib.format.open_memmap(file, mode="r+")
            if mapped.shape == shape and mapped.dtype == np.dtype(row.dtype):
                return mapped
        except (OSError, ValueError):
            pass  # killed before the header was whole: nothing in the journal can refer to it
    bytes_needed = int(np.prod(shape, dtype=np.int64)) * np.dtype(row.dtype).itemsize + 128
    with file.open("wb") as stream:
        if hasattr(os, "posix_fallocate"):
            os.posix_fallocate(stream.fileno(), 0, bytes_needed)
        else:  # macOS and Windows: write the zeros
            for start in range(0, bytes_needed, 1 << 24):
                stream.write(bytes(min(1 << 24, bytes_needed - start)))
    return np.lib.format.open_memmap(file, mode="w+", dtype=np.dtype(row.dtype), shape=shape)


def _read_journal(file: Path, *, mend: bool = False) -> dict[int, dict[str, Any]]:
    """Records by row. A kill can leave a torn last line: it is ignored and, to `mend`, cut off."""
    if not file.exists():
        return {}
    content = file.read_bytes()
    whole = content[: content.rfind(b"\n") + 1]
    if mend and len(whole) < len(content):
        with file.open("r+b") as stream:
            stream.truncate(len(whole))
    return dict(json.loads(line) for line in whole.splitlines())


def _sync(folder: Path) -> None:
    for file in folder.rglob("*"):
        if file.is_file():
            with file.open("rb") as stream:
                os.fsync(stream.fileno())


@contextmanager
def _clear_storage_errors(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise StorageError(
                f"the disk is full: {path} could not be written; free some space or choose another folder with --cache "
                "and --out; the same command then continues where this one stopped"
            ) from error
        if error.errno in (errno.EACCES, errno.EROFS, errno.EPERM, errno.ENOTDIR, errno.EEXIST):
            raise StorageError(
                f"{path} cannot be written ({error.strerror}); choose another folder with --cache or --out"
            ) from error
        raise
