"""How well the masks are found: one line per detector."""

from __future__ import annotations

from dataclasses import dataclass, replace

from benchmark.reporting.metric_text import heading
from benchmark.reporting.results_index import Entry, Panel, ResultsIndex, entry_of, panel_of
from benchmark.reporting.results_table import Heading, Shown, shown
from benchmark.verification.base import MetricRow

_FIRST = (
    ("mask_iou", "raw-masked"),
    ("mask_precision", "raw-masked"),
    ("mask_recall", "raw-masked"),
    ("missed_masks", "raw-masked"),
    ("false_masks", "raw-passthrough"),
)
"""The order of the columns, metric and condition; other mask metrics of the run follow them."""


@dataclass(frozen=True)
class DetectorRow:
    """One detector in one setting: overlap, precision, recall, missed and false masks, then overlap by mask type."""

    label: str
    setting: str
    cells: tuple[Shown, ...]
    by_type: tuple[Shown, ...]


@dataclass(frozen=True)
class DetectorsTable:
    """The table; `mask_types` heads the columns of `by_type`."""

    columns: tuple[Heading, ...]
    mask_types: tuple[str, ...]
    rows: tuple[DetectorRow, ...]


def detectors_table(index: ResultsIndex) -> DetectorsTable | None:
    """Every detector that took part, best overlap first; None where none did."""
    others = {(row.metric, row.condition) for row in index.rows if index.describe(row.metric).kind == "mask"}
    columns = [*_FIRST, *sorted(others - set(_FIRST))]
    measured = {metric for metric, _ in columns}
    found = {(panel_of(row), entry_of(row)) for row in index.rows if row.metric in measured}
    if not found:
        return None
    mask_types = tuple(sorted({row.mask_type for row in index.rows if row.metric == "mask_iou"} - {"all"}))
    settings = {panel for panel, _ in found}
    rows = [_row(index, panel, entry, columns, mask_types, several=len(settings) > 1) for panel, entry in sorted(found)]
    rows.sort(key=lambda row: -(row.cells[0].order or 0.0))
    headings = [index.describe(metric) for metric, _ in columns]
    return DetectorsTable(
        tuple(Heading(heading(one), one.meaning, "", one.higher_is_better is False) for one in headings),
        mask_types,
        tuple(rows),
    )


def _row(
    index: ResultsIndex,
    panel: Panel,
    entry: Entry,
    columns: list[tuple[str, str]],
    mask_types: tuple[str, ...],
    *,
    several: bool,
) -> DetectorRow:
    def cell(metric: str, condition: str, mask_type: str = "all") -> Shown:
        row: MetricRow | None = index.find(panel, metric, condition=condition, entry=entry, mask_type=mask_type)
        why = None
        if row is None:
            why = index.why_missing(panel, metric, condition=condition, entry=entry)
            faces = "unmasked" if condition == "raw-passthrough" else "masked"
            why = why or f"not measured: no {faces} probes were shown to this detector"
        value = shown(index, row, None, why)
        if row is None or value.empty:
            return value
        return replace(value, title=f"{row.n_failed} faces not acquired")

    parts = [entry.method, *([entry.preset] if entry.preset not in ("", "default") else [])]
    return DetectorRow(
        label=":".join(parts),
        setting=f"{panel.acquisition} · {panel.size} px" if several else "",
        cells=tuple(cell(metric, condition) for metric, condition in columns),
        by_type=tuple(cell("mask_iou", "raw-masked", name) for name in mask_types),
    )
