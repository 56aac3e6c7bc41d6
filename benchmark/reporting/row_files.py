"""``differences.csv``, ``groups.csv`` and ``label_problems.csv``: tables of rows, None as an empty field."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple
from pathlib import Path

from benchmark.reporting.label_problem import LABEL_PROBLEM_COLUMNS, LabelProblem
from benchmark.storage.csv_files import write_csv
from benchmark.verification.difference import DIFFERENCE_COLUMNS, Difference
from benchmark.verification.group_row import GROUP_COLUMNS, GroupRow


def write_rows(
    rows: Sequence[Difference] | Sequence[GroupRow] | Sequence[LabelProblem], columns: Sequence[str], path: Path
) -> None:
    """Write a table, whole or not at all.

    Raises:
        StorageError: the folder cannot be written.
    """
    write_csv(path, columns, map(astuple, rows))


def write_differences(rows: Sequence[Difference], path: Path) -> None:
    """Write ``differences.csv``: every method against every other."""
    write_rows(rows, DIFFERENCE_COLUMNS, path)


def write_groups(rows: Sequence[GroupRow], path: Path) -> None:
    """Write ``groups.csv``: error rates of groups of people."""
    write_rows(rows, GROUP_COLUMNS, path)


def write_label_problems(rows: Sequence[LabelProblem], path: Path) -> None:
    """Write ``label_problems.csv``: copies, and pairs whose label is doubtful."""
    write_rows(rows, LABEL_PROBLEM_COLUMNS, path)
