"""Writes the table and the figure of ``docs/performance.md``, between its markers."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import matplotlib as mpl

from perf.contest import PerfError
from perf.finding import Finding, Findings

PAGE = "performance.md"
FIGURE = Path("images") / "performance.png"
_BEGIN, _END = "<!-- begin: python -m perf -->", "<!-- end: python -m perf -->"
_COLOURS = {True: "#4477aa", False: "#cc6677"}
"""Of faster and slower."""
_VERDICT = {True: "met", False: "**missed**", None: ""}


def table(rows: Sequence[Finding]) -> str:
    """The rows as Markdown."""
    lines = [
        "| stage | goal | measured | ratio | goal met | outputs | floor | command |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        ratio = "" if row.ratio is None else f"{row.ratio:.1f} ×"
        cells = (row.stage, row.goal, row.measured, ratio, _VERDICT[row.met], row.check, row.floor)
        lines.append(f"| {' | '.join(cells)} | `python -m perf {row.benchmark}` |")
    return "\n".join(lines)


def update_page(folder: Path, findings: Findings, *, order: Sequence[str]) -> None:
    """Put the table and the figure where the page has its markers.

    Raises:
        PerfError: the page or a marker is missing.
    """
    page = folder / PAGE
    text = page.read_text("utf-8") if page.exists() else ""
    before, begin, rest = text.partition(_BEGIN)
    _, end, after = rest.partition(_END)
    if not begin or not end:
        raise PerfError(f"{page} has no lines '{_BEGIN}' and '{_END}' to write between; name another --output")
    rows = [row for name in order for row in findings.rows.get(name, [])]
    _draw(rows, folder / FIGURE)
    machines = list(dict.fromkeys(findings.machines[name] for name in order if name in findings.rows))
    described = "\n".join(f"Measured on: {machine}." for machine in machines)
    figure = f"![Times faster than what is compared with]({FIGURE.as_posix()})"
    page.write_text(f"{before}{_BEGIN}\n{described}\n\n{table(rows)}\n\n{figure}\n{_END}{after}", encoding="utf-8")


def _draw(rows: Sequence[Finding], file: Path) -> None:
    """A bar for each row that has a ratio: from 1 to the right where it is faster, to the left where slower."""
    mpl.use("Agg")
    from matplotlib import pyplot as plt  # noqa: PLC0415  # after the choice of what draws
    from matplotlib import ticker  # noqa: PLC0415  # likewise

    shown = [row for row in rows if row.ratio is not None]
    if not shown:
        return
    figure, axes = plt.subplots(figsize=(9, 1.2 + 0.42 * len(shown)), layout="constrained")
    names = [row.stage.replace("`", "") for row in shown]
    ratios = [row.ratio or 1.0 for row in shown]
    axes.set_xscale("log")
    axes.barh(names, [ratio - 1 for ratio in ratios], left=1, color=[_COLOURS[ratio >= 1] for ratio in ratios])
    for place, ratio in enumerate(ratios):
        faster = ratio >= 1
        axes.annotate(
            f"{ratio:.1f} ×",
            (ratio, place),
            xytext=(4 if faster else -4, 0),
            textcoords="offset points",
            ha="left" if faster else "right",
            va="center",
        )
    axes.axvline(1, color="black", linewidth=0.8)
    axes.set_xlim(min(0.3, *ratios) / 1.5, max(2.0, *ratios) * 2)
    axes.xaxis.set_major_locator(ticker.LogLocator(subs=(1, 2, 5)))
    axes.xaxis.set_major_formatter(ticker.FuncFormatter(lambda value, _: f"{value:g} ×"))
    axes.xaxis.set_minor_formatter(ticker.NullFormatter())
    axes.grid(axis="x", linewidth=0.4, alpha=0.5)
    axes.set_axisbelow(True)
    axes.invert_yaxis()
    axes.set_xlabel("← slower than what is compared with | faster, by processor time →")
    axes.tick_params(axis="y", labelsize=8)
    file.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(file, dpi=130)
    plt.close(figure)
