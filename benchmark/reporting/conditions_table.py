"""The full table: every condition of every method with both kinds of error rate, for checking."""

from __future__ import annotations

from dataclasses import dataclass, replace

from benchmark.reporting.metric_text import heading
from benchmark.reporting.results_index import NATIVE, NO_METHOD, Entry, Panel, ResultsIndex, entry_of, panel_of
from benchmark.reporting.results_table import COLUMNS, Heading, Shown, shown

_FIRST = (
    *(("fmr", "frozen"), ("fnmr", "frozen"), ("gfar", "frozen"), ("gfrr", "frozen")),
    *(("eer", "none"), ("auc", "none"), ("d_prime", "none"), ("accuracy", "none"), ("rank1", "none"), ("fta", "none")),
)
"""The order of the columns, metric and threshold kind; whatever else the run measured follows them."""
_ELSEWHERE = {(column.metric, column.kind) for column in COLUMNS}
"""What the table of methods shows."""
_ORDER = ("raw-raw", "raw-masked", "masked-masked", "raw-restored", "restored-restored", "raw-passthrough")


@dataclass(frozen=True)
class ConditionRow:
    """One method in one condition; `kind` is what the method is filtered by, empty for none."""

    label: str
    condition: str
    mated: int
    nonmated: int
    failed: int
    cells: tuple[Shown, ...]
    name: str = ""
    kind: str = ""


@dataclass(frozen=True)
class ConditionsTable:
    """The table of one panel at one target; columns that nobody fills are left out."""

    columns: tuple[Heading, ...]
    rows: tuple[ConditionRow, ...]


def conditions_table(index: ResultsIndex, panel: Panel, target: float | None) -> ConditionsTable:
    """Every condition: what is measured at the frozen threshold, where there is a target, or needs no threshold.

    A metric that the table of methods shows is not repeated; every other one of the run is here, whoever wrote it.
    """
    new: dict[tuple[str, str], None] = {}
    found: set[tuple[int, str, str, Entry | None, str]] = set()
    for row in index.rows:
        at = panel_of(row)
        if replace(at, size=panel.size) != panel or at.size not in (panel.size, NATIVE) or row.mask_type != "all":
            continue
        kind = (row.metric, row.threshold_kind)
        if kind[1] == "none" or (kind[1] == "frozen" and target is not None):
            new.setdefault(kind)
        entry = None if row.method == NO_METHOD else entry_of(row)
        label = "no method" if entry is None else index.label(entry)
        place = _ORDER.index(row.condition) if row.condition in _ORDER else len(_ORDER)
        found.add((place, row.condition, label, entry, at.size))
    names = [*_FIRST, *sorted(kind for kind in new if kind not in _FIRST and kind not in _ELSEWHERE)]
    rows = []
    for _, condition, label, entry, size in sorted(found, key=lambda item: (item[0], item[1], item[2], item[4])):
        at = replace(panel, size=size)
        reasons = [index.why_missing(at, name, condition=condition, entry=entry, target=target) for name, _ in names]
        values = [
            index.find(at, name, condition=condition, entry=entry, kind=kind, target=None if kind == "none" else target)
            for name, kind in names
        ]
        counted = next((value for value in values if value is not None), None)
        if counted is None:
            continue
        named = f"{label}, native" if size == NATIVE else label
        cells = tuple(shown(index, value, target, why) for value, why in zip(values, reasons, strict=True))
        counts = (counted.n_mated, counted.n_nonmated, counted.n_failed)
        filtered_by = "" if entry is None else index.kind(entry)
        rows.append(ConditionRow(named, condition, *counts, cells, label, filtered_by))
    kept = [place for place in range(len(names)) if any(not row.cells[place].empty for row in rows)]
    return ConditionsTable(
        columns=tuple(_heading(index, *names[place]) for place in kept),
        rows=tuple(replace(row, cells=tuple(row.cells[place] for place in kept)) for row in rows),
    )


def _heading(index: ResultsIndex, name: str, kind: str) -> Heading:
    metric = index.describe(name)
    return Heading(heading(metric), metric.meaning, kind, metric.higher_is_better is False, f"{name}-{kind}")
