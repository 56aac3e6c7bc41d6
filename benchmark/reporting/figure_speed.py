"""What recovery costs in time: one point a method, with its interval."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from matplotlib.figure import Figure

from benchmark.reporting.figure_recovery import point_style, recovery_limits
from benchmark.reporting.figure_style import (
    LABEL_CHARACTERS,
    SMALL_TEXT,
    NamedFigure,
    bare,
    in_lines,
    new_figure,
    write_lines,
)
from benchmark.reporting.file_names import file_name
from benchmark.reporting.formatting import duration, missing, percent
from benchmark.reporting.formatting import target as target_text
from benchmark.reporting.method_colours import MUTED, MethodColours
from benchmark.reporting.results_index import Entry, Panel, ResultsIndex, panel_parts, panel_title

_HEIGHT, _AXES_SHARE, _TEXT_LINE = 3.6, 0.78, 0.2
"""Least height of the figure, share of it that the axes take, and height of a line of the legend; inches."""
_STEPS = ((1, 2, 5), (1, 3), (1,))
_TICKS = 7
"""Labels that have room side by side."""


def speed_figure(
    index: ResultsIndex,
    panel: Panel,
    target: float,
    order: list[Entry],
    colours: MethodColours,
    *,
    make_figure: Callable[[float, float], Figure] = new_figure,
) -> NamedFigure | None:
    """Matched recovery at `target` against seconds per image; the legend has the methods in `order`.

    None where no method has both: only those that restore pictures are timed.
    """
    rows = []
    for entry in order:
        row = index.find(panel, "recovery", condition="raw-restored", entry=entry, kind="matched", target=target)
        seconds = index.value(panel, "seconds_per_image", condition="raw-restored", entry=entry)
        if row is None or row.value is None or missing(row.value) or seconds is None or not seconds > 0:
            continue
        rows.append((entry, row, seconds))
    if not rows:
        return None
    names = [in_lines(index.label(entry), LABEL_CHARACTERS) for entry, _, _ in rows]
    height = max(_HEIGHT, _TEXT_LINE * sum(1 + name.count("\n") for name in names) / _AXES_SHARE)
    figure = make_figure(6.3, height)
    axes = figure.add_axes((0.09, 0.15 * _HEIGHT / height, 0.52, 1 - 0.22 * _HEIGHT / height))
    axes.set_xscale("log")
    times = [seconds for _, _, seconds in rows]
    axes.set_xlim(min(times) / 1.5, max(times) * 1.5)
    ends = [end for _, row, _ in rows for end in (row.value, row.ci_low, row.ci_high) if end is not None]
    axes.set_ylim(*recovery_limits(ends))
    axes.axhline(0, color=MUTED, linewidth=0.9)
    axes.axhline(1, color=MUTED, linewidth=0.9, linestyle=(0, (3, 2)))
    step = _TEXT_LINE / (height * _AXES_SHARE)
    y = 1.0
    axes.text(1.74, 1.0, "time per image", transform=axes.transAxes, ha="right", va="bottom",
              color=MUTED, fontsize=SMALL_TEXT)  # fmt: skip
    for name, (entry, row, seconds) in zip(names, rows, strict=True):
        fair = not index.privileged(entry) and not index.saw(entry, panel.recogniser)
        colour = colours.colour(entry)
        point = {
            "marker": colours.marker(entry) if fair else "D",
            "linestyle": "none",
            **point_style(colour, fair=fair),
        }
        if row.ci_low is not None and row.ci_high is not None:
            axes.plot([seconds, seconds], [row.ci_low, row.ci_high], color=colour, linewidth=2.0, alpha=0.55)
        axes.plot([seconds], [row.value or 0.0], **point)
        y -= step * (1 + name.count("\n") / 2)
        axes.plot([1.085], [y], transform=axes.transAxes, clip_on=False, **point)
        write_lines(axes, 1.15, y, name, transform=axes.transAxes, fontsize=SMALL_TEXT)
        axes.text(1.74, y, duration(seconds), transform=axes.transAxes, ha="right", va="center",
                  fontsize=SMALL_TEXT)  # fmt: skip
        y -= step * name.count("\n") / 2
    ticks = time_ticks(*axes.get_xlim())
    axes.set_xticks(ticks, [duration(tick) for tick in ticks])
    axes.minorticks_off()
    axes.tick_params(axis="x", pad=8)
    shares = np.arange(np.ceil(axes.get_ylim()[0] * 4) / 4, axes.get_ylim()[1], 0.25)
    axes.set_yticks(shares, [percent(share, 0) for share in shares])
    axes.set_xlabel("time per image, log scale")
    axes.set_title(f"recovery at FMR {target_text(target)}, matched threshold", loc="left", color=MUTED,
                   fontsize=SMALL_TEXT)  # fmt: skip
    bare(axes, grid="both")
    title = f"Recovery of each method on {panel_title(index, panel)} against its time per image"
    return NamedFigure(file_name("speed", *panel_parts(index, panel)), title, panel_title(index, panel), figure)


def time_ticks(low: float, high: float) -> list[float]:
    """Round times between two, s, so few that their labels do not overlap; each label is there once.

    >>> time_ticks(0.004, 0.06)
    [0.005, 0.01, 0.02, 0.05]
    >>> time_ticks(2e-5, 0.5)
    [0.0001, 0.001, 0.01, 0.1]
    """
    found: list[float] = []
    for steps in _STEPS:
        ticks = [round(first * 10.0**power, 6 - power) for power in range(-6, 5) for first in steps]
        labelled = {duration(tick): tick for tick in ticks if low <= tick <= high}
        found = sorted(labelled.values())
        if len(found) <= _TICKS:
            break
    return found
