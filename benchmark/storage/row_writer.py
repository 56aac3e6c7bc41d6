"""Arrays with a row for each image, written row by row so that a kill loses only what was not yet noted.

Rows are written and flushed, and only then noted in the journal ``records.jsonl`` with a digest of their bytes. What
the journal lists and the arrays prove is whole; everything else is made again.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmark.storage.atomic_files import remove, write_atomically
from benchmark.storage.claimed_array import claim_space, new_claimed_array
from benchmark.storage.utf8 import as_utf8

RECORDS = "records.jsonl"
_SECONDS_BETWEEN_FLUSHES = 2.0

Record = dict[str, Any]
Commit = Callable[[int, Mapping[str, Any], Mapping[str, Any]], None]
"""``commit(row, values, record)``: one row's part of each array (one left out is zero) and its JSON record."""


@dataclass(frozen=True)
class RowArray:
    """Shape and type of one row of an array, e.g. ``RowArray((128, 128, 3), "uint8")``."""

    shape: tuple[int, ...]
    dtype: str


class RowWriter:
    """The arrays and the journal of an artefact in the making.

    Args:
        folder: may hold what a killed process left.
        count: number of rows.
        arrays: by name.
    """

    def __init__(self, folder: Path, count: int, arrays: Mapping[str, RowArray]) -> None:
        self._arrays = {name: _open_array(folder / f"{name}.npy", count, row) for name, row in arrays.items()}
        self._count = count
        self._pending: dict[int, Record] = {}
        self._flushed = time.monotonic()
        self._durable = self._proved(folder / RECORDS)
        if not (folder / RECORDS).is_file():
            remove(folder / RECORDS)
        write_atomically(folder / RECORDS, self._lines(self._durable))  # without what was torn or is not proved
        self._journal = (folder / RECORDS).open("ab")

    def __enter__(self) -> RowWriter:
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self._flush()
        finally:
            self._journal.close()
            self._arrays.clear()

    def missing(self) -> list[int]:
        """The rows that are not made yet."""
        return [row for row in range(self._count) if row not in self._durable]

    def commit(self, row: int, values: Mapping[str, Any], record: Mapping[str, Any]) -> None:
        """Keep one row; see `Commit`."""
        for name, array in self._arrays.items():
            array[row] = values.get(name, 0)
        self._pending[row] = dict(record)
        if time.monotonic() - self._flushed > _SECONDS_BETWEEN_FLUSHES:
            self._flush()

    def _proved(self, journal: Path) -> dict[int, Record]:
        """The noted rows whose bytes are still those that were noted."""
        return {
            row: record
            for row, (record, proof) in read_rows(journal).items()
            if 0 <= row < self._count and proof == self._proof(row)
        }

    def _proof(self, row: int) -> str:
        content = hashlib.sha256()
        for array in self._arrays.values():
            content.update(np.ascontiguousarray(array[row]).tobytes())
        return content.hexdigest()[:16]

    def _flush(self) -> None:
        for array in self._arrays.values():
            array.flush()
        self._journal.write(self._lines(self._pending))
        self._journal.flush()
        os.fsync(self._journal.fileno())
        self._durable.update(self._pending)
        self._pending.clear()
        self._flushed = time.monotonic()

    def _lines(self, rows: Mapping[int, Record]) -> bytes:
        lines = (json.dumps([row, record, self._proof(row)], ensure_ascii=False) + "\n" for row, record in rows.items())
        return as_utf8("".join(lines))


def read_rows(journal: Path) -> dict[int, tuple[Record, str]]:
    """Record and proof by row. Lines that a kill or damage left unreadable are passed over."""
    rows: dict[int, tuple[Record, str]] = {}
    try:
        lines = journal.read_bytes().split(b"\n")[:-1]  # after the last end of a line there is nothing, or a torn line
    except OSError:
        return rows
    for line in lines:
        try:
            row, record, proof = json.loads(line)
        except (ValueError, TypeError, RecursionError):
            continue
        if isinstance(row, int) and isinstance(record, dict) and isinstance(proof, str):
            rows[row] = record, proof
    return rows


def fits(folder: Path, count: int, arrays: Mapping[str, RowArray]) -> bool:
    """Whether a finished folder holds these arrays and a record for each row."""
    try:
        mapped = {name: np.load(folder / f"{name}.npy", mmap_mode="r", allow_pickle=False) for name in arrays}
    except (OSError, ValueError, EOFError):
        return False
    shapes = all(_is(mapped[name], count, row) for name, row in arrays.items())
    return shapes and sorted(read_rows(folder / RECORDS)) == list(range(count))


def _is(array: NDArray[Any], count: int, row: RowArray) -> bool:
    return array.shape == (count, *row.shape) and array.dtype == np.dtype(row.dtype)


def _open_array(file: Path, count: int, row: RowArray) -> np.memmap[Any, Any]:
    """A writable memory map that keeps what a killed run left; its disk space is claimed beforehand."""
    kept = None
    if file.exists():
        with suppress(OSError, ValueError, EOFError):  # else no row of the journal will prove to be in the new one
            mapped = np.lib.format.open_memmap(file, mode="r+")
            kept = mapped if _is(mapped, count, row) else None
    if kept is not None:
        claim_space(file)
        return kept
    remove(file)
    return new_claimed_array(file, dtype=row.dtype, shape=(count, *row.shape))
