"""The formats of `export`."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from benchmark.reporting.export.csv_table import csv_table
from benchmark.reporting.export.document import ExportedRun
from benchmark.reporting.export.latex import latex
from benchmark.reporting.export.markdown import markdown


def _json(run: ExportedRun) -> str:
    return run.model_dump_json(indent=2) + "\n"


FORMATS: Mapping[str, Callable[[ExportedRun], str]] = {
    "markdown": markdown,
    "latex": latex,
    "csv": csv_table,
    "json": _json,
}
"""By the name that ``--format`` takes."""
