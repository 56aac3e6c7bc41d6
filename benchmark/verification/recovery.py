"""What a method wins back, and what it costs those who wear no mask.

All work on generalised false reject rates, so that losing hard faces earns nothing, and on arrays: one element a
bootstrap replicate, the first the sample itself.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def recovery(masked: Floats, restored: Floats, raw: Floats) -> Floats:
    """Share of the loss won back: (GFRR_raw-masked − GFRR_raw-restored) / (GFRR_raw-masked − GFRR_raw-raw).

    1 = mask undone, 0 = no help, below 0 = harmful; NaN where the mask costs nothing.

    >>> recovery(np.array([.5]), np.array([.3]), np.array([.1]))
    array([0.5])
    """
    lost = loss(masked, raw)
    share: Floats = np.full(lost.shape, np.nan)
    return np.divide(gain(masked, restored), lost, out=share, where=lost != 0)


def loss(masked: Floats, raw: Floats) -> Floats:
    """What the mask costs: GFRR_raw-masked − GFRR_raw-raw, the denominator of recovery."""
    return np.asarray(masked - raw)


def gain(masked: Floats, restored: Floats) -> Floats:
    """What the method wins: GFRR_raw-masked − GFRR_raw-restored, the numerator of recovery."""
    return np.asarray(masked - restored)


def harm(passthrough: Floats, raw: Floats) -> Floats:
    """What the method costs people who wear no mask: GFRR_raw-passthrough − GFRR_raw-raw."""
    return np.asarray(passthrough - raw)
