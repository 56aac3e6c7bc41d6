"""The table of methods as plain text, for the end of a run: no wider than an old terminal."""

from __future__ import annotations

from benchmark.reporting.formatting import EN_DASH
from benchmark.reporting.formatting import target as target_text
from benchmark.reporting.results_index import Panel, ResultsIndex, panel_title
from benchmark.reporting.results_table import COLUMNS, MethodTable, Shown, TableRow, method_table

WIDTH = 80
_SHOWN = (
    ("recovery", "matched", "recovery %"),
    ("gfrr", "matched", "GFRR %"),
    ("gfrr", "frozen", "frozen %"),
    ("fmr", "frozen", "FMR %"),
)
_WITH_INTERVAL = 18
_PLAIN = 9


def terminal_table(index: ResultsIndex) -> str:
    """One block per recogniser and setting at the strictest target that the run carries; `WIDTH` columns at most.

    Returns:
        Several lines; one that says why where nothing can be shown.
    """
    target = index.main_target()
    if target is None or not index.panels:
        return "no table of methods: too few comparisons to set a threshold (the report says how many are needed)"
    return "\n\n".join(_block(index, panel, target) for panel in index.panels)


def _block(index: ResultsIndex, panel: Panel, target: float) -> str:
    table = method_table(index, panel, target, {})
    places = [(_place(metric, kind), heading) for metric, kind, heading in _SHOWN]
    widths = [_WITH_INTERVAL, _PLAIN, _PLAIN, _PLAIN]
    name_width = WIDTH - sum(widths) - len(widths)
    lines = [_cut(f"{panel_title(index, panel)}, FMR {target_text(target)}", WIDTH)]
    lines.append(_line("", [heading for _, heading in places], name_width, widths))
    for name, row in _rows(table):
        cells = _cells(row, [place for place, _ in places])
        if len(name) > name_width:  # whole, on a line of its own: two presets may differ in their last letters alone
            lines.append(_cut(name, WIDTH))
        lines.append(_line("" if len(name) > name_width else name, cells, name_width, widths))
    lines.append("frozen: GFRR at the threshold set on raw faces; FMR: the realised rate there")
    if table.unranked:
        lines.append("*: ranked separately (privileged, or fitted to or trained with this recogniser)")
    return "\n".join(lines)


def _rows(table: MethodTable) -> list[tuple[str, TableRow]]:
    plain = [(row.name or row.label, row) for row in (*table.baselines, *table.methods)]
    return plain + [(f"*{row.name}", row) for _, rows in table.unranked for row in rows]


def _place(metric: str, kind: str) -> int:
    return next(place for place, column in enumerate(COLUMNS) if (column.metric, column.kind) == (metric, kind))


def _cells(row: TableRow, places: list[int]) -> list[str]:
    return [_text(row.cells[place], within=number == 0) for number, place in enumerate(places)]


def _text(cell: Shown, *, within: bool) -> str:
    if cell.empty:
        return EN_DASH if cell.text else ""
    return f"{cell.text} ({cell.within})" if within and cell.within else cell.text


def _line(name: str, cells: list[str], name_width: int, widths: list[int]) -> str:
    # An interval too wide for its column is cut visibly; metrics.csv has it whole.
    shown = [_cut(cell, width).rjust(width) for cell, width in zip(cells, widths, strict=True)]
    return " ".join([name.ljust(name_width), *shown]).rstrip()


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else text[: width - 1] + "…"
