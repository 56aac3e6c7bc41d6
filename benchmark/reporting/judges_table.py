"""The ranking across all judges of a run: how many of them judge each method, and the result of each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from benchmark.reporting.formatting import EN_DASH, number
from benchmark.reporting.judges import Standing, judges_in_order, recogniser_count, standings, strength
from benchmark.reporting.results_index import Entry, ResultsIndex, panel_title
from benchmark.reporting.results_table import Shown, shown


@dataclass(frozen=True)
class JudgeColumn:
    """One recogniser."""

    title: str
    strong: bool
    help: str


@dataclass(frozen=True)
class RankedRow:
    """One method: `judges` says how many of the run's recognisers judge it, `cells` what each of them says."""

    label: str
    kind: str
    baseline: bool
    judges: str
    mean: Shown
    cells: tuple[Shown, ...]


@dataclass(frozen=True)
class RankingTable:
    """Methods that may be set against each other, the best first; the strong judges' columns first."""

    title: str
    judges: tuple[JudgeColumn, ...]
    rows: tuple[RankedRow, ...]


def ranking_tables(index: ResultsIndex, target: float | None) -> list[RankingTable]:
    """One table of methods that leave the recogniser alone, one of those fitted to it; none for a single recogniser."""
    if target is None or recogniser_count(index) < 2:
        return []
    fair = [entry for entry in index.entries if not index.privileged(entry)]
    groups = (
        ("", [entry for entry in fair if not index.fitted(entry)]),
        ("Fitted to each recogniser: they have always seen their judge", [one for one in fair if index.fitted(one)]),
    )
    tables = [_table(index, target, title, entries) for title, entries in groups]
    return [table for table in tables if table.rows]


def _table(index: ResultsIndex, target: float, title: str, entries: Sequence[Entry]) -> RankingTable:
    judges = judges_in_order(index)
    strengths = [strength(index, panel) for panel in judges]
    return RankingTable(
        title,
        tuple(
            JudgeColumn(panel_title(index, panel), one.strong, one.text)
            for panel, one in zip(judges, strengths, strict=True)
        ),
        tuple(_row(index, target, standing) for standing in standings(index, target, entries)),
    )


def _row(index: ResultsIndex, target: float, standing: Standing) -> RankedRow:
    cells = []
    for panel in judges_in_order(index):
        if panel.recogniser in standing.seen:
            cells.append(Shown("saw it", title=f"{panel.recogniser} took part in training this method", empty=True))
            continue
        key = {"condition": "raw-restored", "entry": standing.entry, "target": target}
        row = index.find(panel, "recovery", kind="matched", **key)  # type: ignore[arg-type]
        cells.append(shown(index, row, target, index.why_missing(panel, "recovery", **key)))  # type: ignore[arg-type]
    strong = len({panel.recogniser for panel, _ in standing.strong})
    mean = standing.mean
    return RankedRow(
        label=index.label(standing.entry),
        kind=index.kind(standing.entry),
        baseline=index.baseline(standing.entry),
        judges=f"{standing.judges} of {recogniser_count(index)}" + (f", {strong} strong" if strong else ""),
        mean=Shown(EN_DASH, empty=True) if mean is None else Shown(number(100 * mean, 0), order=mean),
        cells=tuple(cells),
    )
