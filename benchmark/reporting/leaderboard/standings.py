"""Sorts submitted runs into sets that may stand beside each other, and their methods into tables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from benchmark.reporting.leaderboard.recompute import Recomputed
from benchmark.reporting.like_with_like import incomparable, other_masks
from benchmark.reporting.paired_runs import same_scores
from benchmark.reporting.results_index import Panel, ResultsIndex
from benchmark.reporting.results_table import COLUMNS, Shown, TableRow, method_table
from benchmark.reporting.stored_run import StoredRun, read_cards
from benchmark.reporting.stored_scores import COMPARISON_COLUMNS, stored_cells, stored_scores
from benchmark.verification.base import Cell
from benchmark.verification.metric_description import stored_descriptions

SHOWN: tuple[tuple[str, str], ...] = (
    ("recovery", "matched"),
    ("gfrr", "matched"),
    ("tar", "matched"),
    ("gfrr", "frozen"),
    ("fmr", "frozen"),
    ("harm", "frozen"),
)
"""The columns: metric and kind of threshold. Only what was recomputed."""
_PLACES = tuple(
    next(place for place, column in enumerate(COLUMNS) if (column.metric, column.kind) == shown) for shown in SHOWN
)
_OTHER_SETTING = "Its protocol, acquisition arm or size is another."
ROLES = ("baseline", "contender", "fitted", "seen", "privileged")


@dataclass(frozen=True)
class Submission:
    """A run whose numbers are those of its scores.

    Attributes:
        folder: the run's.
        run: read from it.
        made: its numbers, made again.
    """

    folder: Path
    run: StoredRun
    made: Recomputed

    def index(self) -> ResultsIndex:
        """The numbers that were made again, by key."""
        manifest = self.run.manifest
        return ResultsIndex(
            self.made.rows, read_cards(manifest.get("cards", {})), self.made.notes, stored_descriptions(manifest)
        )


@dataclass(frozen=True)
class Standing:
    """One method of one run.

    Attributes:
        run: the run's name.
        role: one of `ROLES`.
        row: as in a report.
        cells: those of `SHOWN`.
    """

    run: str
    role: str
    row: TableRow
    cells: tuple[Shown, ...]


@dataclass(frozen=True)
class Board:
    """What may stand side by side: one recogniser in one setting.

    Attributes:
        panel: the recogniser and its setting.
        target: of the thresholds.
        n_mated: comparisons without a mask.
        n_nonmated: likewise.
        masks: that were drawn, or empty.
        runs: names of the runs.
        unmasked: no method: raw and masked faces, which all these runs share.
        standings: methods, best recovery first, in the order of `ROLES`.
        apart: why these runs are not in the board of the same recogniser before this one; empty for the first.
    """

    panel: Panel
    target: float
    n_mated: int
    n_nonmated: int
    masks: str
    runs: tuple[str, ...]
    unmasked: tuple[Standing, ...]
    standings: tuple[Standing, ...]
    apart: str = ""


def boards(submissions: Sequence[Submission]) -> list[Board]:
    """All boards, by data set and recogniser; a run that may not stand beside the others has boards of its own."""
    found: list[Board] = []
    seen: dict[tuple[str, str], int] = {}
    for panel, group, apart in _groups(submissions):
        shown = _board(panel, group)
        if shown is not None:
            place = (panel.dataset, panel.recogniser)
            seen[place] = seen.get(place, 0) + 1
            found.append(shown if seen[place] == 1 else _with_reason(shown, apart))
    return sorted(found, key=lambda board: (board.panel.dataset, board.panel.recogniser))


def _with_reason(board: Board, apart: str) -> Board:
    return Board(**{**vars(board), "apart": apart})


def _groups(submissions: Sequence[Submission]) -> list[tuple[Panel, list[Submission], str]]:
    """Recogniser by recogniser, the runs that may be set side by side, and why they are apart from those before."""
    groups: list[tuple[Panel, list[Submission], str]] = []
    for one in submissions:
        for panel in one.index().panels:
            reason = ""
            for other_panel, members, _ in groups:
                if (other_panel.dataset, other_panel.recogniser) != (panel.dataset, panel.recogniser):
                    continue
                why = _why_apart(members[0], one, panel) if other_panel == panel else _OTHER_SETTING
                if not why:
                    members.append(one)
                    break
                reason = reason or why
            else:
                groups.append((panel, [one], reason))
    return groups


def _why_apart(first: Submission, other: Submission, panel: Panel) -> str:
    """Why two runs may not be set against each other before a recogniser; empty where they may."""
    reasons = incomparable(first.run, other.run) or [other_masks(first.folder, other.folder) or ""]
    if reasons[0]:
        return f"Compared with {first.run.name} as A and {other.run.name} as B: {reasons[0]}"
    for condition in ("raw-raw", "raw-masked"):
        tables = [_unmasked_scores(one, panel, condition) for one in (first, other)]
        if any(table is None for table in tables):
            continue
        one, two = (table for table in tables if table is not None)
        if not one[COMPARISON_COLUMNS].equals(two[COMPARISON_COLUMNS]):
            return f"{other.run.name} makes other comparisons than {first.run.name}."
        if not same_scores(one, two):
            return f"{condition} faces got other scores in {other.run.name} than in {first.run.name}."
    return ""


def _unmasked_scores(one: Submission, panel: Panel, condition: str) -> pd.DataFrame | None:
    setting = (panel.dataset, panel.protocol, panel.acquisition, panel.size, panel.recogniser)
    for cell in stored_cells(one.folder):
        if _setting(cell) == setting and cell.method == "none" and cell.condition == condition:
            return stored_scores(one.folder, cell)
    return None


def _setting(cell: Cell) -> tuple[str, ...]:
    return cell.dataset, cell.protocol, cell.acquisition, cell.size, cell.recogniser


def _board(panel: Panel, group: Sequence[Submission]) -> Board | None:
    """None where no target is carried by all."""
    indices = [one.index() for one in group]
    shared = [target for target in indices[0].targets if all(target in index.targets for index in indices)]
    wanted = [index.main_target() for index in indices]
    target = next((one for one in wanted if one in shared), shared[0] if shared else None)
    if target is None:
        return None
    unmasked: tuple[Standing, ...] = ()
    standings: list[Standing] = []
    for one, index in zip(group, indices, strict=True):
        table = method_table(index, panel, target, {})
        unmasked = unmasked or tuple(_standing("", "none", row) for row in table.baselines)
        for role, rows in (
            ("contender", table.methods),
            ("fitted", table.fitted),
            ("seen", table.seen),
            ("privileged", table.privileged),
        ):
            for row in rows:
                baseline = role == "contender" and row.entry is not None and index.baseline(row.entry)
                standings.append(_standing(one.run.name, "baseline" if baseline else role, row))
    raw = indices[0].find(panel, "gfrr", condition="raw-raw", kind="matched", target=target) or indices[0].find(
        panel, "gfrr", condition="raw-raw", kind="frozen", target=target
    )
    config = group[0].run.manifest.get("config", {})
    return Board(
        panel,
        target,
        0 if raw is None else raw.n_mated,
        0 if raw is None else raw.n_nonmated,
        ", ".join(map(str, config.get("masks", ()))),
        tuple(one.run.name for one in group),
        unmasked,
        tuple(sorted(standings, key=_order)),
    )


def _standing(run: str, role: str, row: TableRow) -> Standing:
    return Standing(run, role, row, tuple(row.cells[place] for place in _PLACES))


def _order(standing: Standing) -> tuple[int, bool, float, float]:
    recovery, rejected = (cell.order for cell in standing.cells[:2])
    contends = standing.role in ("baseline", "contender")
    return (
        0 if contends else ROLES.index(standing.role),
        recovery is None,
        -(recovery or 0.0),
        1.0 if rejected is None else rejected,
    )
