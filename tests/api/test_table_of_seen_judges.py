"""The table of a notebook holds the methods that are not ranked, and says why they are not."""

from __future__ import annotations

import sys
from pathlib import Path

from benchmark import RunResult
from benchmark.reporting.results_index import ResultsIndex

sys.path.insert(0, str(Path(__file__).parents[1] / "reporting"))  # the run that never happened


def test_methods_that_know_their_judge_are_there_and_marked() -> None:
    from fake_run import DESCRIPTIONS, fake_run

    run = fake_run()
    result = RunResult(Path("nowhere"))
    vars(result)["_index"] = ResultsIndex(run.metrics, run.cards, run.notes, DESCRIPTIONS)
    table = result.table(recogniser="facenet")
    methods = table[table.role != "baseline"]
    expected = {
        "telea": ("method", False),
        "paired-gan": ("saw judge", True),
        "template-ridge": ("fitted to judge", True),
        "true-pixels": ("privileged", False),
    }
    for name, (role, saw) in expected.items():
        rows = methods[methods.index.str.contains(name)]
        assert set(rows.role) == {role}
        assert set(rows.saw_judge) == {saw}
    other = result.table(recogniser="face_recognition")
    assert set(other[other.index.str.contains("paired-gan")].role) == {"method"}
