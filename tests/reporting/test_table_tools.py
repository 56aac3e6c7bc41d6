"""Tables of the page: help without a mouse, filters by kind, columns on and off, and copies for papers."""

from __future__ import annotations

import csv
import io
import json
import re
import shutil
import subprocess
from html.parser import HTMLParser
from importlib.resources import files
from itertools import pairwise
from pathlib import Path

import pytest
from fake_run import DESCRIPTIONS, METHODS, fake_run

from benchmark.reporting.export import latex, markdown
from benchmark.reporting.page_templates import read_template
from benchmark.reporting.results_index import ResultsIndex
from benchmark.reporting.run_results import RunResults

Attributes = dict[str, str | None]
TABLE = {
    "caption": "Methods before a_b at FMR 0.1\u202f%",
    "headings": ["Method", "GFRR\u00a0%, frozen threshold", "Time"],
    "rows": [
        {"group": "", "cells": [{"text": "Raw", "within": ""}, {"text": "1.0", "within": "0.5 to 2.0"}, {"text": "–"}]},
        {
            "group": "Privileged: 100 % of it",
            "cells": [
                {"text": "=a|b", "within": ""},
                {"text": "−4.0", "within": "−5.0 to 1\u202f000.0"},
                {"text": "3 ms"},
            ],
        },
    ],
}


class _Elements(HTMLParser):
    """Every element's tag and attributes, in order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.all: list[tuple[str, Attributes]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.all.append((tag, dict(attrs)))

    def of(self, *tags: str) -> list[Attributes]:
        return [attributes for tag, attributes in self.all if tag in tags]


@pytest.fixture(scope="module")
def page(small_folder: Path) -> _Elements:
    return _Elements((small_folder / "report.html").read_text(encoding="utf-8"))


def test_help_needs_no_mouse(page: _Elements) -> None:
    assert not [tag for tag, attributes in page.all if "title" in attributes], "a title is for a resting mouse alone"
    explained = [attributes["data-help"] for _, attributes in page.all if "data-help" in attributes]
    assert len(explained) > 100 and all(explained)
    assert any(text.startswith("4\u202f172 mated") for text in explained if text)
    script = read_template("help.js")
    for event in ("focusin", "click", "keydown", "Escape", "aria-describedby"):
        assert event in script


def test_every_method_has_one_kind(small_run: RunResults) -> None:
    index = ResultsIndex(small_run.metrics, small_run.cards, small_run.notes, metrics=DESCRIPTIONS)
    kinds = {entry.method: index.kind(entry) for entry in index.entries}
    assert kinds == {
        "paired-gan": "blind",
        "segmenter+glcic": "completer",
        "telea": "baseline",
        "true-pixels": "privileged",
    }


def test_what_is_fitted_to_a_recogniser_is_an_adapter() -> None:
    run = fake_run(methods=METHODS, recognisers=("dlib",), mask_types=(), people=0)
    index = ResultsIndex(run.metrics, run.cards, run.notes, metrics=DESCRIPTIONS)
    assert {entry.method for entry in index.entries if index.kind(entry) == "adapter"} == {"template-ridge"}


def test_rows_can_be_filtered_by_the_kinds_that_the_page_offers(page: _Elements) -> None:
    offered = {a["value"] for a in page.of("input") if a.get("name") == "kind"}
    assert offered == {"baseline", "completer", "blind", "privileged"}
    rows = [attributes for attributes in page.of("tr") if "data-kind" in attributes]
    assert {row["data-kind"] for row in rows} == offered
    assert {row["data-method"] for row in rows} == {"paired-gan", "segmenter+glcic", "telea", "true-pixels"}
    assert "find-method" in {attributes.get("id") for attributes in page.of("input")}


def test_every_column_is_explained_and_can_be_left_out(page: _Elements) -> None:
    of_tables = {a["data-columns"] for a in page.of("table") if "data-columns" in a}
    toggles = [(a["data-of"], a["data-toggles"]) for a in page.of("input") if "data-toggles" in a]
    assert {name for name, _ in toggles} == of_tables and len(toggles) == len(set(toggles))
    headings = {a["data-column"] for a in page.of("th") if "data-column" in a}
    assert headings == {key for _, key in toggles}
    assert {"recovery-matched", "gfrr-frozen", "gfrr-matched"} <= headings


def test_scrolling_regions_can_be_reached_and_told_apart(page: _Elements) -> None:
    scrolling = [a for _, a in page.all if "scroll" in (a.get("class") or "").split()]
    assert scrolling and all(a.get("tabindex") == "0" and a.get("role") == "region" for a in scrolling)
    labels = [a["aria-label"] for a in scrolling]
    assert len(labels) == len(set(labels))


def test_headings_never_skip_a_level(page: _Elements) -> None:
    levels = [int(tag[1]) for tag, _ in page.all if re.fullmatch(r"h[1-6]", tag)]
    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))


def test_a_badge_has_no_width_of_its_own(page: _Elements) -> None:
    badges = [set((a.get("class") or "").split()) for a in page.of("span") if "badge" in (a.get("class") or "").split()]
    assert badges and ".plain {" not in read_template("style.css").replace("table.plain {", "")


def _copied(kind: str, table: object) -> str:
    """What `copied_table.js` makes of a table, run by Node."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("needs Node.js, which is not installed here")
    script = files("benchmark.reporting").joinpath("templates", "copied_table.js").read_text(encoding="utf-8")
    told = f"{script}\nprocess.stdout.write(copiedTable.{kind}({json.dumps(table)}));"
    return subprocess.run([node, "-e", told], capture_output=True, encoding="utf-8", check=True, timeout=60).stdout


def test_a_copy_escapes_as_the_exporter_does() -> None:
    signs = 'a|b*c_d[e]~#<f>&\\g`h%$^{}"−–×\u202f\u00a0'
    table = {"caption": signs, "headings": ["Method"], "rows": []}
    assert _copied("markdown", table).splitlines()[0] == markdown.escaped(signs)
    assert rf"\caption{{{latex.escaped(signs)}}}" in _copied("latex", table)


def test_a_copy_in_markdown() -> None:
    lines = _copied("markdown", TABLE).splitlines()
    assert lines[2:] == [
        "| Method | GFRR\u00a0%, frozen threshold | Time |",
        "|---|---:|---:|",
        "| Raw | 1.0 (0.5 to 2.0) | – |",
        "| *Privileged: 100 % of it* | | |",
        "| =a\\|b | −4.0 (−5.0 to 1\u202f000.0) | 3 ms |",
    ]


def test_a_copy_in_latex() -> None:
    text = _copied("latex", TABLE)
    assert r"\begin{tabular}{lrr}" in text and r"\toprule" in text and r"\bottomrule" in text
    assert r"\multicolumn{3}{l}{\emph{Privileged: 100 \% of it}} \\" in text
    assert r"=a\textbar{}b & $-$4.0 {\scriptsize ($-$5.0 to 1\,000.0)} & 3 ms \\" in text


def test_a_copy_in_csv_holds_numbers_and_no_formula() -> None:
    rows = list(csv.reader(io.StringIO(_copied("csv", TABLE))))
    assert rows[0] == [
        "group",
        "Method",
        "GFRR %, frozen threshold",
        "GFRR %, frozen threshold, 95 % from",
        "GFRR %, frozen threshold, 95 % to",
        "Time",
    ]
    assert rows[1] == ["", "Raw", "1.0", "0.5", "2.0", ""]
    assert rows[2] == ["Privileged: 100 % of it", "'=a|b", "-4.0", "-5.0", "1000.0", "3 ms"]
