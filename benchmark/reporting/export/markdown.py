"""An exported run as Markdown tables."""

from __future__ import annotations

from benchmark.reporting.export.document import ExportedRun
from benchmark.reporting.export.paper_tables import PrintedCell, PrintedRow, PrintedTable, printed_tables

_ESCAPED = {sign: f"\\{sign}" for sign in "\\`*_[]|~#"} | {"<": "&lt;", ">": "&gt;", "&": "&amp;", "\n": " ", "\r": " "}


def markdown(run: ExportedRun) -> str:
    """Every table, each below its caption."""
    return "\n\n".join(markdown_table(table) for table in printed_tables(run)) + "\n"


def escaped(text: str) -> str:
    """Text that Markdown shows as it is, in a table, too.

    >>> escaped("a|b <i>")
    'a\\\\|b &lt;i&gt;'
    """
    return "".join(_ESCAPED.get(sign, sign) for sign in text if sign.isprintable() or sign in "\n\r\u202f\u00a0")


def markdown_table(table: PrintedTable) -> str:
    """One table below its caption."""
    lines = [
        escaped(table.caption),
        "",
        f"| {' | '.join(['Method', *map(escaped, table.headings)])} |",
        f"|---|{'---:|' * len(table.headings)}",
    ]
    groups: list[str] = []
    for row in table.rows:
        if row.group and row.group not in groups:
            groups.append(row.group)
            lines.append(f"| *{escaped(row.group)}* |{' |' * len(table.headings)}")
        lines.append(_row(row))
    return "\n".join(lines)


def _row(row: PrintedRow) -> str:
    return f"| {' | '.join([escaped(row.label), *map(_cell, row.cells)])} |"


def _cell(cell: PrintedCell) -> str:
    text = f"**{escaped(cell.text)}**" if cell.bold else escaped(cell.text)
    return f"{text} ({escaped(cell.within)})" if cell.within else text
