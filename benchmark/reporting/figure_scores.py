"""Score distributions: mated above non-mated, one strip a condition, cut by the frozen threshold."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgba
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from benchmark.reporting.figure_style import (
    LABEL_CHARACTERS,
    SMALL_TEXT,
    NamedFigure,
    in_lines,
    new_figure,
    write_lines,
)
from benchmark.reporting.file_names import file_name
from benchmark.reporting.formatting import percent, rate_decimals
from benchmark.reporting.formatting import target as target_text
from benchmark.reporting.method_colours import ALERT, INK, LINE, MUTED, MethodColours
from benchmark.reporting.results_index import (
    NO_METHOD,
    Entry,
    Panel,
    ResultsIndex,
    entry_of,
    panel_of,
    panel_parts,
    panel_title,
)
from benchmark.verification.measurement import CellCurves

_STRIP = 0.62  # inches


def scores_figure(
    index: ResultsIndex,
    curves: Sequence[CellCurves],
    panel: Panel,
    target: float,
    *,
    shown: list[Entry],
    colours: MethodColours,
) -> NamedFigure | None:
    """Raw, masked and the methods in `shown`, all on one score axis. None where there are no histograms."""
    strips = _strips(index, curves, panel, shown, colours)
    if not strips:
        return None
    threshold = _frozen_threshold(index, panel, target)
    left, right = _range([curve for *_, curve in strips], threshold)
    height = _STRIP * len(strips) + 0.8
    figure = new_figure(6.3, height)
    for place, (label, colour, condition, entry, curve) in enumerate(strips):
        bottom = (0.48 + _STRIP * (len(strips) - 1 - place)) / height
        axes = figure.add_axes((0.265, bottom, 0.46, _STRIP * 0.86 / height))
        for counts, tint, alpha in ((curve.nonmated, MUTED, 0.35), (curve.mated, colour, 0.65)):
            if np.sum(counts) > 0:
                edges, shares = _merged(curve.edges, counts)
                hill = axes.fill_between(
                    (edges[:-1] + edges[1:]) / 2,
                    shares,
                    facecolor=to_rgba(tint, alpha),
                    edgecolor=to_rgba(tint),
                    linewidth=0.0 if tint == MUTED else 0.8,
                )
                hill.sticky_edges.y[:] = [0, np.inf]  # no margin below
        axes.set_xlim(left, right)
        axes.set_axis_off()
        axes.axhline(0, color=LINE, linewidth=0.8)
        if threshold is not None:
            axes.axvline(threshold, ymax=1.12, color=ALERT, linewidth=0.9, linestyle=(0, (3, 2)), clip_on=False)
        name = in_lines(label, LABEL_CHARACTERS)
        write_lines(axes, -0.03, 0.16, name, transform=axes.transAxes, ha="right", color=INK)
        rates = [
            index.value(panel, metric, condition=condition, entry=entry, kind="frozen", target=target)
            for metric in ("gfrr", "fmr")
        ]
        for x, rate, decimals in ((1.22, rates[0], 1), (1.54, rates[1], rate_decimals(target))):
            axes.text(x, 0.16, percent(rate, decimals), transform=axes.transAxes, ha="right", va="center",
                      fontsize=SMALL_TEXT)  # fmt: skip
        if place == 0:
            for x, text in ((1.22, "GFRR"), (1.54, "realised FMR")):
                axes.text(x, 1.08, text, transform=axes.transAxes, ha="right", va="bottom", color=MUTED,
                          fontsize=SMALL_TEXT)  # fmt: skip
            if threshold is not None:
                axes.text(threshold, axes.get_ylim()[1] * 1.12, f"threshold for FMR {target_text(target)}",
                          ha="center", va="bottom", color=ALERT, fontsize=SMALL_TEXT)  # fmt: skip
        if place == len(strips) - 1:
            _number(axes, left, right)
            axes.text(0.5, -0.52, "score: grey non-mated, coloured mated comparisons", transform=axes.transAxes,
                      ha="center", va="top", color=MUTED, fontsize=SMALL_TEXT)  # fmt: skip
    title = f"Score distributions on {panel_title(index, panel)}, with the frozen threshold"
    return NamedFigure(file_name("scores", *panel_parts(index, panel)), title, panel_title(index, panel), figure)


def _number(axes: Axes, left: float, right: float) -> None:
    """The numbers of the one score axis, below the last strip."""
    for tick in MaxNLocator(5).tick_values(left, right):
        if left <= tick <= right:
            axes.plot([tick, tick], [0, -0.07], transform=axes.get_xaxis_transform(), color=LINE, clip_on=False,
                      linewidth=0.8)  # fmt: skip
            axes.text(tick, -0.12, f"{tick:.3g}".replace("-", "−"), transform=axes.get_xaxis_transform(), ha="center",
                      va="top", color=MUTED, fontsize=SMALL_TEXT)  # fmt: skip


def _strips(
    index: ResultsIndex, curves: Sequence[CellCurves], panel: Panel, shown: list[Entry], colours: MethodColours
) -> list[tuple[str, str, str, Entry | None, CellCurves]]:
    mine = [curve for curve in curves if panel_of(curve.cell) == panel and np.sum(curve.mated) > 0]
    strips: list[tuple[str, str, str, Entry | None, CellCurves]] = []
    for condition, label in (("raw-raw", "raw"), ("raw-masked", "masked probe")):
        strips += [
            (label, INK, condition, None, curve)
            for curve in mine
            if curve.cell.method == NO_METHOD and curve.cell.condition == condition
        ]
    for wanted in shown:
        strips += [
            (index.label(wanted), colours.colour(wanted), "raw-restored", wanted, curve)
            for curve in mine
            if curve.cell.condition == "raw-restored" and entry_of(curve.cell) == wanted
        ]
    return strips


def _merged(edges: NDArray[np.float64], counts: NDArray[np.int64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Edges and density of a histogram, its bins joined in twos to fours where few comparisons would make it jagged."""
    total = int(np.sum(counts))
    joined = next(factor for factor, enough in ((1, 20_000), (2, 5_000), (3, 1_000), (4, 0)) if total >= enough)
    whole = len(counts) // joined * joined
    kept = edges[: whole + 1 : joined]
    heights = np.add.reduceat(np.asarray(counts[:whole], dtype=np.float64), np.arange(0, whole, joined))
    return kept, heights / (total * joined)


def _frozen_threshold(index: ResultsIndex, panel: Panel, target: float) -> float | None:
    for metric in ("gfrr", "fnmr", "fmr"):
        row = index.find(panel, metric, condition="raw-raw", kind="frozen", target=target)
        if row is not None and row.threshold is not None and np.isfinite(row.threshold):
            return row.threshold
    return None


def _range(curves: list[CellCurves], threshold: float | None) -> tuple[float, float]:
    """The scores that hold all but a ten-thousandth of the comparisons, and the threshold."""
    lows, highs = [], []
    for curve in curves:
        for counts in (curve.mated, curve.nonmated):
            total = float(np.sum(counts))
            if total > 0:
                share = np.cumsum(counts) / total
                lows.append(curve.edges[int(np.searchsorted(share, 1e-4))])
                last = min(int(np.searchsorted(share, 1 - 1e-4)) + 1, len(curve.edges) - 1)
                highs.append(curve.edges[last])
    ends = [*lows, *highs, *([threshold] if threshold is not None else [])]
    return (float(min(ends)), float(max(ends))) if ends else (0.0, 1.0)
