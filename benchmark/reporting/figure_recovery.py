"""The forest plot: how much of what the mask took each method wins back, with its interval."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from benchmark.reporting.figure_style import (
    LABEL_CHARACTERS,
    SMALL_TEXT,
    TEXT_SIZE,
    NamedFigure,
    bare,
    in_lines,
    new_figure,
    write_lines,
)
from benchmark.reporting.file_names import file_name
from benchmark.reporting.formatting import interval, missing, percent
from benchmark.reporting.formatting import target as target_text
from benchmark.reporting.method_colours import INK, LINE, MUTED, PAPER, MethodColours
from benchmark.reporting.results_index import Entry, Panel, ResultsIndex, panel_parts, panel_title

_ROW = 0.3  # inches


def recovery_limits(values: Sequence[float]) -> tuple[float, float]:
    """Where an axis of recovery begins and ends, so that `values` are seen unless they are far out.

    >>> recovery_limits([0.2, 0.5]), recovery_limits([-3.0, 2.0])
    ((-0.1, 1.05), (-0.6, 1.23))
    """
    return min(-0.1, max(min(values) - 0.04, -0.6)), max(1.05, min(max(values), 1.2) + 0.03)


def point_style(colour: str, *, fair: bool) -> dict[str, Any]:
    """How matplotlib draws a method's point: filled, or hollow and smaller if the judge is not a fair one."""
    return {
        "markersize": 6.0 if fair else 5.0,
        "color": colour,
        "markerfacecolor": colour if fair else PAPER,
        "markeredgewidth": 1.3,
    }


def recovery_figure(
    index: ResultsIndex,
    panel: Panel,
    target: float,
    order: list[Entry],
    colours: MethodColours,
    *,
    make_figure: Callable[[float, float], Figure] = new_figure,
) -> NamedFigure | None:
    """Matched recovery at `target`, methods in `order`; None where there is nothing to show."""
    found = [
        (entry, index.find(panel, "recovery", condition="raw-restored", entry=entry, kind="matched", target=target))
        for entry in order
    ]
    rows = [(entry, row) for entry, row in found if row is not None and not missing(row.value)]
    if not rows:
        return None
    height = _ROW * len(rows) + 0.72
    figure = make_figure(6.3, height)
    axes = figure.add_axes((0.265, 0.46 / height, 0.515, _ROW * len(rows) / height))
    places = np.arange(len(rows))[::-1]
    ends = [bound for _, row in rows for bound in (row.value, row.ci_low, row.ci_high) if bound is not None]
    axes.set_xlim(*recovery_limits(ends))
    axes.set_ylim(-0.6, len(rows) - 0.4)
    axes.axvline(0, color=MUTED, linewidth=0.9)
    axes.axvline(1, color=MUTED, linewidth=0.9, linestyle=(0, (3, 2)))
    for place, (entry, row) in zip(places, rows, strict=True):
        colour = colours.colour(entry)
        fair = not index.privileged(entry) and not index.saw(entry, panel.recogniser)
        if row.ci_low is not None and row.ci_high is not None:
            axes.plot([row.ci_low, row.ci_high], [place, place], color=colour, linewidth=2.0, alpha=0.55)
        axes.plot(
            [row.value or 0.0],
            [place],
            marker="o" if fair else "D",
            **point_style(colour, fair=fair),
        )
        name = in_lines(index.label(entry), LABEL_CHARACTERS)
        write_lines(axes, -0.03, place, name, transform=axes.get_yaxis_transform(), ha="right", color=INK,
                    fontsize=SMALL_TEXT if "\n" in name else TEXT_SIZE)  # fmt: skip
        axes.text(1.13, place, percent(row.value, 0), transform=axes.get_yaxis_transform(), ha="right", va="center")
        axes.text(
            1.17,
            place,
            interval(row.ci_low, row.ci_high, scale=100, decimals=0),
            transform=axes.get_yaxis_transform(),
            ha="left",
            va="center",
            color=MUTED,
            fontsize=SMALL_TEXT,
        )
    top = len(rows) - 0.3
    for x, text in ((0.0, "mask left on"), (1.0, "mask undone")):
        axes.text(x, top, text, ha="center", va="bottom", color=MUTED, fontsize=SMALL_TEXT)
    ticks = np.arange(np.ceil(axes.get_xlim()[0] * 4) / 4, axes.get_xlim()[1], 0.25)
    axes.set_xticks(ticks, [percent(tick, 0) for tick in ticks])
    axes.set_yticks([])
    axes.set_xlabel(f"recovery at FMR {target_text(target)}, matched threshold")
    bare(axes, grid="x")
    axes.spines["bottom"].set_color(LINE)
    title = f"Recovery of each method on {panel_title(index, panel)} at FMR {target_text(target)}"
    return NamedFigure(file_name("recovery", *panel_parts(index, panel)), title, panel_title(index, panel), figure)
