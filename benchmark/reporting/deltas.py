"""Two runs joined value by value: what changed, by how much, and whether their intervals allow it to be chance."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmark.verification.base import KEY_COLUMNS
from benchmark.verification.metric_description import MetricDescription

_CARRIED = ("value", "ci_low", "ci_high", "n_mated", "n_nonmated", "n_failed", "threshold")
DELTA_COLUMNS: tuple[str, ...] = (
    *KEY_COLUMNS,
    "in_runs",
    *(f"{name}_a" for name in _CARRIED),
    *(f"{name}_b" for name in _CARRIED),
    "delta",
    "better",
    "exceeds_both_intervals",
)
"""The columns of ``deltas.csv``, in order."""


def join_runs(a: pd.DataFrame, b: pd.DataFrame, metrics: Mapping[str, MetricDescription]) -> pd.DataFrame:
    """Every row of either run, in A's order and then B's, with `DELTA_COLUMNS`.

    ``delta`` is B − A. ``better`` names the run with the better value (``a``, ``b``, ``equal``; empty where there is no
    better, as for ``recovery_frozen``). ``exceeds_both_intervals`` is ``yes`` where each value is outside the other's
    interval (widened to hold its own value), ``no`` where one does not, empty where an interval is missing. Runs on the
    same comparisons vary together, so that ``no`` does not prove that nothing changed.

    Args:
        a: what `metrics_file.read_metrics` returns.
        b: likewise.
        metrics: descriptions, by the name in the column ``metric``; one without has no better direction.
    """
    joined = a.merge(b, how="outer", on=list(KEY_COLUMNS), suffixes=("_a", "_b"), indicator="in_runs", sort=False)
    joined["in_runs"] = joined["in_runs"].astype(str).map({"both": "both", "left_only": "a", "right_only": "b"})
    order = {key: place for place, key in enumerate([*_keys(a), *_keys(b)][::-1])}
    places = pd.Series([-order[key] for key in _keys(joined)], index=joined.index)
    joined = joined.loc[places.sort_values(kind="stable").index].reset_index(drop=True)
    joined["delta"] = joined["value_b"] - joined["value_a"]
    joined["better"] = [
        _better(metrics.get(str(name)), delta) for name, delta in zip(joined["metric"], joined["delta"], strict=True)
    ]
    joined["exceeds_both_intervals"] = _exceeds(joined)
    return joined[list(DELTA_COLUMNS)]


def _keys(table: pd.DataFrame) -> list[tuple[object, ...]]:
    """Key tuples in which a missing target equals a missing target."""
    filled = table[list(KEY_COLUMNS)].astype({"target": object})
    filled["target"] = filled["target"].where(table["target"].notna(), None)
    return list(filled.itertuples(index=False, name=None))


def _better(metric: MetricDescription | None, delta: float) -> str:
    if metric is None or metric.higher_is_better is None or not np.isfinite(delta):
        return ""
    if delta == 0:
        return "equal"
    return "b" if (delta > 0) == metric.higher_is_better else "a"


def _exceeds(joined: pd.DataFrame) -> list[str]:
    a, b = (joined[[f"value_{run}", f"ci_low_{run}", f"ci_high_{run}"]].to_numpy(dtype=float) for run in "ab")
    outside = _outside(b[:, 0], a) & _outside(a[:, 0], b)
    known = np.isfinite(a).all(axis=1) & np.isfinite(b).all(axis=1)
    words: list[str] = np.where(known, np.where(outside, "yes", "no"), "").tolist()
    return words


def _outside(values: NDArray[np.float64], others: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Whether each value is outside the other's interval ``(N, 3)``: value, low, high.

    The interval is first widened to hold its own value: a realised FMR at its matched threshold is as high as counting
    allows, and in no replicate higher, so that it can be above its own interval.
    """
    beyond: NDArray[np.bool_] = (values < others.min(axis=1)) | (values > others.max(axis=1))
    return beyond
