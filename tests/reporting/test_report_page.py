"""``report.html`` and the folder around it: self-contained, escaped, and there whatever the run was like."""

from __future__ import annotations

import csv
import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import pandas as pd
import pytest
from fake_run import METHODS, fake_run

from benchmark.errors import BenchmarkError, StorageError
from benchmark.reporting.page_templates import environment
from benchmark.reporting.run_results import IMAGE_COLUMNS, RunResults
from benchmark.reporting.write_run import write_run
from benchmark.verification.base import METRIC_COLUMNS

NASTY = "<script>alert(1)</script>"


def test_a_sentence_keeps_names_in_one_piece() -> None:
    unbroken = environment().filters["unbroken"]
    said = unbroken("Only adapt:two-looks, 48 % (a - b) of <b> re-tuned")
    kept = ['<span class="unbroken">adapt:two-looks,</span>', '<span class="unbroken">re-tuned</span>']
    assert said == f"Only {kept[0]} 48 % (a - b) of &lt;b&gt; {kept[1]}"
    assert unbroken("") == ""


def test_names_in_title_and_findings_do_not_break(small_folder: Path) -> None:
    page = (small_folder / "report.html").read_text("utf-8")
    (title,) = re.findall("<h1>.*</h1>", page)
    assert '<span class="unbroken">segmenter+glcic</span> wins back' in title


class _Page(HTMLParser):
    """Collects what a browser would load, ids, and unclosed elements."""

    VOID = frozenset({"meta", "br", "img", "input", "wbr", "link", "path", "use", "hr"})

    def __init__(self, text: str) -> None:
        super().__init__()
        self.loads: list[str] = []
        self.ids: list[str] = []
        self.scripts = 0
        self.open: list[str] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.scripts += tag == "script"
        for name, value in attrs:
            if name in ("src", "srcset", "data", "poster") or (name in ("href", "xlink:href") and tag != "a"):
                self.loads.append(value or "")
            if name == "id":
                self.ids.append(value or "")
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in self.VOID:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        if tag not in self.VOID:
            assert self.open and self.open[-1] == tag, f"</{tag}> closes {self.open[-3:]}"
            self.open.pop()

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] not in ("script", "style"):
            self.text += data + " "


@pytest.fixture(scope="module")
def page_text(small_folder: Path) -> str:
    return (small_folder / "report.html").read_text(encoding="utf-8")


def test_the_folder_holds_what_was_promised(small_folder: Path, small_run: RunResults) -> None:
    names = {str(path.relative_to(small_folder)) for path in small_folder.rglob("*") if path.is_file()}
    figures = {f"figures/{name}-facenet" for name in ("recovery", "roc", "det", "scores", "speed")} | {"figures/faces"}
    figures |= {"figures/training-paired-gan", "figures/training-residual-regressor"}
    expected = {"report.html", "metrics.csv", "differences.csv", "images.csv", "manifest.json"}
    expected |= {"training/paired-gan.csv", "training/residual-regressor.csv"}
    assert names == expected | {f"{figure}.{kind}" for figure in figures for kind in ("svg", "png")}
    manifest = json.loads((small_folder / "manifest.json").read_text())
    assert set(manifest.pop("files")) == names - {"manifest.json"}
    assert {name: manifest[name] for name in small_run.manifest} == small_run.manifest
    with (small_folder / "images.csv").open(encoding="utf-8") as file:
        assert tuple(next(csv.reader(file))) == IMAGE_COLUMNS
    table = pd.read_csv(small_folder / "metrics.csv")
    assert tuple(table.columns) == METRIC_COLUMNS and len(table) == len(small_run.metrics)


def test_the_page_loads_nothing_from_elsewhere(page_text: str) -> None:
    page = _Page(page_text)
    assert page.loads, "pictures are expected"
    assert all(address.startswith(("data:image/", "#")) for address in page.loads)
    assert not re.search(r"@import|url\((?!#)", page_text)
    assert len(page_text) < 6_000_000


def test_the_page_is_well_formed_with_unique_ids(page_text: str) -> None:
    page = _Page(page_text)
    assert page.open == []
    assert len(page.ids) == len(set(page.ids))
    for reference in re.findall(r'(?:href="#|url\(#)([^")]+)', page_text):
        assert reference in page.ids


def test_names_are_escaped(page_text: str) -> None:
    assert NASTY not in page_text
    assert "&lt;script&gt;alert(1)" in page_text
    assert _Page(page_text).scripts == 1


def test_no_number_is_printed_as_nan(page_text: str) -> None:
    assert not re.search(r"\b(nan|NaN|None|inf)\b", _Page(page_text).text)


def test_figures_take_the_colours_of_the_page(page_text: str, small_folder: Path) -> None:
    drawings = re.findall(r"<svg.*?</svg>", page_text, flags=re.DOTALL)
    assert len(drawings) == 6
    for drawing in drawings:
        assert "var(--ink)" in drawing or "var(--muted)" in drawing
        assert not re.search(r"(fill|stroke): #(?!000000)", drawing)
    stored = (small_folder / "figures" / "roc-facenet.svg").read_text()
    assert "var(--" not in stored
    ElementTree.fromstring(stored)


def test_the_method_table_sorts_by_plain_numbers(page_text: str) -> None:
    values = re.findall(r'data-v="([^"]*)"', page_text)
    assert len(values) > 100
    for value in values:
        assert value == "" or float(value) is not None


def test_the_same_run_gives_the_same_page(small_run: RunResults, small_folder: Path, tmp_path: Path) -> None:
    again = write_run(small_run, tmp_path)
    assert again.read_bytes() == (small_folder / "report.html").read_bytes()


def _bare() -> RunResults:
    return fake_run(methods=METHODS[:1], recognisers=("dlib",), mask_types=(), people=1, size=32)


@pytest.mark.parametrize("case", ["no methods", "all failed", "no curves", "nothing at all", "no frozen", "no targets"])
def test_a_poor_run_still_has_a_report(case: str, tmp_path: Path) -> None:
    run = _bare()
    if case == "no methods":
        run = fake_run(methods=(), recognisers=("dlib",), mask_types=("cloth",), people=1, size=32)
    elif case == "all failed":
        rows = [replace(row, value=None, ci_low=None, ci_high=None, threshold=None) for row in run.metrics]
        curves = [
            replace(c, fmr=c.fmr[:0], fnmr=c.fnmr[:0], mated=c.mated * 0, nonmated=c.nonmated * 0) for c in run.curves
        ]
        run = replace(
            run, metrics=rows, curves=curves, images=run.images.assign(status="failed", reason="no face found")
        )
    elif case == "no curves":
        run = replace(run, curves=[], losses={}, examples=[])
    elif case == "nothing at all":
        empty = pd.DataFrame(columns=list(IMAGE_COLUMNS))
        run = RunResults([], [], [], empty, [], {}, {}, {}, synthetic=False)
    elif case == "no frozen":
        run = replace(run, metrics=[row for row in run.metrics if row.threshold_kind != "frozen"])
    else:
        run = replace(run, metrics=[row for row in run.metrics if row.target is None])
    page = _Page(write_run(run, tmp_path).read_text(encoding="utf-8"))
    assert page.open == []
    assert not re.search(r"\b(nan|NaN|None)\b", page.text)
    if case == "all failed":
        assert "no face found" in page.text
    if case == "no targets":
        assert "Too few comparisons to set a threshold" in page.text and "AUC" in page.text


def test_synthetic_people_are_announced(tmp_path: Path) -> None:
    run = replace(_bare(), synthetic=True)
    text = _Page(write_run(run, tmp_path).read_text(encoding="utf-8")).text
    assert "Synthetic people show that the pipeline works" in text
    assert "best method wins back" not in text


def test_a_source_is_linked_only_where_it_is_a_web_address(tmp_path: Path) -> None:
    run = _bare()
    cards = {"lfw": replace(run.cards["lfw"], source="javascript:alert(1)")}
    text = write_run(replace(run, cards=cards), tmp_path).read_text(encoding="utf-8")
    assert 'href="javascript:' not in text and "javascript:alert(1)" in text


def test_duplicate_keys_stop_the_run_before_anything_is_written(tmp_path: Path) -> None:
    run = _bare()
    with pytest.raises(BenchmarkError, match="share one key"):
        write_run(replace(run, metrics=[*run.metrics, run.metrics[0]]), tmp_path / "out")
    assert list((tmp_path / "out").iterdir()) == []


def test_a_failed_report_leaves_the_earlier_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    report = write_run(_bare(), tmp_path)
    before = report.read_bytes()

    def broken(*_: object) -> str:
        raise StorageError("the disk is full")

    monkeypatch.setattr("benchmark.reporting.write_run.render_report", broken)
    with pytest.raises(StorageError):
        write_run(_bare(), tmp_path)
    assert report.read_bytes() == before
    assert not list(tmp_path.rglob("*.tmp"))


def test_an_unwritable_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StorageError, match="--out"):
        write_run(_bare(), tmp_path / "file" / "run")
