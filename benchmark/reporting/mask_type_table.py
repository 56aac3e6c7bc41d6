"""Which masks hurt most, and which of them each method undoes: the table by mask type."""

from __future__ import annotations

from dataclasses import dataclass

from benchmark.faces import REAL_MASK
from benchmark.reporting.results_index import Entry, Panel, ResultsIndex
from benchmark.reporting.results_table import Shown, shown


@dataclass(frozen=True)
class HeatCell:
    """One cell: what it shows and how strongly it is tinted, −1 (harm) to 1 (undone)."""

    shown: Shown
    tint: float


@dataclass(frozen=True)
class HeatRow:
    """One method, one cell a mask type."""

    label: str
    cells: tuple[HeatCell, ...]
    colour: str = ""
    privileged: bool = False
    name: str = ""
    kind: str = ""


@dataclass(frozen=True)
class MaskTypeTable:
    """The table of one panel at one target: what each mask took above, what each method won back below."""

    mask_types: tuple[str, ...]
    cost: HeatRow
    methods: tuple[HeatRow, ...]


def mask_type_table(
    index: ResultsIndex, panel: Panel, target: float, order: list[Entry], colours: dict[Entry, str]
) -> MaskTypeTable | None:
    """Matched figures by mask type, methods in `order`; None where the run has no mask types, or real masks alone."""
    if index.mask_types in ([], [REAL_MASK]):
        return None
    cost = []
    for mask_type in index.mask_types:
        row = index.find(panel, "gfrr", condition="raw-masked", kind="matched", target=target, mask_type=mask_type)
        cell = shown(index, row, target)
        cost.append(HeatCell(cell, -(cell.order or 0.0)))
    methods = []
    for entry in order:
        cells = []
        for mask_type in index.mask_types:
            row = index.find(
                panel,
                "recovery",
                condition="raw-restored",
                entry=entry,
                kind="matched",
                target=target,
                mask_type=mask_type,
            )
            why = index.why_missing(
                panel, "recovery", condition="raw-restored", entry=entry, target=target, mask_type=mask_type
            )
            cell = shown(index, row, target, why)
            cells.append(HeatCell(cell, max(-1.0, min(1.0, cell.order or 0.0))))
        label, kind = index.label(entry), index.kind(entry)
        methods.append(
            HeatRow(label, tuple(cells), colours.get(entry, ""), kind == "privileged", name=label, kind=kind)
        )
    if all(cell.shown.empty for row in (*methods, HeatRow("", tuple(cost))) for cell in row.cells):
        return None
    measured = tuple(row for row in methods if not all(cell.shown.empty for cell in row.cells))
    return MaskTypeTable(tuple(index.mask_types), HeatRow("Masked probe, GFRR", tuple(cost)), measured)
