"""``scores.parquet``: every score of every comparison, streamed cell by cell."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Sequence
from dataclasses import astuple, fields
from pathlib import Path
from types import TracebackType

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from benchmark.errors import StorageError
from benchmark.storage.utf8 import writable
from benchmark.verification.base import Cell

CELL_COLUMNS: tuple[str, ...] = tuple(field.name for field in fields(Cell))
_CONSTANT = pa.dictionary(pa.int8(), pa.string())
_IDS = pa.dictionary(pa.int32(), pa.string())
SCHEMA: pa.Schema = pa.schema(
    [pa.field(name, _CONSTANT, nullable=False) for name in CELL_COLUMNS]
    + [
        pa.field("reference_id", _IDS, nullable=False),
        pa.field("probe_id", _IDS, nullable=False),
        pa.field("mated", pa.bool_(), nullable=False),
        pa.field("fold", pa.int8(), nullable=False),
        pa.field("score", pa.float32()),
    ]
)
"""The columns of ``scores.parquet``. A null score is a comparison that failed."""
_CHUNK = 65_536
_DICTIONARY_BYTES = 256 * 2**20  # beyond this Parquet would repeat every id as text


def ids_at(names: Sequence[str], rows: NDArray[np.int32]) -> pa.DictionaryArray:
    """The ids ``names[rows]`` as `ScoresWriter.add` likes them best: without a string for every comparison.

    >>> ids_at(("a", "b"), np.array([1, 0, 1], dtype=np.int32)).to_pylist()
    ['b', 'a', 'b']
    """
    indices = pa.array(np.ascontiguousarray(rows, dtype=np.int32))
    return pa.DictionaryArray.from_arrays(indices, pa.array(list(names), pa.string()))


class ScoresWriter:
    """Writes ``scores.parquet``, one row group a cell; the file appears when the writer closes without an error.

    Memory: a cell of P comparisons costs its own arrays (13 bytes per comparison with `ids_at`) and a few pages.

    Args:
        path: the file; an earlier one stays untouched until `close`.

    Raises:
        StorageError: the folder cannot be written, or the disk is full.
    """

    def __init__(self, path: Path) -> None:
        import pyarrow.parquet as pq  # noqa: PLC0415  # only for who writes: it imports what reads whole folders

        self._path = path
        self._temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
        with self._storage_errors():
            path.parent.mkdir(parents=True, exist_ok=True)
            self._writer = pq.ParquetWriter(
                self._temporary,
                SCHEMA,
                compression="zstd",
                use_dictionary=[*CELL_COLUMNS, "reference_id", "probe_id"],
                dictionary_pagesize_limit=_DICTIONARY_BYTES,
                column_encoding={"score": "BYTE_STREAM_SPLIT"},
            )

    def add(  # noqa: PLR0917  # the columns of the file in their order
        self,
        cell: Cell,
        reference_ids: Sequence[str] | pa.DictionaryArray,
        probe_ids: Sequence[str] | pa.DictionaryArray,
        mated: NDArray[np.bool_],
        fold: NDArray[np.int8],
        scores: NDArray[np.float32],
    ) -> None:
        """Append one cell.

        Args:
            cell: what the scores belong to.
            reference_ids: P image ids, or what `ids_at` returns.
            probe_ids: likewise.
            mated: ``bool (P,)``.
            fold: ``int8 (P,)``, −1 where the protocol has none.
            scores: ``float32 (P,)``, NaN where the comparison failed.

        Raises:
            ValueError: the lengths differ.
            StorageError: the disk is full.
        """
        count = len(scores)
        lengths = {len(reference_ids), len(probe_ids), len(mated), len(fold), count}
        if lengths != {count}:
            raise ValueError(f"columns of one length are needed, these have {sorted(lengths)}")
        if count == 0:
            return
        values = np.ascontiguousarray(scores, dtype=np.float32)
        columns = [
            *(_constant(value, count) for value in astuple(cell)),
            _encoded(reference_ids),
            _encoded(probe_ids),
            pa.array(np.ascontiguousarray(mated, dtype=np.bool_)),
            pa.array(np.ascontiguousarray(fold, dtype=np.int8)),
            pa.array(values, mask=~np.isfinite(values)),
        ]
        with self._storage_errors():
            self._writer.write_table(pa.Table.from_arrays(columns, schema=SCHEMA), row_group_size=count)

    def close(self) -> None:
        """Finish the file and put it in its place.

        Raises:
            StorageError: the disk is full.
        """
        with self._storage_errors():
            self._writer.close()
            with self._temporary.open("rb") as written:
                os.fsync(written.fileno())
            self._temporary.replace(self._path)

    def abandon(self) -> None:
        """Throw away what was written; an earlier file stays."""
        with contextlib.suppress(OSError):
            self._writer.close()
        self._temporary.unlink(missing_ok=True)

    @contextlib.contextmanager
    def _storage_errors(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise StorageError(
                f"cannot write {self._path}: {error}; free some space or choose another folder with --out"
            ) from error

    def __enter__(self) -> ScoresWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None:
            self.abandon()
            return
        try:
            self.close()
        except StorageError:
            self.abandon()
            raise


def _constant(value: str, count: int) -> pa.ChunkedArray:
    """`value` `count` times, every chunk sharing the memory of one."""
    zeros = pa.array(np.zeros(min(count, _CHUNK), dtype=np.int8))
    chunk = pa.DictionaryArray.from_arrays(zeros, pa.array([writable(value)], pa.string()))
    whole, rest = divmod(count, len(chunk))
    return pa.chunked_array([chunk] * whole + ([chunk.slice(0, rest)] if rest else []), type=_CONSTANT)


def _encoded(ids: Sequence[str] | pa.DictionaryArray) -> pa.DictionaryArray:
    if isinstance(ids, pa.DictionaryArray):
        return ids.cast(_IDS)
    return pa.array([writable(one) for one in ids], pa.string()).dictionary_encode()
