"""The file that remembers what steps cost."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmark.storage import step_costs
from benchmark.storage.step_costs import COSTS, StepCosts
from benchmark.work import Work

WORK = Work("unmask", "telea", "unmask: telea", "key", rows=10, of=10, row_bytes=12)


def test_a_later_run_knows_what_a_row_cost(tmp_path: Path) -> None:
    StepCosts(tmp_path / COSTS, "cpu").note(WORK, seconds=20.0, size=1000)
    cost = StepCosts(tmp_path / COSTS, "cpu").of(WORK)
    assert cost is not None and (cost.seconds, cost.bytes) == (2.0, 100.0)


@pytest.mark.parametrize(
    "other",
    [
        Work("detect", "telea", "", "", rows=10, row_bytes=12),
        Work("unmask", "glcic", "", "", rows=10, row_bytes=12),
        Work("unmask", "telea", "", "", rows=10, row_bytes=48),
    ],
)
def test_what_is_of_another_kind_is_unknown(tmp_path: Path, other: Work) -> None:
    costs = StepCosts(tmp_path / COSTS, "cpu")
    costs.note(WORK, seconds=20.0)
    assert costs.of(other) is None
    assert StepCosts(tmp_path / COSTS, "cuda").of(WORK) is None


def test_damaged_lines_are_passed_over(tmp_path: Path) -> None:
    StepCosts(tmp_path / COSTS, "cpu").note(WORK, seconds=20.0)
    with (tmp_path / COSTS).open("ab") as stream:
        stream.write(b'\xff\n[1, 2]\n{"a": 1}\n["unmask", "telea", "many", "cpu", 1, 1, 1]\n["unm')
    cost = StepCosts(tmp_path / COSTS, "cpu").of(WORK)
    assert cost is not None and cost.seconds == 2.0


def test_only_the_latest_count_and_the_file_stays_small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(step_costs, "_MAX_BYTES", 1000)
    costs = StepCosts(tmp_path / COSTS, "cpu")
    costs.note(WORK, seconds=1e6)
    for _ in range(60):
        costs.note(WORK, seconds=20.0)
    assert (tmp_path / COSTS).stat().st_size < 1500
    cost = StepCosts(tmp_path / COSTS, "cpu").of(WORK)
    assert cost is not None and cost.seconds == 2.0


def test_a_folder_that_cannot_be_written_stops_nothing(tmp_path: Path) -> None:
    costs = StepCosts(tmp_path / "absent" / COSTS, "cpu")
    costs.note(WORK, seconds=20.0)
    assert costs.of(WORK) is not None
