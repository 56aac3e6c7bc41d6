"""What the interactive figures are drawn from, as JSON values; the drawn SVG stands in where scripts do not run."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmark.reporting.formatting import missing
from benchmark.reporting.formatting import target as target_text
from benchmark.reporting.loss_series import loss_series
from benchmark.reporting.method_colours import MethodColours
from benchmark.reporting.results_index import (
    NO_METHOD,
    Entry,
    Panel,
    ResultsIndex,
    entry_of,
    panel_of,
    panel_title,
)
from benchmark.verification.measurement import CellCurves

_POINTS = 200
_TRAINING_POINTS = 120
_WITHOUT_METHOD = {"raw-raw": ("raw", "--ink"), "raw-masked": ("masked probe", "--muted")}


def panel_charts(
    index: ResultsIndex, curves: Iterable[CellCurves], panel: Panel, targets: Iterable[float], order: Iterable[Entry]
) -> str | None:
    """ROC, DET and recovery of one panel as JSON text.

    Args:
        index: the run's metric rows.
        curves: of every cell; those of other panels are passed over.
        panel: recogniser and setting.
        targets: false match rates for which recovery is shown, in the order of the page's switch.
        order: methods, best first.

    Returns:
        ``{"title", "targets", "edges", "frozen", "lines", "recovery"}``: `lines` have a name, a CSS variable as their
        colour, points ``[FMR, FNMR, threshold]``, a `band` of ``[FMR, low, high]``, histograms over `edges` and one
        matched threshold per target; `frozen` has the frozen one per target; `recovery` has one list per target of
        ``{name, colour, value, low, high, fair, seconds}`` (shares; seconds per image). None where there is nothing to
        draw.
    """
    colours = MethodColours(index.entries)
    shown = list(targets)
    mine = [curve for curve in curves if panel_of(curve.cell) == panel]
    lines = [line for curve in mine if (line := _line(index, curve, panel, colours, shown)) is not None]
    ranked = list(order)
    recovery = [_recoveries(index, panel, target, ranked, colours) for target in shown]
    if not lines and not any(recovery):
        return None
    data = {
        "title": panel_title(index, panel),
        "targets": [{"value": target, "text": target_text(target)} for target in shown],
        "edges": [_short(edge) for edge in mine[0].edges] if mine else [],
        "frozen": [_threshold(index, panel, target, "raw-raw", None, kind="frozen") for target in shown],
        "lines": lines,
        "recovery": recovery,
    }
    return json.dumps(data, separators=(",", ":"), allow_nan=False)


def training_charts(losses: Mapping[str, pd.DataFrame]) -> str | None:
    """Losses of methods as JSON text; None where there are none.

    Returns:
        One ``{name, clock, curves}`` each; `curves` have a name and points ``[clock, value]``.
    """
    drawn = []
    for name, table in losses.items():
        clock, series = loss_series(table)
        curves = [{"name": label, "points": _thinned(series[label])} for label in series]
        if curves:
            drawn.append({"name": name, "clock": clock, "curves": curves})
    return json.dumps(drawn, separators=(",", ":"), allow_nan=False) if drawn else None


def _line(
    index: ResultsIndex, curve: CellCurves, panel: Panel, colours: MethodColours, targets: list[float]
) -> dict[str, Any] | None:
    cell = curve.cell
    if len(curve.fmr) == 0:
        return None
    dash: list[int] = []
    entry = None
    if cell.method == NO_METHOD:
        if cell.condition not in _WITHOUT_METHOD:
            return None
        name, colour = _WITHOUT_METHOD[cell.condition]
        dash = [6, 4] if cell.condition == "raw-masked" else []
    elif cell.condition == "raw-restored":
        entry = entry_of(cell)
        name, colour = index.label(entry), _variable(colours, entry)
        dash = [2, 3] if index.privileged(entry) else []
    else:
        return None
    return {
        "name": name,
        "colour": colour,
        "dash": dash,
        "points": _points(curve),
        "band": [[_short(value) for value in row] for row in curve.band.tolist()],
        "mated": curve.mated.tolist(),
        "nonmated": curve.nonmated.tolist(),
        "matched": [_threshold(index, panel, target, cell.condition, entry, kind="matched") for target in targets],
    }


def _threshold(
    index: ResultsIndex, panel: Panel, target: float, condition: str, entry: Entry | None, *, kind: str
) -> float | None:
    kinds = (kind, "frozen") if condition == "raw-raw" else (kind,)  # on raw faces both are the same
    for one in kinds:
        row = index.find(panel, "gfrr", condition=condition, entry=entry, kind=one, target=target)
        if row is not None and row.threshold is not None and not missing(row.threshold):
            return _short(row.threshold)
    return None


def _short(value: float) -> float:
    """Five digits: more than a screen shows."""
    return float(f"{value:.5g}")


def _thinned(series: pd.Series[float]) -> list[list[float]]:
    """At most `_TRAINING_POINTS`, the last one among them."""
    step = max(1, -(-len(series) // _TRAINING_POINTS))
    places = sorted({*range(0, len(series), step), len(series) - 1})
    return [[_short(float(series.index[place])), _short(float(series.iloc[place]))] for place in places]


def _points(curve: CellCurves) -> list[list[float]]:
    """``[FMR, FNMR, threshold]``, thinned evenly in the logarithm of the FMR; real points, never interpolated."""
    fmr: NDArray[np.float64] = np.asarray(curve.fmr, dtype=np.float64)
    usable = np.flatnonzero((fmr > 0) & np.isfinite(curve.thresholds))
    if len(usable) > _POINTS:
        wanted = np.geomspace(fmr[usable[0]], fmr[usable[-1]], _POINTS)
        places = np.searchsorted(fmr[usable], wanted, side="right") - 1
        usable = usable[np.unique(np.clip(places, 0, len(usable) - 1))]
    columns = (fmr[usable], np.asarray(curve.fnmr)[usable], np.asarray(curve.thresholds)[usable])
    return [[_short(value) for value in point] for point in zip(*columns, strict=True)]


def _recoveries(
    index: ResultsIndex, panel: Panel, target: float, order: Iterable[Entry], colours: MethodColours
) -> list[dict[str, Any]]:
    found = []
    for entry in order:
        row = index.find(panel, "recovery", condition="raw-restored", entry=entry, kind="matched", target=target)
        if row is None or row.value is None or missing(row.value):
            continue
        seconds = index.value(panel, "seconds_per_image", condition="raw-restored", entry=entry)
        bounds = [None if end is None or missing(end) else round(end, 5) for end in (row.ci_low, row.ci_high)]
        found.append(
            {
                "name": index.label(entry),
                "colour": _variable(colours, entry),
                "value": round(row.value, 5),
                "low": bounds[0],
                "high": bounds[1],
                "seconds": None if seconds is None else _short(seconds),
                "fair": not index.privileged(entry) and not index.saw(entry, panel.recogniser),
            }
        )
    return found


def _variable(colours: MethodColours, entry: Entry) -> str:
    """``var(--m3)`` as ``--m3``: a canvas must look it up."""
    return colours.variable(entry).removeprefix("var(").removesuffix(")")
