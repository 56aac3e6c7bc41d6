"""The tables of an exported run as they are printed: methods, by mask type, by recogniser."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from benchmark.reporting import formatting
from benchmark.reporting.export.document import ExportedRun, Method, Table, Value
from benchmark.reporting.metric_text import bare_interval, bare_value, heading, set_by_its_threshold
from benchmark.reporting.results_index import FLAGGED_RATIO
from benchmark.verification.metric_description import MetricDescription, undescribed

PRINTED = ("recovery", "gfrr_matched", "gfrr_frozen", "fmr", "harm", "fta", "seconds_per_image")
"""Columns of the table of methods; the other ones are in CSV and JSON. `recovery_frozen` never stands alone."""
_SUPPORTED_COLUMNS = ("recovery", "gfrr_matched")
_THRESHOLDS = {"matched": "matched threshold", "frozen": "frozen threshold"}
_APART = {
    "fitted": "fitted to the recogniser or its templates",
    "seen": "saw this recogniser in training: no independent judge",
    "privileged": "privileged: a ceiling, not a contender",
}


TableKind = Literal["methods", "masks", "recognisers"]
"""Methods by metric; methods by mask type; methods by recogniser."""


@dataclass(frozen=True)
class PrintedCell:
    """A number, its interval and whether it is bold."""

    text: str
    within: str = ""
    bold: bool = False


@dataclass(frozen=True)
class PrintedRow:
    """One method or condition; `group` says why it stands apart, empty where it does not."""

    label: str
    cells: tuple[PrintedCell, ...]
    group: str = ""


@dataclass(frozen=True)
class PrintedTable:
    """A table with its caption.

    Attributes:
        name: tells it from the others in one file.
        kind: what its rows and columns are.
        recogniser: that judged; empty where the columns are the recognisers.
        caption: above it.
        headings: of its columns.
        rows: without the headings.
    """

    name: str
    kind: TableKind
    recogniser: str
    caption: str
    headings: tuple[str, ...]
    rows: tuple[PrintedRow, ...]


def printed_tables(run: ExportedRun) -> list[PrintedTable]:
    """Every table of a run that has something to show."""
    tables = [_methods(run, table) for table in run.tables]
    tables += [made for table in run.tables if (made := _mask_types(run, table)) is not None]
    tables += [made for of_setting in _by_setting(run.tables) if (made := _recognisers(run, of_setting)) is not None]
    return tables


def _methods(run: ExportedRun, table: Table) -> PrintedTable:
    rows = [
        PrintedRow(one.label, tuple(_cell(run, one.values.get(name), table.target) for name in PRINTED))
        for one in table.conditions
    ]
    rows += [
        PrintedRow(
            _label(one),
            tuple(
                replace(
                    _cell(run, one.values.get(name), table.target),
                    bold=one.supported and name in _SUPPORTED_COLUMNS,
                )
                for name in PRINTED
            ),
            _APART.get(one.role, ""),
        )
        for one in table.methods
    ]
    judge = "strong" if table.strong else "weak"
    caption = (
        f"Methods judged by {table.recogniser} (a {judge} judge), {_setting(table)}, "
        f"FMR {formatting.target(table.target)}, with 95 % intervals by subject. {run.bold}"
    )
    return _printed("methods", table, caption + _warning(run), _headings(run), rows)


def _mask_types(run: ExportedRun, table: Table) -> PrintedTable | None:
    judged = [
        kind
        for one in table.methods
        for kind, values in one.by_mask_type.items()
        if values["recovery"].value is not None
    ]
    kinds = list(dict.fromkeys(judged))
    masked = next((one for one in table.conditions if one.condition == "raw-masked"), None)
    if len(kinds) < 2:
        return None

    def row(label: str, by_type: Mapping[str, Mapping[str, Value]], name: str, group: str = "") -> PrintedRow:
        cells = tuple(_cell(run, by_type.get(kind, {}).get(name), table.target) for kind in kinds)
        return PrintedRow(label, cells, group)

    rows = [] if masked is None else [row("Masked probe, GFRR %", masked.by_mask_type, "gfrr_matched")]
    rows += [row(_label(one), one.by_mask_type, "recovery", _APART.get(one.role, "")) for one in table.methods]
    caption = (
        f"Recovery in per cent by mask type, judged by {table.recogniser}, {_setting(table)}, matched threshold at FMR "
        f"{formatting.target(table.target)}, with 95 % intervals by subject. "
        "No single mask type is tested: nothing is bold."
    )
    return _printed("masks", table, caption + _warning(run), kinds, rows)


def _recognisers(run: ExportedRun, tables: Sequence[Table]) -> PrintedTable | None:
    if len(tables) < 2:
        return None
    found: dict[tuple[str, ...], list[Method | None]] = {}
    for place, table in enumerate(tables):
        for method in table.methods:
            key = (method.method, method.preset, method.train_data, method.mask_source)
            found.setdefault(key, [None] * len(tables))[place] = method
    rows = []
    for before in found.values():
        label = next(_label(one) for one in before if one is not None)
        cells = []
        for table, judged in zip(tables, before, strict=True):
            cell = _cell(run, None if judged is None else judged.values.get("recovery"), table.target)
            seen = judged is not None and judged.role == "seen"
            bold = judged is not None and judged.supported
            cells.append(replace(cell, text=cell.text + (" (seen)" if seen else ""), bold=bold))
        group = next(
            (_APART[one.role] for one in before if one is not None and one.role in ("fitted", "privileged")), ""
        )
        rows.append(PrintedRow(label, tuple(cells), group))
    rows.sort(key=lambda row: row.group)
    headings = tuple(f"{table.recogniser} ({'strong' if table.strong else 'weak'})" for table in tables)
    caption = (
        f"Recovery in per cent by recogniser, {_setting(tables[0])}, matched threshold at FMR "
        f"{formatting.target(tables[0].target)}, with 95 % intervals by subject. (seen): that recogniser took part in "
        f"training the method. {run.bold}"
    )
    return _printed("recognisers", tables[0], caption + _warning(run), headings, rows)


def _by_setting(tables: Sequence[Table]) -> list[list[Table]]:
    found: dict[tuple[str, ...], list[Table]] = {}
    for table in tables:
        found.setdefault((table.dataset, table.protocol, table.acquisition, table.size), []).append(table)
    return list(found.values())


def _headings(run: ExportedRun) -> list[str]:
    texts = []
    for name in PRINTED:
        metric, _, kind = name.partition("_") if name.startswith("gfrr_") else (name, "", "")
        text = heading(_describe(run, metric))
        if metric == "fmr":
            text = "Realised FMR\u00a0%"
        texts.append(f"{text}, {_THRESHOLDS[kind]}" if kind else text)
    return texts


def _cell(run: ExportedRun, value: Value | None, target: float) -> PrintedCell:
    if value is None or value.value is None:
        return PrintedCell(formatting.EN_DASH)
    metric = _describe(run, value.metric)
    decimals, flag = metric.decimals, ""
    if metric.held_to_target:
        decimals = formatting.rate_decimals(target)
        if value.metric == "fmr" and value.value > FLAGGED_RATIO * target:
            flag = f" ({formatting.times(value.value / target)})"
    text = bare_value(metric, value.value, decimals=decimals)
    within = bare_interval(metric, value.ci_low, value.ci_high, decimals=decimals)
    return PrintedCell(text + flag, "" if set_by_its_threshold(value.metric, text, within) else within)


def _describe(run: ExportedRun, metric: str) -> MetricDescription:
    return run.metrics.get(metric) or undescribed(metric)


def _label(method: Method) -> str:
    return f"{method.label} (baseline)" if method.role == "baseline" else method.label


def _setting(table: Table) -> str:
    size = f"{table.size} px" if table.size.isdigit() else table.size
    return f"{table.dataset} {table.protocol}, {table.acquisition} arm, {size}"


def _warning(run: ExportedRun) -> str:
    return " The people are synthetic: this shows the pipeline and is not a finding." if run.run.synthetic else ""


def _printed(
    kind: TableKind, table: Table, caption: str, headings: Sequence[str], rows: Sequence[PrintedRow]
) -> PrintedTable:
    judge = "" if kind == "recognisers" else table.recogniser
    parts = [kind, judge, table.dataset, table.protocol, table.acquisition, table.size]
    name = "-".join("".join(sign if sign.isalnum() else "-" for sign in part) for part in parts if part)
    return PrintedTable(name, kind, judge, caption, tuple(headings), tuple(rows))
