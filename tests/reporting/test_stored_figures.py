"""Figures of a run that are drawn once, and only once as long as nothing changes that they show."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fake_run import fake_run

from benchmark.artifacts import ArtifactStore
from benchmark.reporting import stored_figures
from benchmark.reporting.run_results import RunResults
from benchmark.reporting.write_run import write_run

DRAWN = stored_figures._drawn


@pytest.fixture(scope="module")
def results() -> RunResults:
    return fake_run(recognisers=("facenet",), people=1, size=16)


@pytest.fixture
def drawings(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A line for every time that figures are drawn."""
    drawn: list[str] = []
    monkeypatch.setattr(stored_figures, "_drawn", lambda *given: drawn.append("drawn") or DRAWN(*given))
    return drawn


def written(results: RunResults, folder: Path, store: Path | None) -> dict[str, bytes]:
    if store is None:
        write_run(results, folder)
    else:
        with closing(ArtifactStore(store)) as kept:
            write_run(results, folder, kept)
    return {file.name: file.read_bytes() for file in [folder / "report.html", *(folder / "figures").iterdir()]}


def test_the_second_run_draws_nothing_and_writes_the_same(
    results: RunResults, tmp_path: Path, drawings: list[str]
) -> None:
    without = written(results, tmp_path / "without", None)
    first = written(results, tmp_path / "first", tmp_path / "store")
    assert len(drawings) == 2
    second = written(results, tmp_path / "second", tmp_path / "store")
    assert len(drawings) == 2
    assert first == second == without
    assert {"faces.svg", "faces.png", "roc-facenet.svg", "report.html"} <= set(second)
    assert b"<svg" in second["report.html"]


def _other_value(results: RunResults) -> RunResults:
    first, *others = results.metrics
    return replace(results, metrics=[replace(first, value=0.123), *others])


def _other_curve(results: RunResults) -> RunResults:
    first, *others = results.curves
    changed = {name: value + 1e-6 for name, value in vars(first).items() if isinstance(value, np.ndarray)}
    return replace(results, curves=[replace(first, **changed), *others])


def _other_face(results: RunResults) -> RunResults:
    strip = results.examples[0]
    columns: Any = {**strip.columns, "raw": np.zeros((16, 16, 3), np.uint8)}
    return replace(results, examples=[replace(strip, columns=columns)])


def _other_losses(results: RunResults) -> RunResults:
    return replace(results, losses={name: table.iloc[:-1] for name, table in results.losses.items()})


def _other_caption(results: RunResults) -> RunResults:
    strip = results.examples[0]
    return replace(results, examples=[replace(strip, columns={f"{name} ": one for name, one in strip.columns.items()})])


@pytest.mark.parametrize("change", [_other_value, _other_curve, _other_face, _other_losses, _other_caption])
def test_whatever_a_figure_shows_is_drawn_anew_when_it_changes(
    results: RunResults, tmp_path: Path, change: Callable[[RunResults], RunResults]
) -> None:
    assert stored_figures._digest(change(results)) != stored_figures._digest(results)
    assert stored_figures._digest(replace(results)) == stored_figures._digest(results)


def test_a_users_settings_of_matplotlib_are_in_the_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MPLCONFIGDIR", str(tmp_path))
    before = stored_figures._settings_of_matplotlib()
    (tmp_path / "matplotlibrc").write_text("axes.titlesize: 30\n")
    assert stored_figures._settings_of_matplotlib() != before


def test_writing_stored_figures_imports_nothing_that_draws() -> None:
    code = "import sys, benchmark.reporting.write_run\nprint('matplotlib' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False"]
