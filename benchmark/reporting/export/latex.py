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
    "[": "{[}",  # at the beginning of a row it would be taken for an argument of the row's end before, as would a star
    "*": "{*}",
}
_COMMANDS = (
    # beside its number an interval would make the tables so wide that nobody could read them at a page's width
    r"\providecommand{\withinterval}[2]{\begin{tabular}[t]{@{}r@{}}#1\\{\scriptsize (#2)}\end{tabular}}" "\n"
)
_LONGEST_HEADING = 12
"""Signs on one line."""


def latex(run: ExportedRun) -> str:
    """Every table as a float of its own, labelled ``tab:…``; `\\input` takes the file."""
    head = (
        f"% {_comment(run.run.name)}: exported by unmask-benchmark {_comment(run.run.version)}\n"
        "% needs \\usepackage{booktabs} and \\usepackage{graphicx}\n"
    )
    return head + _COMMANDS + "\n".join(_table(table) for table in printed_tables(run))


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
        r"\setlength{\abovecaptionskip}{0pt}\setlength{\belowcaptionskip}{6pt}",  # the caption is above the table
        rf"\caption{{{escaped(table.caption)}}}",
        rf"\label{{tab:{table.name}}}",
        r"\resizebox{\ifdim\width>\linewidth\linewidth\else\width\fi}{!}{%",
        rf"\begin{{tabular}}{{l{'r' * columns}}}",
        r"\toprule",
        " & ".join(["Method", *map(_heading, table.headings)]) + r" \\",
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


def _heading(text: str) -> str:
    """On two lines where it is long: after a comma, or the space or hyphen nearest to its middle."""
    ends = [place for place, sign in enumerate(text, start=1) if sign in " -" and place < len(text)]
    if len(text) <= _LONGEST_HEADING or not ends:
        return escaped(text)
    comma = text.find(", ") + 2
    end = comma if comma in ends else min(ends, key=lambda place: abs(2 * place - len(text)))
    return rf"\shortstack[r]{{{escaped(text[:end].rstrip())}\\{escaped(text[end:])}}}"


def _cell(cell: PrintedCell) -> str:
    text = rf"\textbf{{{escaped(cell.text)}}}" if cell.bold else escaped(cell.text)
    return rf"\withinterval{{{text}}}{{{escaped(cell.within)}}}" if cell.within else text


def _comment(text: str) -> str:
    return "".join(sign for sign in text if sign.isprintable())
