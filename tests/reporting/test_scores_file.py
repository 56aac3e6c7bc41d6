"""``scores.parquet``: round trip, one row group a cell, bounded memory, whole or absent."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from benchmark.errors import StorageError
from benchmark.reporting.scores_file import CELL_COLUMNS, ScoresWriter, ids_at
from benchmark.verification.base import Cell

CELL = Cell("lfw", "view2", "oracle", "64", "dlib", "none", "", "", "none", "raw-raw")
OTHER = Cell("lfw", "view2", "oracle", "64", "dlib", "telea", "default", "", "detected", "raw-restored")


def test_round_trip_with_one_row_group_a_cell(tmp_path: Path) -> None:
    path = tmp_path / "scores.parquet"
    fold = np.array([0, -1, 3], dtype=np.int8)
    with ScoresWriter(path) as writer:
        writer.add(
            CELL, ["a", "a", "b"], ["c", "d", "c"], np.array([True, False, True]), fold, np.float32([0.5, np.nan, -1])
        )
        rows = np.array([1, 0], dtype=np.int32)
        names = ("x", "y")
        writer.add(OTHER, ids_at(names, rows), ids_at(names, rows[::-1]), rows > 0, fold[:2], np.float32([1, 2]))
        assert not path.exists()
    file = pq.ParquetFile(path)
    assert file.num_row_groups == 2
    assert {file.metadata.row_group(group).column(0).compression for group in range(2)} == {"ZSTD"}
    table = file.read().to_pydict()
    assert list(table) == [*CELL_COLUMNS, "reference_id", "probe_id", "mated", "fold", "score"]
    assert table["method"] == ["none"] * 3 + ["telea"] * 2
    assert table["reference_id"] == ["a", "a", "b", "y", "x"]
    assert table["probe_id"] == ["c", "d", "c", "x", "y"]
    assert table["mated"] == [True, False, True, True, False]
    assert table["fold"] == [0, -1, 3, 0, -1]
    assert table["score"] == [0.5, None, -1.0, 1.0, 2.0]


def test_columns_of_different_lengths_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="one length"), ScoresWriter(tmp_path / "scores.parquet") as writer:
        writer.add(CELL, ["a"], ["b", "c"], np.array([True]), np.zeros(1, np.int8), np.zeros(1, np.float32))


def test_an_error_leaves_the_earlier_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "scores.parquet"
    path.write_bytes(b"earlier")
    with pytest.raises(KeyboardInterrupt), ScoresWriter(path) as writer:
        writer.add(CELL, ["a"], ["b"], np.array([True]), np.zeros(1, np.int8), np.zeros(1, np.float32))
        raise KeyboardInterrupt
    assert path.read_bytes() == b"earlier"
    assert [file.name for file in tmp_path.iterdir()] == ["scores.parquet"]


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StorageError, match=r"scores\.parquet"):
        ScoresWriter(tmp_path / "file" / "scores.parquet")


def test_many_ids_stay_dictionary_encoded(tmp_path: Path) -> None:
    names = [f"a_rather_long_name_of_a_person/photo_{number:06d}.jpg" for number in range(60_000)]  # 3 MB of names
    rows = np.tile(np.arange(60_000, dtype=np.int32), 10)
    with ScoresWriter(tmp_path / "scores.parquet") as writer:
        ids = ids_at(names, rows)
        writer.add(CELL, ids, ids, rows >= 0, np.zeros(len(rows), np.int8), np.zeros(len(rows), np.float32))
    column = pq.ParquetFile(tmp_path / "scores.parquet").metadata.row_group(0).column(len(CELL_COLUMNS))
    assert "PLAIN_DICTIONARY" in column.encodings or "RLE_DICTIONARY" in column.encodings
    assert column.total_uncompressed_size < 3 * 60_000 * 60  # the names once, not ten times


def test_six_million_rows_need_little_memory(tmp_path: Path) -> None:
    count = 6_000_000
    names = [f"photo_{number}" for number in range(4000)]
    rng = np.random.default_rng(0)
    reference, probe = (rng.integers(0, 4000, count, dtype=np.int32) for _ in range(2))
    scores = rng.standard_normal(count, dtype=np.float32)
    mated, fold = reference == probe, np.full(count, -1, np.int8)
    before = _resident_mib()
    with _Peak() as peak, ScoresWriter(tmp_path / "scores.parquet") as writer:
        writer.add(CELL, ids_at(names, reference), ids_at(names, probe), mated, fold, scores)
    assert pq.ParquetFile(tmp_path / "scores.parquet").metadata.num_rows == count
    assert peak.mib - before < 250  # ids as Python strings alone would need over 600


class _Peak:
    """Largest resident memory while the block runs."""

    def __enter__(self) -> _Peak:
        self.mib = _resident_mib()
        self._running = True
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._running = False
        self._thread.join()

    def _watch(self) -> None:
        while self._running:
            self.mib = max(self.mib, _resident_mib())
            time.sleep(0.005)


def _resident_mib() -> float:
    status = Path("/proc/self/status")
    if not status.exists():
        pytest.skip("needs /proc to see its own memory")
    line = next(line for line in status.read_text().splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) / 1024


def test_ids_that_no_file_can_hold_are_spelled_out(tmp_path: Path) -> None:
    with ScoresWriter(tmp_path / "scores.parquet") as writer:
        writer.add(CELL, ["Zo\udceb"], ["\ud800"], np.array([True]), np.int8([-1]), np.float32([1]))
    table = pq.read_table(tmp_path / "scores.parquet").to_pydict()
    assert (table["reference_id"], table["probe_id"]) == (["Zo\\udceb"], ["\\ud800"])
