"""Who pays: groups of people on the page."""

from __future__ import annotations

from dataclasses import asdict, fields, replace
from pathlib import Path

from fake_run import DESCRIPTIONS

from benchmark.reporting.groups_table import groups_tables
from benchmark.reporting.results_index import ResultsIndex
from benchmark.reporting.run_results import RunResults
from benchmark.reporting.write_run import write_run
from benchmark.verification.base import Cell
from benchmark.verification.group_row import WORST_TO_BEST, GroupRow


def rows_of(run: RunResults) -> list[GroupRow]:
    """Rates of three groups, of which one is too small, for raw, masked and restored faces."""
    found = []
    for row in run.metrics:
        chosen = (row.metric, row.mask_type, row.threshold_kind) == ("gfrr", "all", "frozen")
        if not chosen or row.condition not in ("raw-raw", "raw-masked", "raw-restored") or row.target is None:
            continue
        cell = {field.name: asdict(row)[field.name] for field in fields(Cell)}
        for metric in ("gfrr", "fmr"):
            base = GroupRow(**cell, attribute="age <b>", group="old", metric=metric, target=row.target, value=0.04,
                            ci_low=0.02, ci_high=0.08, subjects=40, comparisons=1200, threshold=0.5)  # fmt: skip
            note = "fewer than 30 people: nothing is claimed"
            found += [
                base,
                replace(base, group="young", value=0.02, ci_low=0.01, ci_high=0.04, subjects=31),
                replace(base, group="few", value=None, ci_low=None, ci_high=None, subjects=1, note=note),
                replace(base, group=WORST_TO_BEST, value=2.0, ci_low=0.7, ci_high=5.5, note="old / young"),
            ]
    return found


def test_each_group_has_its_rate_interval_and_counts(small_run: RunResults) -> None:
    index = ResultsIndex(small_run.metrics, small_run.cards, metrics=DESCRIPTIONS)
    (table,) = groups_tables(index, rows_of(small_run), 1e-2)
    assert table.groups == ("old", "young", "few", WORST_TO_BEST) and table.heads == ("GFRR\u00a0%", "FMR\u00a0%")
    assert [row.label for row in table.rows[:2]] == ["Raw", "Masked probe"]
    assert {row.name for row in table.rows[2:]} == {"paired-gan", "segmenter+glcic", "telea", "true-pixels"}
    old, young, few, ratio = table.rows[0].cells[:4]
    assert (old.text, old.within, old.title) == ("4.0", "2.0 to 8.0", "40 people, 1\u202f200 comparisons")
    assert young.text == "2.0"
    assert few.empty and few.title.startswith("1 person, ") and few.title.endswith("nothing is claimed")
    assert (ratio.text, ratio.within) == ("2.00", "0.70 to 5.50") and "old / young" in ratio.title


def test_there_is_no_table_without_a_target_or_groups(small_run: RunResults) -> None:
    index = ResultsIndex(small_run.metrics, small_run.cards, metrics=DESCRIPTIONS)
    assert groups_tables(index, rows_of(small_run), None) == groups_tables(index, (), 1e-2) == []


def test_the_page_shows_them_escaped_and_only_where_there_are_some(
    small_run: RunResults, small_folder: Path, tmp_path: Path
) -> None:
    write_run(replace(small_run, groups=tuple(rows_of(small_run))), tmp_path)
    page = (tmp_path / "report.html").read_text("utf-8")
    section = page.split('id="groups"')[1].split("</section>")[0]
    assert "age &lt;b&gt;" in section and "age <b>" not in section
    assert "0.70 to 5.50" in section and "Nothing" not in section and 'href="#groups"' in page
    assert 'id="groups"' not in (small_folder / "report.html").read_text("utf-8")
