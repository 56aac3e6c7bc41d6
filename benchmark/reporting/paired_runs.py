"""Two stored runs on the same comparisons: differences of their methods, paired score by score."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmark.datasets.base import Comparisons
from benchmark.reporting.stored_scores import COMPARISON_COLUMNS, stored_cells, stored_scores, stored_subjects
from benchmark.verification.base import Cell
from benchmark.verification.difference import Difference
from benchmark.verification.differences import ComparedCell, compared_cell, holm, paired_differences
from benchmark.verification.errors_in_cells import CellErrors
from benchmark.verification.measurement import ScoredCell

SAME_SCORES = 0.01
"""Scores of the same faces may differ by this share of their standard deviation: rounding, on another machine."""
_GROUP = ("dataset", "protocol", "acquisition", "size", "recogniser")


@dataclass(frozen=True)
class PairedRuns:
    """What two runs say where they made the same comparisons.

    Attributes:
        differences: B − A of each method that both have; GFRR at the matched threshold of the primary target is
            tested, corrected by Holm for the number of methods and recognisers.
        identical: how many of the compared methods got the very same scores in both.
        compared: how many methods were compared, each counted once before each recogniser.
        remarks: why some were not.
        other_faces: recognisers that gave other scores to raw or masked faces: what the methods began with differs.
    """

    differences: tuple[Difference, ...]
    identical: int
    compared: int
    remarks: tuple[str, ...]
    other_faces: tuple[str, ...]


def pair_runs(a: Path, b: Path, targets: Sequence[float]) -> PairedRuns | None:
    """The paired differences of two runs; None where one stored no scores.

    Args:
        a: a run's folder, read and found whole.
        b: another one's.
        targets: false match rates that both have.
    """
    if not all((folder / "scores.parquet").is_file() and (folder / "images.csv").is_file() for folder in (a, b)):
        return None
    subjects = stored_subjects(a) | stored_subjects(b)
    found: list[Difference] = []
    remarks: list[str] = []
    other_faces: list[str] = []
    identical = compared = 0
    cells_a, cells_b = stored_cells(a), stored_cells(b)
    for group in dict.fromkeys(astuple(cell)[: len(_GROUP)] for cell in cells_a):
        both = [cell for cell in cells_a if astuple(cell)[: len(_GROUP)] == group and cell in cells_b]
        judge = f"{group[4]}, {group[2]} arm, {group[3]} px"
        tables = {cell: (stored_scores(a, cell), stored_scores(b, cell)) for cell in both}
        shared = [
            cell for cell in both if tables[cell][0][COMPARISON_COLUMNS].equals(tables[cell][1][COMPARISON_COLUMNS])
        ]
        if len(shared) < len(both):
            remarks.append(f"For {judge} the runs made different comparisons, so their methods are not compared.")
        ids = {str(one) for cell in shared for name in ("reference_id", "probe_id") for one in tables[cell][0][name]}
        if ids - subjects.keys():
            remarks.append(f"For {judge} the subjects of the comparisons are not stored, so nothing is paired.")
            continue
        if any(cell.method == "none" and not same_scores(*tables[cell]) for cell in shared):
            other_faces.append(judge)
        if not shared:
            continue
        photos = sorted(ids)
        codes, _ = pd.factorize(np.array([subjects[photo] for photo in photos]))
        sides = [_compared(tables, shared, side, photos, codes.astype(np.int32), tuple(targets)) for side in (0, 1)]
        pairs = [(sides[1][cell], sides[0][cell]) for cell in shared if cell in sides[0] and cell.method != "none"]
        found += paired_differences(pairs, people=int(codes.max()) + 1)
        compared += len(pairs)
        identical += sum(np.array_equal(one.scored.scores, other.scored.scores, equal_nan=True) for one, other in pairs)
    return PairedRuns(_held_together(found), identical, compared, tuple(remarks), tuple(other_faces))


def _held_together(found: Sequence[Difference]) -> tuple[Difference, ...]:
    """P-values corrected for the tests before all recognisers together."""
    tested = [place for place, row in enumerate(found) if row.p is not None]
    rows = list(found)
    p_values = np.array([found[place].p for place in tested], dtype=np.float64)
    for place, p_holm in zip(tested, holm(p_values), strict=True):
        rows[place] = replace(rows[place], p_holm=float(p_holm))
    return tuple(rows)


def _compared(  # noqa: PLR0917
    tables: Mapping[Cell, tuple[pd.DataFrame, pd.DataFrame]],
    cells: Sequence[Cell],
    side: int,
    photos: Sequence[str],
    codes: NDArray[np.int32],
    targets: tuple[float, ...],
) -> dict[Cell, ComparedCell]:
    place = pd.Index(photos)
    errors = CellErrors(codes, [None] * len(photos), np.ones((1, int(codes.max()) + 1), dtype=np.int32), targets)
    scored = [_scored(cell, tables[cell][side], place) for cell in cells]
    errors.start_group(scored)
    found = {}
    for one in scored:
        ranked = errors.rank(one)
        ready = compared_cell(one, errors.of(one, "all", ranked), ranked)
        if ready is not None:
            found[one.cell] = ready
    return found


def _scored(cell: Cell, table: pd.DataFrame, photos: pd.Index) -> ScoredCell:
    nobody = np.zeros(len(photos), dtype=np.bool_)
    comparisons = Comparisons(
        photos.get_indexer(pd.Index(table["reference_id"])).astype(np.int32),
        photos.get_indexer(pd.Index(table["probe_id"])).astype(np.int32),
        table["mated"].to_numpy(dtype=np.bool_),
        table["fold"].to_numpy(dtype=np.int8),
    )
    return ScoredCell(cell, comparisons, table["score"].to_numpy(dtype=np.float32), nobody, nobody)


def same_scores(one: pd.DataFrame, other: pd.DataFrame) -> bool:
    """Whether two tables of the same comparisons hold the same scores, but for rounding (`SAME_SCORES`)."""
    first, second = (table["score"].to_numpy(dtype=np.float64) for table in (one, other))
    if not np.array_equal(np.isfinite(first), np.isfinite(second)):
        return False
    moved, spread = np.abs(first - second), np.nanstd(first) if np.isfinite(first).any() else 0.0
    return not np.isfinite(moved).any() or float(np.nanmax(moved)) <= SAME_SCORES * float(spread)
