"""The artefact store: reuse, resumption after a kill, and errors of the disk."""

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmark.artifacts import ArtifactStore, Commit, RowArray, digest
from benchmark.errors import StorageError
from benchmark.plugin_code.keys import digest_or_unstored
from benchmark.storage import file_digests
from benchmark.storage.file_digests import stored_file

ARRAYS = {"squares": RowArray((2,), "float32")}


def build(store: ArtifactStore, count: int = 5, about: dict[str, Any] | None = None, seen: list[int] | None = None):
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
        import benchmark.storage.row_writer as row_writer
        row_writer._SECONDS_BETWEEN_FLUSHES = 0
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
    with pytest.raises(StorageError, match="did not finish 5 of 5 rows"):
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


def test_an_array_damaged_while_the_run_goes_on_says_so(tmp_path: Path) -> None:
    artifact = build(ArtifactStore(tmp_path))
    (artifact.folder / "squares.npy").write_bytes(b"\x93NUMPY broken")
    with pytest.raises(StorageError, match="damaged during the run"):
        artifact.array("squares")


def replace_with(content: bytes) -> Callable[[Path], None]:
    return lambda file: (file.write_bytes(content), None)[1]


def flip_a_bit(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[-3] ^= 1
    file.write_bytes(content)


def cut(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-4])


def other_shape(file: Path) -> None:
    with file.open("wb") as stream:
        np.save(stream, np.zeros((7, 7)))


def become_a_folder(file: Path) -> None:
    file.unlink()
    file.mkdir()


DAMAGES = [Path.unlink, replace_with(b""), replace_with(b"\x00garbage\xff"), flip_a_bit, cut, become_a_folder]


@pytest.mark.parametrize("name", ["squares.npy", "records.jsonl", "about.json"])
@pytest.mark.parametrize("damage", [*DAMAGES, other_shape, replace_with(b"[" * 100_000), replace_with(b'{"a":1}')])
def test_a_damaged_artefact_is_made_again_with_one_line(
    name: str, damage: Callable[[Path], None], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = build(ArtifactStore(tmp_path)).folder
    damage(folder / name)
    seen: list[int] = []
    artifact = build(ArtifactStore(tmp_path), seen=seen)
    assert seen == [0, 1, 2, 3, 4]
    (said,) = caplog.messages
    assert "is damaged and will be recomputed" in said and "\n" not in said
    np.testing.assert_array_equal(artifact.array("squares")[:, 1], [0, 1, 4, 9, 16])
    assert [record["name"] for record in artifact.records()] == [f"row {row}" for row in range(5)]


def test_a_file_of_an_unfolded_artefact_is_checked_too(tmp_path: Path) -> None:
    made: list[Path] = []

    def make(folder: Path) -> None:
        made.append(folder)
        (folder / "weights").mkdir(exist_ok=True)
        (folder / "weights" / "net.bin").write_bytes(b"1234")

    folder = ArtifactStore(tmp_path).folder("train", {"a": 1}, make).folder
    ArtifactStore(tmp_path).folder("train", {"a": 1}, make)
    assert len(made) == 1
    (folder / "weights" / "net.bin").write_bytes(b"1235")
    ArtifactStore(tmp_path).folder("train", {"a": 1}, make)
    assert len(made) == 2
    assert (folder / "weights" / "net.bin").read_bytes() == b"1234"


def test_an_artefact_is_checked_once_per_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    build(ArtifactStore(tmp_path))
    read: list[Path] = []
    monkeypatch.setattr(file_digests, "stored_file", lambda file: (read.append(file), stored_file(file))[1])
    store = ArtifactStore(tmp_path)
    build(store)
    build(store)
    assert sorted(file.name for file in read) == ["records.jsonl", "squares.npy"]


def test_a_large_file_is_believed_by_its_stamp_unless_verified(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(file_digests, "STAMPED_BYTES", 100)
    file = build(ArtifactStore(tmp_path)).folder / "squares.npy"
    before = file.stat()
    with file.open("r+b") as stream:
        stream.seek(-1, os.SEEK_END)
        stream.write(b"\x7f")
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    seen: list[int] = []
    build(ArtifactStore(tmp_path), seen=seen)
    assert seen == []
    build(ArtifactStore(tmp_path, verify=True), seen=seen)
    assert seen == [0, 1, 2, 3, 4]
    os.utime(file)  # as a copy has it
    seen.clear()
    build(ArtifactStore(tmp_path), seen=seen)
    assert seen == [], "a stamp that differs is no damage: the content decides"


def test_an_artefact_with_other_arrays_than_are_asked_for_is_made_again(tmp_path: Path) -> None:
    build(ArtifactStore(tmp_path))
    seen: list[int] = []
    build(ArtifactStore(tmp_path), count=6, seen=seen)
    assert seen == [0, 1, 2, 3, 4, 5]


def killed_after(store: ArtifactStore, rows: int) -> None:
    def fail(missing: list[int], commit: Commit) -> None:
        for row in range(rows):
            commit(row, {"squares": [row, row * row]}, {"name": f"row {row}"})
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        store.rows("square", {"power": 2}, count=5, arrays=ARRAYS, make=fail)


@pytest.mark.parametrize("name", ["squares.npy", "records.jsonl"])
@pytest.mark.parametrize("damage", [*DAMAGES, other_shape])
def test_a_killed_artefact_that_was_damaged_is_continued_rightly(
    name: str, damage: Callable[[Path], None], tmp_path: Path
) -> None:
    killed_after(ArtifactStore(tmp_path), 4)
    damage(next(tmp_path.rglob(name)))
    artifact = build(ArtifactStore(tmp_path))
    np.testing.assert_array_equal(artifact.array("squares"), [[row, row * row] for row in range(5)])


def test_only_rows_that_the_array_proves_are_kept(tmp_path: Path) -> None:
    killed_after(ArtifactStore(tmp_path), 4)
    array = np.load(next(tmp_path.rglob("squares.npy")), mmap_mode="r+")
    array[2] = -1
    array.flush()
    seen: list[int] = []
    artifact = build(ArtifactStore(tmp_path), seen=seen)
    assert seen == [2, 4]
    np.testing.assert_array_equal(artifact.array("squares")[:, 1], [0, 1, 4, 9, 16])


@pytest.mark.parametrize("line", [b"[]\n", b"garbage\n", b"\xff\xfe\n", b'[99,{},"x"]\n', b"1\n", b'["0",{},"x"]\n'])
def test_lines_of_a_journal_that_say_nothing_are_passed_over(line: bytes, tmp_path: Path) -> None:
    killed_after(ArtifactStore(tmp_path), 4)
    journal = next(tmp_path.rglob("records.jsonl"))
    journal.write_bytes(line + journal.read_bytes())
    seen: list[int] = []
    artifact = build(ArtifactStore(tmp_path), seen=seen)
    assert seen == [4]
    assert len(artifact.records()) == 5


def test_a_row_made_again_holds_zeros_where_it_has_no_value(tmp_path: Path) -> None:
    killed_after(ArtifactStore(tmp_path), 4)
    array = np.load(next(tmp_path.rglob("squares.npy")), mmap_mode="r+")
    array[:] = 9
    array.flush()

    def nothing(missing: list[int], commit: Commit) -> None:
        for row in missing:
            commit(row, {}, {"reason": "no face"})

    artifact = ArtifactStore(tmp_path).rows("square", {"power": 2}, count=5, arrays=ARRAYS, make=nothing)
    assert not artifact.array("squares").any()


@pytest.mark.parametrize("leftover", ["final", "partial"])
def test_a_file_where_a_folder_is_due_is_replaced(leftover: str, tmp_path: Path) -> None:
    folder = tmp_path / "square" / digest({"power": 2})
    folder.parent.mkdir()
    (folder if leftover == "final" else folder.with_suffix(".partial")).write_text("in the way")
    assert len(build(ArtifactStore(tmp_path)).records()) == 5


def test_a_stored_result_that_names_files_elsewhere_is_made_again(tmp_path: Path) -> None:
    folder = build(ArtifactStore(tmp_path)).folder
    outside = tmp_path / "secret.txt"
    outside.write_text("1")
    about = json.loads((folder / "about.json").read_text())
    about["files"]["../../secret.txt"] = stored_file(outside).model_dump()
    (folder / "about.json").write_text(json.dumps(about))
    seen: list[int] = []
    build(ArtifactStore(tmp_path), seen=seen)
    assert seen == [0, 1, 2, 3, 4]
    assert outside.read_text() == "1"


def test_a_digest_does_not_depend_on_the_order_of_keys() -> None:
    assert digest({"a": 1, "b": [2, 3]}) == digest({"b": [2, 3], "a": 1})
    assert digest({"a": 1}) != digest({"a": 2})


def test_what_must_never_be_found_again_leaves_no_folder(tmp_path: Path) -> None:
    store = ArtifactStore(tmp_path)
    before = sorted(tmp_path.iterdir())
    about: dict[str, Any] = {"code": [digest_or_unstored(None)]}
    seen: list[int] = []
    first = build(store, about=about, seen=seen)
    second = build(store, about={"of": digest({"view": first.key})}, seen=seen)
    assert build(store, about=about, seen=seen) == first
    assert seen == [*range(5), *range(5)]
    assert second.array("squares").tolist() == first.array("squares").tolist()
    assert not (tmp_path / "square").exists()
    store.close()
    assert sorted(tmp_path.iterdir()) == before
