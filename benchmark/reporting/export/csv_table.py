"""An exported run as one CSV table: a row for each recogniser, method and mask type."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from benchmark.reporting.export.build import column_name
from benchmark.reporting.export.document import ExportedRun, Method, Table, Value
from benchmark.reporting.results_table import COLUMNS
from benchmark.storage.csv_files import csv_text

_KEYS = ("dataset", "protocol", "acquisition", "size", "recogniser", "strong", "target")
_METHOD = ("role", "method", "preset", "train_data", "mask_source", "condition", "mask_type", "supported")
_VALUES = tuple(column_name(column) for column in COLUMNS)


def csv_table(run: ExportedRun) -> str:
    """The text: rates are shares, an empty field is a value that is missing."""
    ends = [f"{name}{end}" for name in _VALUES for end in ("", "_ci_low", "_ci_high")]
    columns = [*_KEYS, *_METHOD, *ends, "n_mated", "n_nonmated", "n_failed"]
    return csv_text(columns, ([_field(value) for value in row] for table in run.tables for row in _rows(table)))


def _rows(table: Table) -> Iterator[list[object]]:
    keys = [getattr(table, name) for name in _KEYS]
    for one in table.conditions:
        for mask_type, values in {"all": one.values, **one.by_mask_type}.items():
            about = ["condition", "none", "", "", "", one.condition, mask_type, False]
            yield [*keys, *about, *_numbers(values)]
    for method in table.methods:
        for mask_type, values in {"all": method.values, **method.by_mask_type}.items():
            yield [*keys, *_about(method, mask_type), *_numbers(values)]


def _about(method: Method, mask_type: str) -> list[object]:
    names = [method.role, method.method, method.preset, method.train_data, method.mask_source]
    return [*names, "raw-restored", mask_type, method.supported and mask_type == "all"]


def _numbers(values: Mapping[str, Value]) -> list[object]:
    found: list[object] = []
    for name in _VALUES:
        value = values.get(name)
        found += [None] * 3 if value is None else [value.value, value.ci_low, value.ci_high]
    counted = values.get("gfrr_matched")
    return found + ([None] * 3 if counted is None else [counted.n_mated, counted.n_nonmated, counted.n_failed])


def _field(value: object) -> object:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return value
