"""The artefact store: reuse, resumption after a kill, and errors of the disk."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest

from benchmark.artifacts import ArtifactStore, Commit, RowArray, digest, write_atomically
from benchmark.errors import StorageError

ARRAYS = {"squares": RowArray((2,), "float32")}


def build(store: ArtifactStore, count: int = 5, about: dict[str, int] | None = None, seen: list[int] | None = None):
    def make(missing: list[int], commit: Commit) -> None:
        if seen is not None:
            seen.extend(missing)
        for row in missing:
            commit(row, {"squares": [row, row * row]}, {"name": f"row {row}"})

    return store.rows("square", about or {"power": 2}, count=count, arrays=ARRAYS, make=make)


def test_rows_come_back_in_order(tmp_path: Path) -> None:
    artifact = build(ArtifactStore(tmp_path))
    np.testing.assert_array_equal(artifact.array("squares")[:, 1], [0, 1, 4, 9, 16])
    assert [record["name"] for record in artifact.records()] == [f"row {row}" for row in range(5)]


def test_a_second_run_makes_nothing(tmp_path: Path) -> None:
    build(ArtifactStore(tmp_path))
    seen: list[int] = []
    build(ArtifactStore(tmp_path), seen=seen)
    assert seen == []


def test_another_setting_gives_another_artefact(tmp_path: Path) -> None:
    store = ArtifactStore(tmp_path)
    assert build(store).folder != build(store, about={"power": 3}).folder


def test_fresh_makes_everything_once_more_but_only_once(tmp_path: Path) -> None:
    build(ArtifactStore(tmp_path))
    seen: list[int] = []
    store = ArtifactStore(tmp_path, fresh=True)
    build(store, seen=seen)
    build(store, seen=seen)
    assert seen == [0, 1, 2, 3, 4]


def test_an_exception_keeps_the_rows_before_it(tmp_path: Path) -> None:
    def fail(missing: list[int], commit: Commit) -> None:
        commit(0, {"squares": [7, 7]}, {"name": "kept"})
        raise RuntimeError("power cut")

    with pytest.raises(RuntimeError, match="power cut"):
        ArtifactStore(tmp_path).rows("square", {"power": 2}, count=5, arrays=ARRAYS, make=fail)
    seen: list[int] = []
    artifact = build(ArtifactStore(tmp_path), seen=seen)
    assert seen == [1, 2, 3, 4]
    assert artifact.records()[0] == {"name": "kept"}
    np.testing.assert_array_equal(artifact.array("squares")[0], [7, 7])


def test_a_killed_process_loses_nothing_that_was_noted(tmp_path: Path) -> None:
    script = textwrap.dedent(
        """
        import os, sys, time
        from pathlib import Path
        import benchmark.artifacts as artifacts
        artifacts._SECONDS_BETWEEN_FLUSHES = 0
        def make(missing, commit):
            for row in missing:
                commit(row, {"squares": [row, row * row]}, {"name": f"row {row}"})
                print(row, flush=True)
                time.sleep(0.02)
        artifacts.ArtifactStore(Path(sys.argv[1])).rows("square", {"power": 2}, count=500,
            arrays={"squares": artifacts.RowArray((2,), "float32")}, make=make)
        """
    )
    process = subprocess.Popen([sys.executable, "-c", script, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    done = [int(process.stdout.readline()) for _ in range(20)]
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    seen: list[int] = []
    artifact = build(ArtifactStore(tmp_path), count=500, seen=seen)
    assert not set(seen) & set(done), "rows that were noted as done were made again"
    assert len(seen) > 400
    np.testing.assert_array_equal(artifact.array("squares")[:, 1], np.arange(500, dtype=np.float32) ** 2)


def test_a_torn_last_line_is_made_again(tmp_path: Path) -> None:
    def fail(missing: list[int], commit: Commit) -> None:
        for row in (0, 1):
            commit(row, {"squares": [row, row * row]}, {"name": f"row {row}"})
        raise RuntimeError

    with pytest.raises(RuntimeError):
        ArtifactStore(tmp_path).rows("square", {"power": 2}, count=5, arrays=ARRAYS, make=fail)
    journal = next(tmp_path.rglob("records.jsonl"))
    journal.write_bytes(journal.read_bytes()[:-4])
    seen: list[int] = []
    artifact = build(ArtifactStore(tmp_path), seen=seen)
    assert seen == [1, 2, 3, 4]
    assert [record["name"] for record in artifact.records()] == [f"row {row}" for row in range(5)]


def test_a_step_that_leaves_rows_out_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="left 5 of 5 rows"):
        ArtifactStore(tmp_path).rows("square", {}, count=5, arrays=ARRAYS, make=lambda missing, commit: None)


def test_a_full_disk_is_one_clear_line_and_the_next_run_continues(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(os, "posix_fallocate", full)
        with pytest.raises(StorageError, match=r"disk is full: .* free some space"):
            build(ArtifactStore(tmp_path))
    assert len(build(ArtifactStore(tmp_path)).records()) == 5


def test_an_unwritable_store_says_so(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    with pytest.raises(StorageError, match="cannot be written"):
        ArtifactStore(blocked / "store")


def test_a_damaged_array_says_so(tmp_path: Path) -> None:
    artifact = build(ArtifactStore(tmp_path))
    (artifact.folder / "squares.npy").write_bytes(b"\x93NUMPY broken")
    with pytest.raises(StorageError, match="damaged"):
        artifact.array("squares")


def test_an_atomic_write_that_fails_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "table.csv"
    write_atomically(file, b"old")

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StorageError, match="disk is full"):
        write_atomically(file, b"new")
    assert file.read_bytes() == b"old"
    assert [path.name for path in tmp_path.iterdir()] == ["table.csv"]


def test_a_digest_does_not_depend_on_the_order_of_keys() -> None:
    assert digest({"a": 1, "b": [2, 3]}) == digest({"b": [2, 3], "a": 1})
    assert digest({"a": 1}) != digest({"a": 2})
