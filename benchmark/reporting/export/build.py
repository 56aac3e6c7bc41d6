"""From a run's folder to the document that `export` prints."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

from benchmark.errors import RequestError
from benchmark.reporting.export.document import Condition, ExportedRun, Method, Role, Source, Table, Value
from benchmark.reporting.export.support import Support, read_support, supported
from benchmark.reporting.formatting import missing
from benchmark.reporting.judges import strength
from benchmark.reporting.metrics_file import metric_rows
from benchmark.reporting.results_index import Entry, Panel, ResultsIndex
from benchmark.reporting.results_table import COLUMNS, Column, method_table
from benchmark.reporting.stored_run import StoredRun, read_cards, read_run
from benchmark.verification.base import MetricRow
from benchmark.verification.metric_description import stored_descriptions

_CONDITIONS = (("Raw", "raw-raw"), ("Masked probe", "raw-masked"), ("Both masked", "masked-masked"))
_GROUPS = ("methods", "fitted", "seen", "privileged")
_UNKNOWN = "not measured in this run"


def export_run(folder: Path, *, target: float | None = None, recogniser: str | None = None) -> ExportedRun:
    """The tables of a stored run.

    Args:
        folder: of a finished run.
        target: false match rate that thresholds are set for; None = the strictest that the run carries.
        recogniser: of the only judge wanted; None = all.

    Raises:
        RequestError: the folder holds no finished run as it left it, or the run has no such target or recogniser, or
            too few comparisons for any threshold.
    """
    stored = read_run(folder)
    descriptions = stored_descriptions(stored.manifest)
    index = ResultsIndex(metric_rows(stored.metrics), read_cards(stored.manifest.get("cards", {})), (), descriptions)
    at = _target(index, folder, target)
    panels = [panel for panel in index.panels if recogniser in (None, panel.recogniser)]
    if not panels:
        judges = ", ".join(dict.fromkeys(panel.recogniser for panel in index.panels)) or "none"
        raise RequestError(f"{folder} has no recogniser '{recogniser}'; it has: {judges}")
    support = read_support(folder)
    tables = [_table(index, panel, at, support) for panel in panels]
    used = dict.fromkeys(column.metric for column in COLUMNS)
    return ExportedRun(
        run=_source(stored),
        metrics={name: index.describe(name) for name in used},
        tables=tables,
        bold=_bold(support, tables),
        notes=[str(note) for note in stored.manifest.get("notes", ())],
    )


def column_name(column: Column) -> str:
    """The name of a column's values: the metric's, with the threshold's kind where the table has both.

    >>> column_name(Column("gfrr", "matched", "")), column_name(Column("harm", "frozen", ""))
    ('gfrr_matched', 'harm')
    """
    several = sum(other.metric == column.metric for other in COLUMNS) > 1
    return f"{column.metric}_{column.kind}" if several else column.metric


def _target(index: ResultsIndex, folder: Path, wanted: float | None) -> float:
    if not index.targets:
        raise RequestError(f"{folder} has too few comparisons for any threshold: there is no table to export")
    at = index.main_target() if wanted is None else wanted
    if at not in index.targets:
        raise RequestError(
            f"{folder} has no threshold at FMR {at:g}; it has: {', '.join(f'{one:g}' for one in index.targets)}"
        )
    return at


def _table(index: ResultsIndex, panel: Panel, target: float, support: Support) -> Table:
    found = method_table(index, panel, target, {})
    conditions = []
    for label, condition in _CONDITIONS:
        values = _values(index, panel, target, None, condition, "all")
        if any(value.value is not None for value in values.values()):
            conditions.append(
                Condition(
                    label=label,
                    condition=condition,
                    values=values,
                    by_mask_type=_by_mask_type(index, panel, target, None, condition),
                )
            )
    methods = [
        _method(index, panel, target, row.entry, group, support)
        for group in _GROUPS
        for row in getattr(found, group)
        if row.entry is not None
    ]
    return Table(
        dataset=panel.dataset,
        protocol=panel.protocol,
        acquisition=panel.acquisition,
        size=panel.size,
        recogniser=panel.recogniser,
        strong=strength(index, panel).strong,
        target=target,
        conditions=conditions,
        methods=methods,
    )


def _method(  # noqa: PLR0917
    index: ResultsIndex, panel: Panel, target: float, entry: Entry, group: str, support: Support
) -> Method:
    tests = support.of(panel, entry, target)
    role = "method" if group == "methods" else group
    if role == "method" and index.baseline(entry):
        role = "baseline"
    return Method(
        label=index.label(entry),
        method=entry.method,
        preset=entry.preset,
        train_data=entry.train_data,
        mask_source=entry.mask_source,
        role=cast("Role", role),
        supported=role in ("method", "fitted") and supported(tests),
        tests=list(tests),
        values=_values(index, panel, target, entry, "raw-restored", "all"),
        by_mask_type=_by_mask_type(index, panel, target, entry, "raw-restored"),
    )


def _by_mask_type(
    index: ResultsIndex, panel: Panel, target: float, entry: Entry | None, condition: str
) -> dict[str, dict[str, Value]]:
    found = {mask_type: _values(index, panel, target, entry, condition, mask_type) for mask_type in index.mask_types}
    return {
        mask_type: values
        for mask_type, values in found.items()
        if any(value.value is not None for value in values.values())
    }


def _values(  # noqa: PLR0917
    index: ResultsIndex, panel: Panel, target: float, entry: Entry | None, condition: str, mask_type: str
) -> dict[str, Value]:
    values = {}
    for column in COLUMNS:
        if entry is None and column.condition:  # only a method has this value
            continue
        where = column.condition or condition
        at = None if column.kind == "none" else target
        row = index.find(
            panel, column.metric, condition=where, entry=entry, kind=column.kind, target=at, mask_type=mask_type
        )
        if row is None and where == "raw-raw" and column.kind == "matched":  # its matched threshold is the frozen one
            row = index.find(panel, column.metric, condition=where, kind="frozen", target=target, mask_type=mask_type)
        values[column_name(column)] = _value(column, row)
    return values


def _value(column: Column, row: MetricRow | None) -> Value:
    if row is None:
        return Value.model_validate(
            {"metric": column.metric, "threshold_kind": column.kind, "value": None, "missing": _UNKNOWN}
        )
    absent = row.value is None or missing(row.value)
    return Value.model_validate(
        {
            "metric": column.metric,
            "threshold_kind": column.kind,
            "value": None if absent else row.value,
            "ci_low": row.ci_low,
            "ci_high": row.ci_high,
            "n_mated": row.n_mated,
            "n_nonmated": row.n_nonmated,
            "n_failed": row.n_failed,
            "missing": "withheld or undefined: see the notes" if absent else "",
        }
    )


def _source(stored: StoredRun) -> Source:
    manifest = stored.manifest
    versions, digests, config = (_mapping(manifest, name) for name in ("versions", "digests", "config"))
    card = _mapping(_mapping(manifest, "cards"), str(config.get("dataset", "")))
    return Source(
        name=stored.name,
        version=str(versions.get("unmask-benchmark", "")),
        git_revision=str(manifest.get("git_revision") or ""),
        started=str(manifest.get("started") or ""),
        synthetic=bool(card.get("synthetic")),
        digests={str(name): str(value) for name, value in digests.items()},
    )


def _mapping(manifest: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = manifest.get(name)
    return found if isinstance(found, Mapping) else {}


def _bold(support: Support, tables: list[Table]) -> str:
    if not support.known:
        return "Nothing is bold: an earlier version of the program wrote this run, without tests."
    tests = [test for table in tables for method in table.methods for test in method.tests]
    if not tests:
        return "Nothing is bold: no method was tested at this false match rate."
    against = sorted({test.other for test in tests} - {"none"})
    others = f" and than every baseline of the run ({', '.join(against)})" if against else ""
    bold = any(method.supported for table in tables for method in table.methods)
    return (
        f"{'Bold:' if bold else 'Nothing is bold: no method has a'} GFRR lower than with the mask left on{others}, by "
        "paired tests on the same comparisons, p < 0.05 after Holm's correction for all of them."
    )
