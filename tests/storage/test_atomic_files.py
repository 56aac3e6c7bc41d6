"""Files are whole or absent, and what dead processes left goes."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from benchmark.errors import StorageError
from benchmark.storage import atomic_files
from benchmark.storage.atomic_files import (
    remove_temporary_files,
    storage_errors,
    temporary_name,
    write_atomically,
    write_together,
)


def test_the_first_file_in_a_folder_removes_what_a_killed_process_was_writing(tmp_path: Path) -> None:
    script = f"""
import os, signal
from pathlib import Path
from benchmark.storage import atomic_files
atomic_files.os.fsync = lambda _: os.kill(os.getpid(), signal.SIGKILL)
atomic_files.write_atomically(Path({str(tmp_path / "tables.json")!r}), b"half")
"""
    subprocess.run([sys.executable, "-c", script], check=False)
    assert [path.suffix for path in tmp_path.iterdir()] == [".tmp"]
    write_atomically(tmp_path / "other.json", b"whole")
    assert [path.name for path in tmp_path.iterdir()] == ["other.json"]


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


def test_files_that_belong_together_change_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = [tmp_path / name for name in ("a.csv", "b.html", "c.json")]
    write_together(dict.fromkeys(files, b"old"))
    synced = []

    def full_at_the_last(_: int) -> None:
        synced.append(1)
        if len(synced) == len(files):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full_at_the_last)
    with pytest.raises(StorageError, match=r"disk is full: .*c\.json"):
        write_together(dict.fromkeys(files, b"new"))
    assert [file.read_bytes() for file in files] == [b"old"] * 3
    assert sorted(tmp_path.iterdir()) == files


def test_only_temporary_files_of_dead_processes_of_this_machine_are_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    names = []
    for process in (os.getpid(), child.pid):
        monkeypatch.setattr(os, "getpid", lambda process=process: process)
        names.append(temporary_name(tmp_path / "table.csv"))
    monkeypatch.setattr(atomic_files, "_this_machine", lambda: "0123abcd")
    elsewhere = temporary_name(tmp_path / "table.csv")
    monkeypatch.undo()
    mine, dead = names
    others = [tmp_path / ".table.csv.tmp", tmp_path / "mine.tmp"]
    for file in (mine, dead, elsewhere, *others):
        file.write_text("half")
    remove_temporary_files(tmp_path)
    assert set(tmp_path.iterdir()) == {mine, elsewhere, *others}


@pytest.mark.parametrize(
    ("number", "says"), [(errno.ENOSPC, "--cache"), (errno.EFBIG, "ulimit -f"), (errno.EROFS, "--out")]
)
def test_errors_of_the_disk_say_what_to_do(number: int, says: str, tmp_path: Path) -> None:
    with pytest.raises(StorageError, match=says), storage_errors(tmp_path):
        raise OSError(number, os.strerror(number))
