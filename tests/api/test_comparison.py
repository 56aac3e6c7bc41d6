"""Comparing two runs from Python."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmark import RunResult, compare_runs, run
from benchmark.errors import RequestError
from tests.api.conftest import SMALL


def test_two_runs_side_by_side(result: RunResult, tmp_path: Path, cache: Path) -> None:
    other = run(**{**SMALL, "replicates": 10}, methods="telea", out=tmp_path / "other", cache=cache)
    compared = compare_runs(result, other.folder, tmp_path / "compared")
    assert compared.page.is_file()
    both = compared.deltas[compared.deltas.in_runs == "both"]
    assert set(both.method) == {"none", "segmenter", "telea"}
    assert "values compared" in compared._repr_html_()


def test_a_run_is_not_compared_with_itself(result: RunResult) -> None:
    with pytest.raises(RequestError, match="same folder"):
        compare_runs(result, result.folder / ".." / result.folder.name)
