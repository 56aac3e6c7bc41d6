"""Every CSV file that this program writes is written here, and read back here.

What is written keeps to RFC 4180 (but for lines that end in ``\\n``): a text that holds a comma, a quotation mark or an
end of a line stands in quotation marks, so that a row has as many fields as there are columns. A text that a
spreadsheet would take for a formula gets an apostrophe before it (OWASP, CSV Injection); numbers never do. Readers
here take it away again, so that what was written is what is read.
"""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmark.storage.atomic_files import write_atomically
from benchmark.storage.utf8 import as_utf8

if TYPE_CHECKING:
    import pandas as pd

_FORMULA = re.compile("'*[=+\\-@\t\r\n＝＋－＠]")
"""How a text begins that a spreadsheet may carry out, with those apostrophes that would otherwise be taken away."""
_APOSTROPHE = re.compile("'" + _FORMULA.pattern)


def csv_text(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A table as the text of a CSV file.

    Args:
        columns: their names.
        rows: a value per column: text; numbers, floats so that they read as the same float; None and NaN as an empty
            field; anything else as its ``str``.

    >>> print(csv_text(["name", "score"], [["=1+1", -0.5], ["a,b", None]]), end="")
    name,score
    '=1+1,-0.5
    "a,b",
    """
    lines = _Lines()
    writer = csv.writer(lines, lineterminator="\r\n")  # both make a field be quoted, also in Python before 3.13
    writer.writerow([without_formula(name) for name in columns])
    writer.writerows([_field(value) for value in row] for row in rows)
    return "".join(lines.written)


def table_csv(table: pd.DataFrame) -> str:
    """A data frame as the text of a CSV file, without its index."""
    return csv_text([str(name) for name in table.columns], table.itertuples(index=False, name=None))


def write_csv(file: Path, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Write a table, whole or not at all.

    Raises:
        StorageError: the folder cannot be written.
    """
    write_atomically(file, as_utf8(csv_text(columns, rows)))


def write_table(file: Path, table: pd.DataFrame) -> None:
    """Write a data frame without its index, whole or not at all.

    Raises:
        StorageError: the folder cannot be written.
    """
    write_atomically(file, as_utf8(table_csv(table)))


def read_table_of_text(file: Path, columns: Collection[str] | None = None) -> pd.DataFrame:
    """A table that this program wrote, every field as text; ``NA`` is a text like others.

    Args:
        file: a CSV file.
        columns: the only ones wanted; None = all.

    Raises:
        OSError: it cannot be read.
        ValueError: it is damaged, or lacks a column.
    """
    return _read(file, usecols=columns, dtype=str, keep_default_na=False)


def read_table(file: Path, *, text: Collection[str] = ()) -> pd.DataFrame:
    """A table that this program wrote, columns of numbers as numbers; an empty field is NaN.

    Args:
        file: a CSV file.
        text: columns that are text even where they look like numbers.

    Raises:
        OSError: it cannot be read.
        ValueError: it is damaged.
    """
    return _read(file, dtype=dict.fromkeys(text, str), keep_default_na=False, na_values=[""])


def without_formula(text: str) -> str:
    """`text` with an apostrophe before it where a spreadsheet would take it for a formula.

    >>> without_formula("@sum"), without_formula("a@b"), without_formula("'=1")
    ("'@sum", 'a@b', "''=1")
    """
    return f"'{text}" if _FORMULA.match(text) else text


def original(text: str) -> str:
    """What `without_formula` was given.

    >>> [original(without_formula(text)) for text in ("=1", "'=1", "'quoted'", "-")]
    ['=1', "'=1", "'quoted'", '-']
    """
    return text[1:] if _APOSTROPHE.match(text) else text


def _field(value: object) -> object:
    if value is None:
        return ""
    if isinstance(value, str):
        return without_formula(value)
    if isinstance(value, bool | int):
        return str(value)
    try:
        number = float(value)  # type: ignore[arg-type]  # what is no number is a text
    except (TypeError, ValueError):
        return without_formula(str(value))
    if math.isnan(number):
        return ""
    return repr(number) if isinstance(value, float) else str(value)


class _Lines:
    """The file of a `csv.writer`, whose rows end in ``\\r\\n`` there and in ``\\n`` here."""

    def __init__(self) -> None:
        self.written: list[str] = []

    def write(self, row: str) -> None:
        self.written.append(row.removesuffix("\r\n") + "\n")


def _read(file: Path, **options: Any) -> pd.DataFrame:
    import pandas  # noqa: PLC0415  # `mask` writes tables without it

    table: pd.DataFrame = pandas.read_csv(file, encoding="utf-8-sig", **options)
    table.columns = [original(str(name)) for name in table.columns]
    for name in table.select_dtypes(include=["object", "str"]).columns:
        table[name] = table[name].map(original, na_action="ignore")
    return table
