"""What a training's table of losses holds: the clock, and each loss over it."""

from __future__ import annotations

import numpy as np
import pandas as pd

_CLOCKS = ("epoch", "step", "iteration", "batch")
_NOT_A_LOSS = {*_CLOCKS, "seconds", "time", "lr", "learning_rate", "images_per_second", "peak_memory_mib"}


def loss_series(losses: pd.DataFrame) -> tuple[str, dict[str, pd.Series[float]]]:
    """What the curves of one method count time in, and each loss by its name: finite values, indexed by that time."""
    clock, time, curves = clocked(losses)
    found = {}
    for name in curves.columns:
        values = curves[name].astype(float).to_numpy()
        known = np.isfinite(values)
        if known.any():
            found[str(name).replace("_", " ")] = pd.Series(values[known], index=time.to_numpy()[known])
    return clock, found


def clocked(losses: pd.DataFrame) -> tuple[str, pd.Series[float], pd.DataFrame]:
    """The name of the clock, its time in each row, and the losses; no columns where there is nothing to draw."""
    numeric = losses.select_dtypes("number")
    clock = next((name for name in _CLOCKS if name in numeric.columns), None)
    time = numeric[clock] if clock is not None else pd.Series(np.arange(1, len(losses) + 1), dtype=float)
    names = [name for name in numeric.columns if str(name) not in _NOT_A_LOSS and numeric[name].notna().any()]
    return clock or "epoch", time, numeric[names]
