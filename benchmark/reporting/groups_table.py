"""Who pays: error rates of groups of people, before and after each method."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from benchmark.reporting.formatting import EN_DASH, interval, missing, number, plural, rate_decimals
from benchmark.reporting.results_index import NATIVE, NO_METHOD, Panel, ResultsIndex, entry_of, panel_of, panel_title
from benchmark.reporting.results_table import Shown
from benchmark.verification.group_row import WORST_TO_BEST, GroupRow

_METRICS = (("gfrr", "GFRR\u00a0%"), ("fmr", "FMR\u00a0%"))
_CONDITIONS = {"raw-raw": "Raw", "raw-masked": "Masked probe", "raw-restored": ""}


@dataclass(frozen=True)
class GroupLine:
    """One condition or method: its rate in each group and the ratio of the worst to the best, for both rates."""

    label: str
    cells: tuple[Shown, ...]
    name: str = ""
    kind: str = ""


@dataclass(frozen=True)
class GroupsTable:
    """One attribute before one recogniser, at the main target."""

    title: str
    attribute: str
    groups: tuple[str, ...]
    heads: tuple[str, ...]
    rows: tuple[GroupLine, ...]


def groups_tables(index: ResultsIndex, groups: Iterable[GroupRow], target: float | None) -> list[GroupsTable]:
    """The tables of a run: one for each recogniser in each setting, and each attribute.

    Args:
        index: the run's metric rows.
        groups: what ``groups.csv`` holds.
        target: FMR that the frozen thresholds were set for; without one there is no table.
    """
    found: dict[tuple[Panel, str], list[GroupRow]] = {}
    for row in groups:
        if row.target == target and row.size != NATIVE and row.condition in _CONDITIONS:
            found.setdefault((panel_of(row), row.attribute), []).append(row)
    return [
        _table(index, panel, attribute, rows)
        for panel in index.panels
        for (at, attribute), rows in found.items()
        if at == panel
    ]


def _table(index: ResultsIndex, panel: Panel, attribute: str, rows: Sequence[GroupRow]) -> GroupsTable:
    groups = tuple(dict.fromkeys(row.group for row in rows if row.group != WORST_TO_BEST))
    lines: dict[object, dict[tuple[str, str], GroupRow]] = {}
    for row in rows:
        lines.setdefault((list(_CONDITIONS).index(row.condition), entry_of(row)), {})[row.metric, row.group] = row
    return GroupsTable(
        title=panel_title(index, panel),
        attribute=attribute,
        groups=(*groups, WORST_TO_BEST),
        heads=tuple(text for _, text in _METRICS),
        rows=tuple(_line(index, lines[key], groups) for key in sorted(lines, key=repr)),
    )


def _line(index: ResultsIndex, cells: dict[tuple[str, str], GroupRow], groups: Sequence[str]) -> GroupLine:
    any_row = next(iter(cells.values()))
    shown = tuple(
        _shown(cells.get((metric, group)), ratio=group == WORST_TO_BEST)
        for metric, _ in _METRICS
        for group in (*groups, WORST_TO_BEST)
    )
    if any_row.method == NO_METHOD:
        return GroupLine(_CONDITIONS[any_row.condition], shown)
    entry = entry_of(any_row)
    return GroupLine(index.label(entry), shown, name=index.label(entry), kind=index.kind(entry))


def _shown(row: GroupRow | None, *, ratio: bool) -> Shown:
    if row is None:
        return Shown(EN_DASH, title="not measured: too few groups with a value" if ratio else "", empty=True)
    counts = f"{plural(row.subjects, 'person')}, {plural(row.comparisons, 'comparison')}"
    title = f"{counts}; {row.note}" if row.note else counts
    if row.value is None or missing(row.value):
        return Shown(EN_DASH, title=title, empty=True)
    scale = 1.0 if ratio else 100.0
    decimals = 2 if ratio else rate_decimals(row.target) if row.metric == "fmr" else 1
    return Shown(
        text=number(row.value * scale, decimals),
        within=interval(row.ci_low, row.ci_high, scale=scale, decimals=decimals),
        title=title,
        order=row.value,
    )
