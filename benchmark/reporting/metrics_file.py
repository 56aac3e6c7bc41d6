"""``metrics.csv``: tidy, one value per row; written, and read back with suspicion."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Sequence
from operator import attrgetter
from pathlib import Path
from typing import Any

import pandas as pd

from benchmark.errors import BenchmarkError, RequestError
from benchmark.storage.atomic_files import write_atomically
from benchmark.storage.csv_files import csv_text, original
from benchmark.storage.utf8 import as_utf8
from benchmark.verification.base import KEY_COLUMNS, METRIC_COLUMNS, MetricRow

_TEXT_COLUMNS = tuple(column for column in KEY_COLUMNS if column != "target")
_COUNT_COLUMNS = ("n_mated", "n_nonmated", "n_failed")
_NUMBER_COLUMNS = tuple(column for column in METRIC_COLUMNS if column not in _TEXT_COLUMNS)

_values = attrgetter(*METRIC_COLUMNS)
"""A row's values, in the order of the columns."""


def metrics_csv(rows: Sequence[MetricRow]) -> str:
    """The text of ``metrics.csv``: `METRIC_COLUMNS`, ``None`` and NaN as empty fields, floats exactly (``repr``).

    Raises:
        BenchmarkError: two rows share every key column.
    """
    check_unique(rows)
    return csv_text(METRIC_COLUMNS, ([_field(value) for value in _values(row)] for row in rows))


def check_unique(rows: Sequence[MetricRow]) -> None:
    """Refuse two rows with the same key: one of the two would be lost in every join.

    Raises:
        BenchmarkError: names the key.
    """
    seen: set[tuple[object, ...]] = set()
    for row in rows:
        key = _values(row)[: len(KEY_COLUMNS)]
        if key in seen:
            named = ", ".join(f"{column}={value}" for column, value in zip(KEY_COLUMNS, key, strict=True))
            raise BenchmarkError(f"two metric rows share one key ({named}); give them different columns")
        seen.add(key)


def write_metrics(rows: Sequence[MetricRow], path: Path) -> None:
    """Write ``metrics.csv``, whole or not at all.

    Raises:
        BenchmarkError: two rows share every key column.
        StorageError: the folder cannot be written.
    """
    write_atomically(path, as_utf8(metrics_csv(rows)))


def read_metrics(path: Path) -> pd.DataFrame:
    """The rows of a ``metrics.csv``: text columns as ``str``, numbers as ``float64`` (empty = NaN).

    Raises:
        RequestError: the file is missing, truncated, of another schema, or not a table of metrics at all.
    """
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not text"
        raise RequestError(f"cannot read {path}: {reason}; name a folder that a finished run wrote") from error
    try:
        lines = list(csv.reader(io.StringIO(text, newline="")))
    except csv.Error as error:  # e.g. a field of more than 131,072 characters
        raise RequestError(f"{path} is damaged: {error}; run the benchmark again with the same settings") from error
    header = tuple(lines[0]) if lines else ()
    if header != METRIC_COLUMNS:
        raise RequestError(f"{path} is not of this schema: {_schema_difference(header)}; run the benchmark again")
    for number, line in enumerate(lines[1:], start=2):
        if len(line) != len(METRIC_COLUMNS):
            raise RequestError(
                f"{path} is damaged: line {number} has {len(line)} of {len(METRIC_COLUMNS)} fields; "
                "run the benchmark again with the same settings"
            )
    if not text.endswith("\n"):
        raise RequestError(f"{path} is truncated in line {len(lines)}; run the benchmark again with the same settings")
    table = pd.DataFrame(lines[1:], columns=list(METRIC_COLUMNS), dtype=object)
    for column in _TEXT_COLUMNS:
        table[column] = table[column].map(original)
    for column in _NUMBER_COLUMNS:
        try:
            table[column] = pd.to_numeric(table[column].replace("", None)).astype("float64")
        except (ValueError, TypeError) as error:
            raise RequestError(
                f"{path} is damaged: column '{column}' holds something other than a number ({error})"
            ) from error
    if table.duplicated(list(KEY_COLUMNS)).any():
        raise RequestError(f"{path} is damaged: two rows share every key column; run the benchmark again")
    return table


def metric_rows(table: pd.DataFrame) -> list[MetricRow]:
    """The rows of `read_metrics`, a number that is missing as None."""
    records = table.to_dict("records")
    return [MetricRow(**{str(name): _value(str(name), value) for name, value in record.items()}) for record in records]


def _value(column: str, value: Any) -> Any:
    if column in _COUNT_COLUMNS:
        return int(value)
    return None if isinstance(value, float) and math.isnan(value) else value


def _field(value: object) -> object:
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        return None
    return value


def _schema_difference(header: tuple[str, ...]) -> str:
    missing = [column for column in METRIC_COLUMNS if column not in header]
    extra = [column for column in header if column not in METRIC_COLUMNS]
    if missing:
        return f"it lacks the column{'s' if len(missing) > 1 else ''} {', '.join(missing)}"
    return f"it has further columns ({', '.join(extra)})" if extra else "its columns are in another order"
