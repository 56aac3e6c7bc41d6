"""Recomputes a run's numbers from its scores: digests show damage, and whoever edits a table can edit them, too."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from benchmark.datasets.base import Comparisons
from benchmark.errors import BenchmarkError, RequestError
from benchmark.reporting.metrics_file import metric_rows
from benchmark.reporting.results_index import NATIVE, NO_METHOD
from benchmark.reporting.scores_file import SCHEMA
from benchmark.reporting.stored_run import StoredRun
from benchmark.reporting.stored_scores import SCORES, stored_cells, stored_scores
from benchmark.storage.csv_files import read_table_of_text
from benchmark.verification.base import KEY_COLUMNS, Cell, MetricRow
from benchmark.verification.measure import measure
from benchmark.verification.measurement import Note, ScoredCell
from benchmark.verification.resolve import load_metrics

RECOMPUTED = ("fmr", "gfrr", "tar", "auc", "recovery", "harm")
"""The metrics of a leaderboard: all that scores alone decide."""
_CONDITIONS = ("raw-raw", "raw-masked", "raw-restored", "raw-passthrough")
_NUMBERS = ("value", "ci_low", "ci_high", "n_mated", "n_nonmated", "threshold")
_SAME = 1e-6
"""Numbers that differ by less, as a share of the larger, are the same: sums are rounded as the machine likes."""
_NAMED = 3
_MOST_REPLICATES = 10_000


class _Settings(BaseModel):
    """What a run's manifest must say for its numbers to be made again."""

    model_config = ConfigDict(extra="ignore", strict=False)

    targets: tuple[float, ...] = Field(min_length=1, max_length=20)
    replicates: int = Field(ge=0, le=_MOST_REPLICATES)
    seed: int = Field(ge=0)
    thresholds_from: str | None = None


@dataclass(frozen=True)
class Recomputed:
    """What a run's scores give, with all mask types together.

    Attributes:
        rows: of the metrics `RECOMPUTED`.
        notes: why values are missing.
    """

    rows: tuple[MetricRow, ...]
    notes: tuple[Note, ...]


def recompute(folder: Path, run: StoredRun) -> Recomputed:
    """The numbers of a run, made again from ``scores.parquet`` and found to be those of ``metrics.csv``.

    Args:
        folder: the run's.
        run: read from it.

    Raises:
        RequestError: the numbers are others, or cannot be made again; the message names the rows that differ.
    """
    settings = _settings(run.manifest)
    try:
        cells, subjects = _scored_cells(folder)
        measured = measure(
            cells,
            subjects=subjects,
            mask_types=[None] * len(subjects),
            targets=settings.targets,
            replicates=settings.replicates,
            seed=settings.seed,
            metrics=load_metrics(RECOMPUTED),
            between_methods=False,
        )
    except RequestError:
        raise
    except (pa.ArrowException, OSError, ValueError, KeyError) as error:
        raise RequestError(f"its scores cannot be read: {' '.join(str(error).split())[:200]}") from error
    except BenchmarkError as error:
        raise RequestError(f"its scores cannot be measured: {error}") from error
    rows = [row for row in measured.rows if row.metric in RECOMPUTED]
    _check(rows, _claimed(run, {Cell(*astuple(row)[: len(_CELL)]) for row in rows}))
    return Recomputed(tuple(rows), measured.notes)


_CELL = KEY_COLUMNS[: KEY_COLUMNS.index("mask_type")]


def _settings(manifest: Mapping[str, Any]) -> _Settings:
    try:
        settings = _Settings.model_validate(manifest.get("config"))
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "config"
        raise RequestError(f"its manifest cannot be used: {where}: {first['msg']}") from error
    if settings.thresholds_from is not None:
        raise RequestError(
            "its frozen thresholds come from another run, so that its scores alone do not decide its numbers"
        )
    return settings


def _scored_cells(folder: Path) -> tuple[list[ScoredCell], np.ndarray[Any, np.dtype[np.int32]]]:
    """The cells that a leaderboard shows, and the subject of each photo as the run numbered them."""
    for name in (SCORES, "images.csv"):
        if not (folder / name).is_file():
            raise RequestError(f"it holds no {name}, from which its numbers could be made again")
    if not pq.read_schema(folder / SCORES).equals(SCHEMA):
        raise ValueError(f"{SCORES} has other columns than this version of the program writes")
    images = read_table_of_text(folder / "images.csv")
    photos = images[(images["role"] == "test") & (images["step"] == "acquire")].drop_duplicates("image_id")
    codes, _ = pd.factorize(photos["subject_id"])
    place = pd.Index(photos["image_id"])
    cells = [
        _scored(cell, stored_scores(folder, cell), place)
        for cell in stored_cells(folder)
        if cell.condition in _CONDITIONS and cell.size != NATIVE
    ]
    if not cells:
        raise RequestError("its scores hold no condition that a leaderboard shows")
    return cells, codes.astype(np.int32)


def _scored(cell: Cell, table: pd.DataFrame, photos: pd.Index) -> ScoredCell:
    sides = [photos.get_indexer(pd.Index(table[name])).astype(np.int32) for name in ("reference_id", "probe_id")]
    if any((side < 0).any() for side in sides):
        raise RequestError(
            "its scores compare what images.csv does not name as photos of the test (templates of several photos, or "
            "photos of another run)"
        )
    nobody = np.zeros(len(photos), dtype=np.bool_)
    comparisons = Comparisons(
        sides[0], sides[1], table["mated"].to_numpy(dtype=np.bool_), table["fold"].to_numpy(dtype=np.int8)
    )
    return ScoredCell(cell, comparisons, table["score"].to_numpy(dtype=np.float32), nobody, nobody)


def _claimed(run: StoredRun, cells: Iterable[Cell]) -> list[MetricRow]:
    """What ``metrics.csv`` says where scores can tell."""
    known = set(cells)
    methods = {(cell.method, cell.preset, cell.train_data, cell.mask_source) for cell in known}
    found = []
    for row in metric_rows(run.metrics[run.metrics["metric"].isin(RECOMPUTED)]):
        whose = (row.method, row.preset, row.train_data, row.mask_source)
        shown = row.condition in _CONDITIONS and row.mask_type == "all" and row.size != NATIVE
        if shown and (whose in methods or row.method != NO_METHOD):
            found.append(row)
    return found


def _check(rows: Sequence[MetricRow], claimed: Sequence[MetricRow]) -> None:
    """Refuse a table that says something else than the scores.

    Raises:
        RequestError: names the first rows that differ.
    """
    made, said = ({_key(row): row for row in each} for each in (rows, claimed))
    wrong = [
        f"{_named(key)}: {_difference(made.get(key), said.get(key))}"
        for key in dict.fromkeys([*said, *made])
        if _difference(made.get(key), said.get(key))
    ]
    if not wrong:
        return
    more = f"; and {len(wrong) - _NAMED} further rows" if len(wrong) > _NAMED else ""
    raise RequestError(
        f"metrics.csv does not say what scores.parquet gives (it was edited, or another version of the program wrote "
        f"it): {'; '.join(wrong[:_NAMED])}{more}"
    )


def _difference(made: MetricRow | None, said: MetricRow | None) -> str:
    """How a row differs; empty where it does not."""
    if made is None:
        return "the scores have no such row"
    if said is None:
        return "the row is missing"
    for name in _NUMBERS:
        true, claim = getattr(made, name), getattr(said, name)
        if not _same(true, claim):
            return f"{name} {_text(claim)}, the scores give {_text(true)}"
    return ""


def _same(one: float | None, other: float | None) -> bool:
    if one is None or other is None or math.isnan(one) or math.isnan(other):
        return _absent(one) and _absent(other)
    return math.isclose(one, other, rel_tol=_SAME, abs_tol=1e-12)


def _absent(value: float | None) -> bool:
    return value is None or math.isnan(value)


def _text(value: float | None) -> str:
    return "nothing" if value is None or math.isnan(value) else f"{value:.6g}"


def _key(row: MetricRow) -> tuple[object, ...]:
    return astuple(row)[: len(KEY_COLUMNS)]


def _named(key: tuple[object, ...]) -> str:
    shown = ("recogniser", "method", "condition", "metric", "threshold_kind", "target")
    parts = dict(zip(KEY_COLUMNS, key, strict=True))
    return " ".join(str(parts[name]) for name in shown if parts[name] not in (None, "", "none"))
