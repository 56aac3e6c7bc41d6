"""The command line of a Python that lacks packages, without tracebacks. ``-S`` makes any Python a bare one."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from benchmark.cli import start
from benchmark.cli.subcommands import SUBCOMMANDS, subcommand
from benchmark.requirements import REQUIREMENTS

ROOT = Path(__file__).resolve().parents[2]


def bare(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-S", str(ROOT / "run_benchmark.py"), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)


@pytest.mark.parametrize("arguments", [("--help",), ("-h",), ("run", "--help")])
def test_help_works_and_says_what_is_missing(arguments: tuple[str, ...]) -> None:
    done = bare(*arguments)
    assert done.returncode == 0 and not done.stderr
    text = " ".join(done.stdout.split())
    for name in SUBCOMMANDS:
        assert re.search(rf"\b{name} {re.escape((subcommand(name).__doc__ or '').splitlines()[0])}", text)
    assert "none of the packages" in text and "pip install ." in text


def test_doctor_lists_every_package_and_fails() -> None:
    done = bare("doctor")
    assert done.returncode == 1 and not done.stderr
    listed = {line.split()[1] for line in done.stdout.splitlines() if line.startswith("MISSING")}
    assert listed == set(REQUIREMENTS.values())
    assert "pip install ." in done.stdout


@pytest.mark.parametrize("arguments", [(), ("--methods", "all"), ("compare", "a", "b"), ("list",)])
def test_everything_else_is_one_line_and_status_2(arguments: tuple[str, ...]) -> None:
    done = bare(*arguments)
    assert done.returncode == 2 and not done.stdout
    assert len(done.stderr.strip().splitlines()) == 1 and "pip install ." in done.stderr


def test_of_several_packages_the_missing_one_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(start, "missing_packages", lambda: {"cv2": "opencv-python-headless"})
    assert start.main(["--limit", "3"]) == 2
    assert "lacks opencv-python-headless; install" in capsys.readouterr().err
    assert start.main(["--version"]) == 0


def test_an_old_python_is_told_so(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(start, "OLDEST_PYTHON", (99, 0))
    assert start.main([]) == 2
    assert "is too old" in capsys.readouterr().err


def test_with_all_packages_the_complete_command_line_runs(capsys: pytest.CaptureFixture[str]) -> None:
    assert start.main(["run", "--help"]) == 0
    assert "--replicates" in capsys.readouterr().out


def test_the_list_is_that_of_the_project_file() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    declared = {re.split(r"[<>=!~\[; ]", one)[0] for one in project["dependencies"]}
    assert set(REQUIREMENTS.values()) == declared
