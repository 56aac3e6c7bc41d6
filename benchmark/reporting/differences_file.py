"""``differences.csv``: every method against every other, on the same comparisons."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple
from pathlib import Path

import pandas as pd

from benchmark.storage.atomic_files import write_atomically
from benchmark.verification.difference import DIFFERENCE_COLUMNS, Difference


def write_differences(rows: Sequence[Difference], path: Path) -> None:
    """Write ``differences.csv``, whole or not at all; None is an empty field.

    Raises:
        StorageError: the folder cannot be written.
    """
    table = pd.DataFrame([astuple(row) for row in rows], columns=list(DIFFERENCE_COLUMNS))
    write_atomically(path, table.to_csv(index=False, lineterminator="\n").encode("utf-8"))
