"""Training curves: one small figure a trained method."""

from __future__ import annotations

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.ticker import FuncFormatter

from benchmark.reporting.figure_style import SMALL_TEXT, NamedFigure, bare, file_name, new_figure
from benchmark.reporting.formatting import number

_CLOCKS = ("epoch", "step", "iteration", "batch")
_NOT_A_LOSS = {*_CLOCKS, "seconds", "time", "lr", "learning_rate"}
_HUES = ("#0072b2", "#d55e00", "#009e73", "#b0559b", "#b8860b", "#46a5d8")
_LOG_SPAN = 20.0


def training_figure(method: str, losses: pd.DataFrame) -> NamedFigure | None:
    """Every loss against the epoch or step; None where there is nothing to draw."""
    numeric = losses.select_dtypes("number")
    clock = next((name for name in _CLOCKS if name in numeric.columns), None)
    names = [name for name in numeric.columns if str(name) not in _NOT_A_LOSS and numeric[name].notna().any()]
    if not names or losses.empty:
        return None
    time = numeric[clock] if clock is not None else pd.Series(np.arange(1, len(losses) + 1))
    figure = new_figure(6.3, 2.7)
    axes = figure.add_axes((0.09, 0.18, 0.56, 0.76))
    ends = []
    for place, name in enumerate(names):
        values = numeric[name].astype(float)
        known = values.notna().to_numpy()
        colour = _HUES[place % len(_HUES)]
        sns.lineplot(x=time[known], y=values[known], ax=axes, color=colour, linewidth=1.5, legend=False)
        ends.append((float(values[known].iloc[-1]), str(name).replace("_", " "), colour))
    axes.set(xlabel=clock or "epoch", ylabel="")
    drawn = numeric[names].to_numpy(dtype=float)
    drawn = drawn[np.isfinite(drawn)]
    if drawn.min() > 0 and drawn.max() / drawn.min() > _LOG_SPAN:
        axes.set_yscale("log")
    axes.minorticks_off()
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:.3g}"))
    bare(axes, grid="y")
    low, high = axes.get_ylim()
    scale = axes.transScale + axes.transLimits
    spaced = _spread([(float(scale.transform((1, end))[1]), end, name, colour) for end, name, colour in sorted(ends)])
    for y, end, name, colour in spaced:
        digits = 1 if abs(end) >= 10 else 3 if abs(end) >= 0.1 else 5
        axes.text(1.03, y, f"{name} {number(end, digits)}", transform=axes.transAxes, va="center", color=colour,
                  fontsize=SMALL_TEXT)  # fmt: skip
    axes.set_ylim(low, high)
    return NamedFigure(file_name("training", method), f"Training curves of {method}", method, figure)


def _spread(labels: list[tuple[float, float, str, str]], gap: float = 0.12) -> list[tuple[float, float, str, str]]:
    """Move labels, lowest first, so far apart that none covers another."""
    placed: list[tuple[float, float, str, str]] = []
    for y, *rest in labels:
        floor = placed[-1][0] + gap if placed else 0.0
        placed.append((max(y, floor), *rest))  # type: ignore[arg-type]
    return placed
