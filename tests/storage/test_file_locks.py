"""Locks between processes, on file systems with and without locks."""

from __future__ import annotations

import errno
import fcntl
import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from filelock import Timeout

from benchmark.storage import file_locks
from benchmark.storage.file_locks import exclusive


@pytest.fixture(params=["locks", "ENOLCK", "ENOSYS"])
def system(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """A file system with locks, and two without."""
    monkeypatch.setattr(file_locks, "_warned", set())
    if request.param != "locks":
        monkeypatch.setattr(fcntl, "flock", _without(getattr(errno, request.param)))
    return str(request.param)


def _without(number: int):
    real = fcntl.flock

    def flock(descriptor: int, operation: int) -> None:
        if operation & fcntl.LOCK_UN:
            return real(descriptor, operation)
        raise OSError(number, os.strerror(number))

    return flock


def test_a_lock_is_held_by_one(system: str, tmp_path: Path) -> None:
    with exclusive(tmp_path / "a.lock"), pytest.raises(Timeout), exclusive(tmp_path / "a.lock", timeout=0):
        pass
    with exclusive(tmp_path / "a.lock", timeout=0):
        pass


def test_a_drive_without_locks_is_said_once(system: str, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    for name in ("a.lock", "b.lock"):
        with exclusive(tmp_path / name):
            pass
    assert len(caplog.messages) == (system != "locks")


def test_a_dead_process_holds_no_lock(system: str, tmp_path: Path) -> None:
    file = tmp_path / "a.lock"
    script = textwrap.dedent(
        """
        import errno, fcntl, os, sys
        from pathlib import Path
        if sys.argv[2] != "locks":
            def flock(descriptor, operation):
                raise OSError(getattr(errno, sys.argv[2]), "no locks")
            fcntl.flock = flock
        from benchmark.storage.file_locks import exclusive
        held = exclusive(Path(sys.argv[1]))
        held.__enter__()
        os.kill(os.getpid(), 9)
        """
    )
    done = subprocess.run([sys.executable, "-c", script, str(file), system], cwd=Path.cwd(), check=False)
    assert done.returncode == -9
    with exclusive(file, timeout=5):
        pass
