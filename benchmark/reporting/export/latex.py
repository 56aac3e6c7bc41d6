"""An exported run as LaTeX tables: ``\\usepackage{booktabs}`` and ``\\usepackage{graphicx}``, nothing else."""

from __future__ import annotations

from benchmark.reporting.export.document import ExportedRun
from benchmark.reporting.export.paper_tables import PrintedCell, PrintedRow, PrintedTable, printed_tables

_ESCAPED = {sign: f"\\{sign}" for sign in "&%$#_{}"} | {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    "`": r"\textasciigrave{}",
    '"': r"\textquotedbl{}",
    "−": "$-$",
    "–": "--",
    "×": r"$\times$",
    "\u202f": r"\,",
    "\u00a0": "~",
    "\n": " ",
    "\r": " ",
}


def latex(run: ExportedRun) -> str:
    """Every table as a float of its own, labelled ``tab:…``; `\\input` takes the file."""
    head = (
        f"% {_comment(run.run.name)}: exported by unmask-benchmark {_comment(run.run.version)}\n"
        "% needs \\usepackage{booktabs} and \\usepackage{graphicx}\n"
    )
    return head + "\n".join(_table(table) for table in printed_tables(run))


def escaped(text: str) -> str:
    """Text that LaTeX prints as it is.

    >>> escaped("100 % of a_b")
    '100 \\\\% of a\\\\_b'
    """
    return "".join(_ESCAPED.get(sign, sign) for sign in text if sign.isprintable() or sign in _ESCAPED)


def _table(table: PrintedTable) -> str:
    columns = len(table.headings)
    lines = [
        r"\begin{table}",
        r"\centering",
        rf"\caption{{{escaped(table.caption)}}}",
        rf"\label{{tab:{table.name}}}",
        r"\resizebox{\ifdim\width>\linewidth\linewidth\else\width\fi}{!}{%",
        rf"\begin{{tabular}}{{l{'r' * columns}}}",
        r"\toprule",
        " & ".join(["Method", *map(escaped, table.headings)]) + r" \\",
        r"\midrule",
    ]
    group = ""
    for row in table.rows:
        if row.group != group:
            group = row.group
            lines += [r"\midrule", rf"\multicolumn{{{columns + 1}}}{{l}}{{\emph{{{escaped(group)}}}}} \\"]
        lines.append(_row(row))
    return "\n".join([*lines, r"\bottomrule", r"\end{tabular}}", r"\end{table}", ""])


def _row(row: PrintedRow) -> str:
    return " & ".join([escaped(row.label), *map(_cell, row.cells)]) + r" \\"


def _cell(cell: PrintedCell) -> str:
    text = rf"\textbf{{{escaped(cell.text)}}}" if cell.bold else escaped(cell.text)
    return rf"{text} {{\scriptsize ({escaped(cell.within)})}}" if cell.within else text


def _comment(text: str) -> str:
    return "".join(sign for sign in text if sign.isprintable())
