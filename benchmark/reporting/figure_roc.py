"""ROC and DET curves: mated comparisons accepted, or rejected, at every false match rate, beside a ranked legend."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

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
from benchmark.reporting.formatting import percent
from benchmark.reporting.formatting import target as target_text
from benchmark.reporting.method_colours import INK, MUTED, MethodColours
from benchmark.reporting.results_index import (
    NO_METHOD,
    Panel,
    ResultsIndex,
    entry_of,
    panel_of,
    panel_parts,
    panel_title,
)
from benchmark.verification.measurement import CellCurves

_POINTS = 240
_HEIGHT, _AXES_SHARE, _TEXT_LINE = 3.6, 0.78, 0.165
"""Least height of the figure, share of it that the axes take, and height of a line of the legend; inches."""
_MAX_TICKS = 5
_MOST_BANDS = 6
_PRIVILEGED_DASH = (0.0, (1.2, 1.4))


@dataclass(frozen=True)
class _Line:
    label: str
    fmr: NDArray[np.float64]
    tar: NDArray[np.float64]
    at_target: float
    style: dict[str, Any]
    band: NDArray[np.float64]
    ranked: bool = False


def roc_figure(
    index: ResultsIndex,
    curves: Iterable[CellCurves],
    panel: Panel,
    target: float,
    colours: MethodColours,
    *,
    rejected: bool = False,
    make_figure: Callable[[float, float], Figure] = new_figure,
) -> NamedFigure | None:
    """Raw, masked and every method; the legend ranks them at `target`. None where there are no curves.

    Shaded is FNMR's 95 % interval: of every line where there are few, else of raw and masked faces and the best two
    methods.

    Args:
        index: the run's metric rows.
        curves: of every cell; those of other panels are passed over.
        panel: recogniser and setting.
        target: false match rate.
        colours: of the methods.
        rejected: draw what is rejected, on a log axis (DET), instead of what is accepted (ROC).
        make_figure: takes width and height in inches.
    """
    lines = _lines(index, curves, panel, target, colours)
    if not lines:
        return None
    names = [in_lines(line.label, LABEL_CHARACTERS) for line in lines]
    height = max(_HEIGHT, _TEXT_LINE * sum(1 + name.count("\n") for name in names) / _AXES_SHARE)
    figure = make_figure(6.3, height)
    axes = figure.add_axes((0.09, 0.15 * _HEIGHT / height, 0.52, 1 - 0.22 * _HEIGHT / height))
    axes.set_xscale("log")
    lowest = min(float(line.fmr[line.fmr > 0].min()) for line in lines if (line.fmr > 0).any())
    axes.set_xlim(max(min(lowest, target / 2), 1e-6), 1.0)
    if rejected:
        missed = [float(1 - line.tar[line.tar < 1].max()) for line in lines if (line.tar < 1).any()]
        axes.set_yscale("log")
        axes.set_ylim(max(min(missed, default=1e-3), 1e-4) / 1.3, 1.0)
    else:
        axes.set_ylim(0, 1.005)
    axes.axvline(target, color=MUTED, linewidth=0.8, linestyle=(0, (3, 2)))
    for order, line in enumerate(reversed(lines)):
        axes.plot(line.fmr, 1 - line.tar if rejected else line.tar, zorder=2 + order, **line.style)
    for line in _banded(lines):
        ends = line.band[:, 1:] if rejected else 1 - line.band[:, 1:]
        axes.fill_between(line.band[:, 0], *ends.T, color=line.style["color"], alpha=0.13, linewidth=0)
    ticks = [tick for tick in 10.0 ** np.arange(-6, 1) if tick >= axes.get_xlim()[0] * 0.99]
    every = 2 if len(ticks) > _MAX_TICKS else 1  # the largest one always has its label
    labels = [target_text(tick) if place % every == 0 else "" for place, tick in enumerate(reversed(ticks))]
    axes.set_xticks(ticks, labels[::-1])
    axes.minorticks_off()
    axes.tick_params(axis="x", pad=8)
    if rejected:
        shares = np.array([share for share in (1e-4, 1e-3, 1e-2, 0.1, 1.0) if share >= axes.get_ylim()[0]])
        axes.set_yticks(shares, [target_text(float(share)) for share in shares])
        axes.minorticks_off()
    else:
        shares = np.linspace(0, 1, 6)
        axes.set_yticks(
            shares, ["", *(percent(share, 0) for share in shares[1:])]
        )  # 0 would meet the first false match rate
    axes.set_xlabel("false match rate, log scale")
    which = "rejected" if rejected else "accepted"
    axes.set_title(f"mated comparisons {which}, of those completed", loc="left", color=MUTED, fontsize=SMALL_TEXT)
    bare(axes, grid="both")
    step = _TEXT_LINE / (height * _AXES_SHARE)
    y = 1.0
    axes.text(1.74, 1.0, f"at {target_text(target)}", transform=axes.transAxes, ha="right", va="bottom",
              color=MUTED, fontsize=SMALL_TEXT)  # fmt: skip
    for name, line in zip(names, lines, strict=True):
        y -= step * (1 + name.count("\n") / 2)
        axes.plot([1.05, 1.12], [y, y], transform=axes.transAxes, clip_on=False, **line.style)
        write_lines(axes, 1.15, y, name, transform=axes.transAxes, fontsize=SMALL_TEXT)
        share = 1 - line.at_target if rejected else line.at_target
        axes.text(1.74, y, percent(share), transform=axes.transAxes, ha="right", va="center",
                  fontsize=SMALL_TEXT)  # fmt: skip
        y -= step * name.count("\n") / 2
    kind = "DET" if rejected else "ROC"
    title = f"{kind} curves on {panel_title(index, panel)}: raw, masked and every method"
    return NamedFigure(file_name(kind.lower(), *panel_parts(index, panel)), title, panel_title(index, panel), figure)


def _lines(
    index: ResultsIndex, curves: Iterable[CellCurves], panel: Panel, target: float, colours: MethodColours
) -> list[_Line]:
    lines = []
    for curve in curves:
        cell = curve.cell
        if panel_of(cell) != panel or len(curve.fmr) == 0:
            continue
        style: dict[str, Any]
        if cell.method == NO_METHOD and cell.condition == "raw-raw":
            label, style = "raw", {"color": INK, "linewidth": 1.8}
        elif cell.method == NO_METHOD and cell.condition == "raw-masked":
            label, style = "masked probe", {"color": INK, "linewidth": 1.4, "linestyle": (0.0, (4.0, 1.8))}
        elif cell.method == NO_METHOD and cell.condition == "masked-masked":
            label, style = "both masked", {"color": MUTED, "linewidth": 1.1, "linestyle": (0.0, (4.0, 1.8))}
        elif cell.condition == "raw-restored" and cell.method != NO_METHOD:
            entry = entry_of(cell)
            dash = _PRIVILEGED_DASH if index.privileged(entry) else colours.dash(entry)
            label, style = index.label(entry), {"color": colours.colour(entry), "linewidth": 1.4, "linestyle": dash}
        else:
            continue
        fmr, tar = np.asarray(curve.fmr, dtype=np.float64), 1.0 - np.asarray(curve.fnmr, dtype=np.float64)
        measured = index.value(
            panel,
            "tar",
            condition=cell.condition,
            entry=None if cell.method == NO_METHOD else entry_of(cell),
            kind="matched",
            target=target,
        )
        at_target = _at(fmr, tar, target) if measured is None else measured
        ranked = cell.method != NO_METHOD and not index.privileged(entry_of(cell))
        lines.append(_Line(label, *_thinned(fmr, tar), at_target, style, curve.band, ranked))
    return sorted(lines, key=lambda line: -line.at_target)


def _banded(lines: list[_Line]) -> list[_Line]:
    """The lines that get a band: more than a few would cover each other."""
    if len(lines) > _MOST_BANDS:
        best = [line for line in lines if line.ranked][:2]
        lines = [line for line in lines if line.label in ("raw", "masked probe") or any(line is one for one in best)]
    return [line for line in lines if len(line.band) > 1]


def _at(fmr: NDArray[np.float64], tar: NDArray[np.float64], target: float) -> float:
    """The best TAR that keeps to the target: by counting, never interpolated."""
    kept = tar[fmr <= target]
    return float(kept.max()) if len(kept) else 0.0


def _thinned(fmr: NDArray[np.float64], tar: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """At most a few hundred points, even on the log axis, so that the file stays small."""
    order = np.argsort(fmr, kind="stable")
    fmr, tar = fmr[order], tar[order]
    keep = fmr > 0
    fmr, tar = fmr[keep], tar[keep]
    if len(fmr) <= _POINTS:
        return fmr, tar
    wanted = np.geomspace(fmr[0], fmr[-1], _POINTS)
    chosen = np.unique(np.clip(np.searchsorted(fmr, wanted, side="right") - 1, 0, len(fmr) - 1))
    return fmr[chosen], tar[chosen]
