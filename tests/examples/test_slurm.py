"""The examples for a batch system can at least be read by the shell, and use flags that exist."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from benchmark.config import RunConfig

SCRIPTS = sorted((Path(__file__).resolve().parents[2] / "examples").rglob("*.sbatch"))


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda one: one.name)
def test_the_shell_can_read_it(script: Path) -> None:
    bash = shutil.which("bash")
    if bash is None:
        pytest.skip("there is no bash here")
    checked = subprocess.run([bash, "-n", str(script)], capture_output=True, text=True, check=False)
    assert (checked.returncode, checked.stderr) == (0, "")


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda one: one.name)
def test_its_flags_exist(script: Path) -> None:
    line = next(line for line in script.read_text("utf-8").splitlines() if line.startswith("unmask-benchmark "))
    flags = [flag.replace("-", "_") for flag in re.findall(r"--([a-z-]+)", line)]
    assert flags and set(flags) <= set(RunConfig.model_fields)


def test_there_is_one() -> None:
    assert SCRIPTS
