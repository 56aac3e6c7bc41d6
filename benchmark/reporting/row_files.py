"""``differences.csv`` and ``groups.csv``: tables of rows, None as an empty field."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple
from pathlib import Path

import pandas as pd

from benchmark.storage.atomic_files import write_atomically
from benchmark.verification.difference import DIFFERENCE_COLUMNS, Difference
from benchmark.verification.group_row import GROUP_COLUMNS, GroupRow


def write_rows(rows: Sequence[Difference] | Sequence[GroupRow], columns: Sequence[str], path: Path) -> None:
    """Write a table, whole or not at all.

    Raises:
        StorageError: the folder cannot be written.
    """
    table = pd.DataFrame([astuple(row) for row in rows], columns=list(columns))
    write_atomically(path, table.to_csv(index=False, lineterminator="\n").encode("utf-8"))


def write_differences(rows: Sequence[Difference], path: Path) -> None:
    """Write ``differences.csv``: every method against every other."""
    write_rows(rows, DIFFERENCE_COLUMNS, path)


def write_groups(rows: Sequence[GroupRow], path: Path) -> None:
    """Write ``groups.csv``: error rates of groups of people."""
    write_rows(rows, GROUP_COLUMNS, path)
