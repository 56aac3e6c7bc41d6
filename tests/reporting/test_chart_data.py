"""What the interactive figures are given."""

from __future__ import annotations

import html
import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from benchmark.reporting.chart_data import panel_charts, training_charts
from benchmark.reporting.results_index import ResultsIndex
from benchmark.reporting.run_results import RunResults


def test_lines_are_measured_points(small_run: RunResults) -> None:
    index = ResultsIndex(small_run.metrics, small_run.cards, small_run.notes)
    text = panel_charts(index, small_run.curves, index.panels[0], index.targets, index.entries)
    assert text is not None
    lines = {line["name"]: line for line in json.loads(text)["lines"]}
    assert {"raw", "masked probe", "telea", "true-pixels"} <= set(lines)
    raw = next(curve for curve in small_run.curves if curve.cell.condition == "raw-raw")
    for fmr, fnmr, threshold in lines["raw"]["points"]:
        place = int(np.abs(raw.thresholds - threshold).argmin())
        assert np.isclose(raw.fmr[place], fmr, rtol=1e-3) and np.isclose(raw.fnmr[place], fnmr, rtol=1e-3)


def test_recovery_has_the_interval_of_the_table(small_run: RunResults) -> None:
    index = ResultsIndex(small_run.metrics, small_run.cards, small_run.notes)
    text = panel_charts(index, [], index.panels[0], index.targets, index.entries)
    assert text is not None
    shown = json.loads(text)["recovery"][0]
    assert shown and all(row["low"] <= row["value"] <= row["high"] for row in shown)
    assert not next(row for row in shown if row["name"] == "true-pixels")["fair"]


def test_scores_have_a_numbered_axis_and_both_thresholds(small_run: RunResults) -> None:
    index = ResultsIndex(small_run.metrics, small_run.cards, small_run.notes)
    panel = index.panels[0]
    text = panel_charts(index, small_run.curves, panel, index.targets, index.entries)
    assert text is not None
    data = json.loads(text)
    assert len(data["frozen"]) == len(data["targets"]) == 3
    for line in data["lines"]:
        assert len(line["mated"]) == len(line["nonmated"]) == len(data["edges"]) - 1
        assert len(line["matched"]) == 3 and all(isinstance(one, float) for one in line["matched"])
    raw = index.find(panel, "gfrr", condition="raw-raw", kind="frozen", target=index.targets[0])
    assert raw is not None and raw.threshold is not None and np.isclose(data["frozen"][0], raw.threshold, rtol=1e-4)


def test_a_line_carries_its_band(small_run: RunResults) -> None:
    index = ResultsIndex(small_run.metrics, small_run.cards, small_run.notes)
    band = np.array([[0.001, 0.2, 0.3], [0.1, 0.05, 0.08]])
    curves = [replace(curve, band=band) for curve in small_run.curves]
    text = panel_charts(index, curves, index.panels[0], index.targets, index.entries)
    assert text is not None
    assert all(line["band"] == band.tolist() for line in json.loads(text)["lines"])


def test_speed_stands_beside_recovery(small_run: RunResults) -> None:
    index = ResultsIndex(small_run.metrics, small_run.cards, small_run.notes)
    text = panel_charts(index, [], index.panels[0], index.targets, index.entries)
    assert text is not None
    seconds = {row["name"]: row["seconds"] for row in json.loads(text)["recovery"][0]}
    assert seconds["telea"] == 0.031 and seconds["segmenter+glcic"] == 0.62


def test_training_curves_keep_their_ends_and_leave_out_what_is_no_number() -> None:
    steps = np.arange(1, 1001)
    losses = pd.DataFrame({"step": steps, "loss": 1 / steps, "seconds": steps * 2.0, "validation_l1": np.nan})
    losses.loc[10, "loss"] = np.inf
    text = training_charts({"paired-gan": losses, "empty": pd.DataFrame()})
    assert text is not None
    (one,) = json.loads(text)
    assert (one["name"], one["clock"]) == ("paired-gan", "step")
    (curve,) = one["curves"]
    assert curve["name"] == "loss" and len(curve["points"]) <= 121
    assert curve["points"][0] == [1, 1] and curve["points"][-1] == [1000, 0.001]
    assert training_charts({}) is None


def test_nothing_to_draw_is_no_figure(small_run: RunResults) -> None:
    index = ResultsIndex([], {}, [])
    panel = ResultsIndex(small_run.metrics, small_run.cards, small_run.notes).panels[0]
    assert panel_charts(index, [], panel, [], []) is None


def test_the_page_holds_the_data_the_library_and_its_licence_line(small_folder: Path) -> None:
    page = (small_folder / "report.html").read_text(encoding="utf-8")
    given = re.findall(r'data-charts="([^"]*)"', page)
    assert len(given) == 1 and json.loads(html.unescape(given[0]))["lines"]
    assert "Released under the MIT License" in page and "sourceMappingURL" not in page
