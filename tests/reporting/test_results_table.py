"""The table of methods: order, flags, empty cells and their reasons; the main target; the colours."""

from __future__ import annotations

from dataclasses import replace

import pytest
from fake_run import DESCRIPTIONS, METHODS, fake_run

from benchmark.reporting.conditions_table import conditions_table
from benchmark.reporting.formatting import EN_DASH
from benchmark.reporting.mask_type_table import mask_type_table
from benchmark.reporting.method_colours import MethodColours
from benchmark.reporting.results_index import Entry, ResultsIndex, panel_title
from benchmark.reporting.results_table import COLUMNS, MethodTable, TableRow, method_table, recovery_bar, shown
from benchmark.reporting.run_results import RunResults
from benchmark.verification.metric_description import MetricDescription

TARGET = 1e-3


@pytest.fixture(scope="module")
def run() -> RunResults:
    return fake_run(recognisers=("facenet",), mask_types=("cloth", "kn95"), people=0)


def _table(run: RunResults, target: float = TARGET) -> MethodTable:
    index = ResultsIndex(run.metrics, run.cards, run.notes, metrics=DESCRIPTIONS)
    return method_table(index, index.panels[0], target, {})


def _cell(row: TableRow, metric: str, kind: str) -> object:
    return row.cells[[(column.metric, column.kind) for column in COLUMNS].index((metric, kind))]


def test_methods_rank_by_recovery_and_privileged_ones_stand_apart(run: RunResults) -> None:
    table = _table(run)
    values = [row.cells[0].order for row in table.methods]
    assert values == sorted(values, reverse=True)  # type: ignore[type-var]
    assert [row.label for row in table.privileged] == ["true-pixels"]
    assert [row.label for row in table.baselines] == ["Raw, native", "Raw", "Masked probe", "Both masked"]
    assert len(table.every_method()) == len(METHODS)


def test_frozen_recovery_stands_beside_the_flagged_false_match_rate(run: RunResults) -> None:
    names = [(column.metric, column.kind) for column in COLUMNS]
    assert names.index(("recovery_frozen", "frozen")) == names.index(("fmr", "frozen")) + 1
    rows = {row.label: row for row in _table(run).every_method()}
    fooled = _cell(rows["template-ridge"], "fmr", "frozen")
    index = ResultsIndex(run.metrics, run.cards, metrics=DESCRIPTIONS)
    entry = rows["template-ridge"].entry
    value = index.value(index.panels[0], "fmr", condition="raw-restored", entry=entry, kind="frozen", target=TARGET)
    assert value is not None and value > 2 * TARGET
    assert fooled.flag == f"{value / TARGET:.0f}×"  # type: ignore[attr-defined]
    raw = _cell(_table(run).baselines[1], "fmr", "frozen")
    assert raw.flag == "" and raw.text == "0.10"  # type: ignore[attr-defined]


def test_badges_tell_what_must_be_known(run: RunResults) -> None:
    badges = {row.label: {badge.text for badge in row.badges} for row in _table(run).every_method()}
    assert badges["paired-gan"] == {"saw facenet"}
    assert badges["true-pixels"] == {"privileged"}
    assert badges["telea"] == {"baseline"}
    details = {row.label: row.details for row in _table(run).every_method()}
    assert details["residual-regressor"] == ("trained on synthetic", "thesis-64")
    assert details["telea"] == ("finds the mask itself",)


def test_a_missing_value_is_a_dash_with_its_reason(run: RunResults) -> None:
    rows = {row.label: row for row in _table(run).every_method()}
    picture = _cell(rows["template-ridge"], "psnr_hole", "none")
    assert picture.text == EN_DASH and "restores no face" in picture.title  # type: ignore[attr-defined]
    withheld = replace(
        run,
        metrics=[
            replace(row, value=None) if row.metric == "recovery" and row.method == "telea" else row
            for row in run.metrics
        ],
    )
    cell = next(row for row in _table(withheld).methods if row.label == "telea").cells[0]
    assert cell.empty and cell.order is None and "interval of what the mask took includes 0" in cell.title
    nan = replace(run, metrics=[replace(row, value=float("nan")) for row in run.metrics])
    assert all(cell.text in (EN_DASH, "") for row in _table(nan).methods for cell in row.cells)


def test_the_reason_noted_by_the_measuring_step_is_shown(run: RunResults) -> None:
    index = ResultsIndex(run.metrics, run.cards, run.notes, metrics=DESCRIPTIONS)
    run_with_types = fake_run(recognisers=("facenet",), mask_types=("a", "b", "c"), people=0)
    index = ResultsIndex(run_with_types.metrics, run_with_types.cards, run_with_types.notes, metrics=DESCRIPTIONS)
    table = mask_type_table(index, index.panels[0], 1e-4, index.entries, {})
    assert table is not None
    third = table.methods[0].cells[2].shown
    assert third.empty and third.title.startswith("recovery withheld: the loss by the mask")


def test_the_main_target_is_the_strictest_with_thirty_expected_false_matches(run: RunResults) -> None:
    assert ResultsIndex(run.metrics, {}, metrics=DESCRIPTIONS).main_target() == 1e-4  # 386,000 × 1e-4 = 38.6
    fewer = [replace(row, n_nonmated=294_000) for row in run.metrics]
    assert ResultsIndex(fewer, {}, metrics=DESCRIPTIONS).main_target() == 1e-3
    exactly = [replace(row, n_nonmated=300_000) for row in run.metrics]
    assert ResultsIndex(exactly, {}, metrics=DESCRIPTIONS).main_target() == 1e-4
    hardly = [replace(row, n_nonmated=100) for row in run.metrics]
    assert ResultsIndex(hardly, {}, metrics=DESCRIPTIONS).main_target() == 1e-2
    assert ResultsIndex([], {}, metrics=DESCRIPTIONS).main_target() is None


def test_namesakes_are_told_apart(run: RunResults) -> None:
    twice = [
        *run.metrics,
        *(replace(row, preset="tuned-64") for row in run.metrics if row.method == "residual-regressor"),
    ]
    index = ResultsIndex(twice, run.cards, metrics=DESCRIPTIONS)
    labels = [index.label(entry) for entry in index.entries if entry.method == "residual-regressor"]
    assert labels == ["residual-regressor (thesis-64)", "residual-regressor (tuned-64)"]
    assert "telea" in {index.label(entry) for entry in index.entries}


def test_a_bar_outside_the_track_is_clipped_to_its_ends(run: RunResults) -> None:
    row = next(row for row in run.metrics if row.metric == "recovery" and row.value is not None)
    bar = recovery_bar(replace(row, value=-5.0, ci_low=-9.0, ci_high=9.0))
    assert (bar.value, bar.low, bar.high) == (0.0, 0.0, 100.0)
    assert 0 < bar.zero < bar.one < 100


def test_colours_do_not_depend_on_rank() -> None:
    entries = [Entry(name, "", "", "") for name in "abcdefghijkl"]
    colours = MethodColours(entries)
    styles = {(colours.colour(entry), str(colours.dash(entry))) for entry in entries}
    assert len(styles) == len(entries)


def test_a_metric_of_somebody_else_is_printed_as_it_describes_itself(run: RunResults) -> None:
    like = next(row for row in run.metrics if row.metric == "auc" and row.method == "telea")
    rows = [
        *run.metrics,
        replace(like, metric="own_share", value=0.4321, ci_low=None),
        replace(like, metric="accuracy_generalised", value=0.973, ci_low=None),
        replace(like, metric="unknown", value=0.5, ci_low=None),
    ]
    own = MetricDescription(
        title="Own share", meaning="Mine.", share=True, unit="%", higher_is_better=False, decimals=2
    )
    index = ResultsIndex(rows, run.cards, metrics={**DESCRIPTIONS, "own_share": own})
    table = conditions_table(index, index.panels[0], TARGET)
    row = next(row for row in table.rows if (row.label, row.condition) == ("telea", "raw-restored"))
    texts = {column.text: cell.text for column, cell in zip(table.columns, row.cells, strict=True)}
    assert texts["Own share\u00a0%"] == "43.21"
    assert texts["Accuracy, generalised\u00a0%"] == "97.3"
    assert texts["unknown"] == "0.500"
    headed = {column.text: column for column in table.columns}
    assert headed["Own share\u00a0%"].help == "Mine." and headed["Own share\u00a0%"].lower_is_better
    assert not headed["AUC"].lower_is_better


def test_data_that_the_detector_alone_has_seen_are_not_the_methods(run: RunResults) -> None:
    rows = [replace(row, train_data="faces-train") if row.method == "telea" else row for row in run.metrics]
    index = ResultsIndex(rows, run.cards, metrics=DESCRIPTIONS)
    table = method_table(index, index.panels[0], TARGET, {})
    details = next(row.details for row in table.methods if row.label == "telea")
    assert details == ("finds the mask itself", "its detector was trained on faces-train")


def test_another_preset_than_the_default_one_is_part_of_the_name(run: RunResults) -> None:
    gentle = [replace(row, preset="gentle") for row in run.metrics if row.method == "telea"]
    cards = {**run.cards, "telea:gentle": run.cards["telea"]}
    index = ResultsIndex([*run.metrics, *gentle], cards, metrics=DESCRIPTIONS)
    table = method_table(index, index.panels[0], TARGET, {})
    shown_rows = {row.label: row.details for row in table.methods}
    assert {"telea", "telea:gentle"} <= set(shown_rows)
    assert "gentle" not in shown_rows["telea:gentle"]


def test_a_rate_that_its_own_threshold_sets_has_no_interval(run: RunResults) -> None:
    index = ResultsIndex(run.metrics, run.cards, metrics=DESCRIPTIONS)
    row = next(row for row in run.metrics if (row.metric, row.condition, row.target) == ("fmr", "raw-raw", 1e-2))
    held = shown(index, replace(row, value=0.01, ci_low=0.00999, ci_high=0.01001), 1e-2)
    assert (held.text, held.within) == ("1.0", "") and "threshold was set on these very comparisons" in held.title
    assert shown(index, replace(row, value=0.01, ci_low=0.008, ci_high=0.012), 1e-2).within == "0.8 to 1.2"


def test_a_title_has_only_what_tells_recognisers_and_settings_apart(run: RunResults) -> None:
    twice = [*run.metrics, *(replace(row, acquisition="redetect") for row in run.metrics)]
    index = ResultsIndex(twice, run.cards, metrics=DESCRIPTIONS)
    titles = [panel_title(index, panel) for panel in index.panels]
    assert len(set(titles)) == len(titles)
    assert {f"{panel.recogniser} · {panel.acquisition}" for panel in index.panels} == set(titles)
    one = ResultsIndex(run.metrics, run.cards, metrics=DESCRIPTIONS)
    assert [panel_title(one, panel) for panel in one.panels] == [panel.recogniser for panel in one.panels]
