"""Training curves: one small figure a trained method."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, MaxNLocator

from benchmark.reporting.figure_style import SMALL_TEXT, NamedFigure, bare, new_figure
from benchmark.reporting.file_names import file_name
from benchmark.reporting.formatting import number
from benchmark.reporting.loss_series import clocked

_HUES = ("#0072b2", "#d55e00", "#009e73", "#b0559b", "#b8860b", "#46a5d8")
_VALIDATION = "validation_"
_LOG_SPAN = 20.0
_LABEL_INCHES = 0.19
_BOTTOM, _TOP = 0.18, 0.84


def training_figure(method: str, losses: pd.DataFrame) -> NamedFigure | None:
    """Every loss against the epoch or step, what was measured in training on the left and in validation on the right.

    None where there is nothing to draw.
    """
    clock, time, curves = clocked(losses)
    if curves.empty:
        return None
    groups = [
        [str(name) for name in curves.columns if str(name).startswith(_VALIDATION) is wanted]
        for wanted in (False, True)
    ]
    shown = [group for group in groups if group]
    figure = new_figure(6.3, max(2.4, 0.5 + _LABEL_INCHES * max(len(group) for group in shown)))
    for place, group in enumerate(shown):
        axes = figure.add_axes((0.07 + 0.57 * place, _BOTTOM, 0.17 if len(shown) > 1 else 0.55, _TOP - _BOTTOM))
        _draw(axes, time, curves[group], gap=_LABEL_INCHES / (figure.get_figheight() * (_TOP - _BOTTOM)))
        axes.set(xlabel=clock, ylabel="")
        if len(shown) > 1:
            axes.set_title("validation" if group[0].startswith(_VALIDATION) else "training", loc="left")
    return NamedFigure(file_name("training", method), f"Training curves of {method}", method, figure)


def _draw(axes: Axes, time: pd.Series[float], curves: pd.DataFrame, *, gap: float) -> None:
    ends = []
    for place, name in enumerate(curves.columns):
        values = curves[name].astype(float)
        known = values.notna().to_numpy()
        colour = _HUES[place % len(_HUES)]
        axes.plot(time[known], values[known], color=colour, linewidth=1.5)
        called = str(name).removeprefix("train_").removeprefix(_VALIDATION).replace("_", " ")
        ends.append((float(values[known].iloc[-1]), called, colour))
    drawn = curves.to_numpy(dtype=float)
    drawn = drawn[np.isfinite(drawn)]
    if drawn.min() > 0 and drawn.max() / drawn.min() > _LOG_SPAN:
        axes.set_yscale("log")
    axes.minorticks_off()
    axes.xaxis.set_major_locator(MaxNLocator(5, integer=True, min_n_ticks=1))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:.3g}"))
    bare(axes, grid="y")
    low, high = axes.get_ylim()
    scale = axes.transScale + axes.transLimits
    spaced = _spread(
        [(float(scale.transform((1, end))[1]), end, name, colour) for end, name, colour in sorted(ends)],
        gap=gap,
    )
    for y, end, name, colour in spaced:
        digits = 1 if abs(end) >= 10 else 3 if abs(end) >= 0.1 else 5
        axes.text(1.03, y, f"{name} {number(end, digits)}", transform=axes.transAxes, va="center", color=colour,
                  fontsize=SMALL_TEXT)  # fmt: skip
    axes.set_ylim(low, high)


def _spread(labels: list[tuple[float, float, str, str]], *, gap: float) -> list[tuple[float, float, str, str]]:
    """Move labels, lowest first, so far apart that none covers another, and down again from the top."""
    placed: list[tuple[float, float, str, str]] = []
    for y, *rest in labels:
        floor = placed[-1][0] + gap if placed else 0.0
        placed.append((max(y, floor), *rest))  # type: ignore[arg-type]
    ceiling = max(1.0, gap * (len(placed) - 1))
    lowered: list[tuple[float, float, str, str]] = []
    for y, *rest in reversed(placed):
        lowered.append((min(y, ceiling), *rest))  # type: ignore[arg-type]
        ceiling = lowered[-1][0] - gap
    return lowered[::-1]
