"""What a log and a terminal are shown of a run's steps."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from benchmark.progress import Progress
from benchmark.step_count import StepCount
from benchmark.storage.step_costs import COSTS, StepCosts
from benchmark.work import Work


def works(*names: str) -> list[Work]:
    return [Work("unmask", name, f"unmask: {name}", name, rows=10, of=10, unit="image") for name in names]


def costs(folder: Path) -> StepCosts:
    return StepCosts(folder / COSTS, "synthetic, cpu")


def test_a_log_has_one_line_per_step_and_no_carriage_return(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    steps = works("telea", "glcic")
    progress = Progress(count=StepCount(costs(tmp_path), steps))
    for work in steps:
        with progress.step(work), progress.bar(work.doing, total=10) as bar:
            for _ in range(10):
                bar.update(1)
    said = capsys.readouterr().err
    assert "\r" not in said
    assert [line.split(" in ")[0] for line in said.splitlines()] == [
        "step 1 of 2: unmask: telea, 10 images",
        "step 2 of 2: unmask: glcic, 10 images",
    ]


def test_work_outside_a_run_has_one_line_too(capsys: pytest.CaptureFixture[str]) -> None:
    with Progress().bar("train glcic", total=3, unit="step") as bar:
        bar.update(3)
        bar.set_postfix(loss="0.25", refresh=False)
    said = capsys.readouterr().err
    assert said.startswith("train glcic: 3 steps, loss 0.25 in ") and said.count("\n") == 1


def test_a_quiet_one_says_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    work = works("telea")[0]
    progress = Progress(quiet=True, count=StepCount(costs(tmp_path), [work]))
    with progress.step(work), progress.bar("unmask", total=1) as bar:
        bar.update(1)
    assert capsys.readouterr().err == ""


def test_a_terminal_is_told_the_step_and_the_time_left(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    steps = works("telea", "glcic")
    for work in steps:
        costs(tmp_path).note(work, seconds=65.0)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    progress = Progress(count=StepCount(costs(tmp_path), steps))
    with progress.step(steps[0]), progress.bar(steps[0].doing, total=10) as bar:
        bar.update(10)
    assert "step 1 of 2, 2:10 left: unmask: telea" in capsys.readouterr().err


def test_what_was_not_expected_counts_and_what_has_a_new_key_is_known_by_its_name(tmp_path: Path) -> None:
    steps = works("telea", "glcic")
    count = StepCount(costs(tmp_path), steps)
    count.begin(Work("unmask", "telea", "unmask: telea", "another key", rows=10, of=10))
    assert count.text() == "step 1 of 2"
    count.begin(Work("crop", "crop", "crop", "key"))
    assert count.text() == "step 2 of 3"


def test_a_failed_step_is_not_a_cost(tmp_path: Path) -> None:
    known = costs(tmp_path)
    work = works("telea")[0]
    with pytest.raises(OSError, match="full"), Progress(quiet=True, count=StepCount(known)).step(work):
        raise OSError("full")
    assert known.of(work) is None
