"""Two runs side by side, as a program or a notebook reads them."""

from __future__ import annotations

import html
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

from benchmark.api.run_result import RunResult
from benchmark.counted import counted
from benchmark.errors import RequestError
from benchmark.storage.csv_files import read_table_of_text
from benchmark.structured_text import Unreadable, read_json
from benchmark.verification.base import KEY_COLUMNS


class RunComparison:
    """What differs between two runs.

    Args:
        folder: where the comparison is stored.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __repr__(self) -> str:
        return f"RunComparison({str(self.folder)!r})"

    @property
    def page(self) -> Path:
        """The path of ``compare.html``."""
        return self.folder / "compare.html"

    @cached_property
    def answer(self) -> dict[str, Any]:
        """``compare.json``: the sentence, why the runs are not comparable, and every paired difference.

        Raises:
            RequestError: the file is missing or damaged.
        """
        file = self.folder / "compare.json"
        try:
            found: dict[str, Any] = read_json(file)
        except Unreadable as problem:
            raise RequestError(f"{file} {problem}; compare the runs again") from problem
        return found

    @property
    def markdown(self) -> Path:
        """The path of ``compare.md``, for a pull request."""
        return self.folder / "compare.md"

    @cached_property
    def deltas(self) -> pd.DataFrame:
        """``deltas.csv``: every value of both runs side by side."""
        text = {*KEY_COLUMNS, "in_runs", "better", "exceeds_both_intervals"} - {"target"}
        table = read_table_of_text(self.folder / "deltas.csv")
        numbers = [column for column in table.columns if column not in text]
        table[numbers] = table[numbers].apply(pd.to_numeric)
        return table

    def _repr_html_(self) -> str:
        changed = self.deltas[self.deltas["exceeds_both_intervals"] == "yes"]
        return (
            f"<p>{counted(len(self.deltas), 'value')} compared; {len(changed):,} changed by more than both intervals; "
            f"page: <code>{html.escape(str(self.page))}</code></p>"
        )


def compare_runs(a: RunResult | Path | str, b: RunResult | Path | str, out: Path | str | None = None) -> RunComparison:
    """Compare two stored runs, and write ``compare.html`` and ``deltas.csv``.

    Args:
        a: a result, or a run's folder.
        b: another one.
        out: folder to write to; None = one below ``reports``, named after both.

    Raises:
        RequestError: a folder holds no finished run, or both are the same.
        StorageError: `out` cannot be written.

    >>> compare_runs("reports/one", "reports/one")
    Traceback (most recent call last):
    benchmark.errors.RequestError: A and B are the same folder: reports/one
    """
    from benchmark.reporting.compare import compare_runs as compare  # noqa: PLC0415  # imports pandas

    first, second = (given.folder if isinstance(given, RunResult) else Path(given) for given in (a, b))
    if first.resolve() == second.resolve():
        raise RequestError(f"A and B are the same folder: {first}")
    target = Path("reports") / f"compare_{first.resolve().name}_{second.resolve().name}" if out is None else Path(out)
    return RunComparison(compare(first, second, target).page.parent)
