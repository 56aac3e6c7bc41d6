"""``scores.parquet`` read back, cell by cell, and whose photos they compare."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import astuple
from pathlib import Path

import pandas as pd

from benchmark.reporting.scores_file import CELL_COLUMNS
from benchmark.storage.csv_files import read_table_of_text
from benchmark.verification.base import Cell

SCORES = "scores.parquet"
COMPARISON_COLUMNS = ["reference_id", "probe_id", "mated", "fold"]


def stored_cells(folder: Path) -> dict[Cell, None]:
    """The cells of a run, in the file's order."""
    import pyarrow.dataset as pads  # noqa: PLC0415  # most comparisons of runs read no scores

    stored = pads.dataset(folder / SCORES, format="parquet")

    def of_batches() -> Iterator[Cell]:
        for batch in stored.to_batches(columns=list(CELL_COLUMNS)):
            for values in batch.to_pandas().drop_duplicates().itertuples(index=False, name=None):
                yield Cell(*(str(value) for value in values))

    return dict.fromkeys(of_batches())


def stored_scores(folder: Path, cell: Cell) -> pd.DataFrame:
    """The comparisons of a cell, each with its score (NaN where it failed)."""
    import pyarrow.dataset as pads  # noqa: PLC0415  # as in `stored_cells`

    wanted = None
    for name, value in zip(CELL_COLUMNS, astuple(cell), strict=True):
        condition = pads.field(name) == value
        wanted = condition if wanted is None else wanted & condition
    stored = pads.dataset(folder / SCORES, format="parquet")
    table: pd.DataFrame = stored.to_table(columns=[*COMPARISON_COLUMNS, "score"], filter=wanted).to_pandas()
    return table.astype({"reference_id": str, "probe_id": str})


def stored_subjects(folder: Path) -> dict[str, str]:
    """The subject of each image that ``images.csv`` names."""
    images = read_table_of_text(folder / "images.csv", ("image_id", "subject_id"))
    return dict(zip(images["image_id"], images["subject_id"], strict=True))
