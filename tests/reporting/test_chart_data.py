"""What the interactive figures are given."""

from __future__ import annotations

import html
import json
import re
from pathlib import Path

import numpy as np

from benchmark.reporting.chart_data import panel_charts
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


def test_nothing_to_draw_is_no_figure(small_run: RunResults) -> None:
    index = ResultsIndex([], {}, [])
    panel = ResultsIndex(small_run.metrics, small_run.cards, small_run.notes).panels[0]
    assert panel_charts(index, [], panel, [], []) is None


def test_the_page_holds_the_data_the_library_and_its_licence_line(small_folder: Path) -> None:
    page = (small_folder / "report.html").read_text(encoding="utf-8")
    given = re.findall(r'data-charts="([^"]*)"', page)
    assert len(given) == 1 and json.loads(html.unescape(given[0]))["lines"]
    assert "Released under the MIT License" in page and "sourceMappingURL" not in page
