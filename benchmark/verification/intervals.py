"""Intervals of 95 % from an estimate, its variance and its replicates."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from benchmark.verification.bootstrap import percentile_interval
from benchmark.verification.dyadic import effective_size

LEVEL = 0.95
FEW_EVENTS = 5
"""Below so many events their own spread says too little of the variance."""
RULE_OF_THREE = 3.0
"""−ln(1 − 0.95): none of n independent trials failed, and the rate is below 3/n with 95 % confidence (Hanley and
Lippman-Hand, JAMA 249(13), 1983)."""


def quantile(subjects: int) -> float:
    """Of Student's t with a degree of freedom less than there are subjects: half the width, in standard errors."""
    from scipy import special  # noqa: PLC0415  # takes half a second; its `stats`, a second

    return float(special.stdtrit(max(subjects - 1, 1), (1 + LEVEL) / 2))


def share_interval(value: float, size: float, *, subjects: int) -> tuple[float, float]:
    """Wilson's interval of a share, never of no width.

    Wilson, *Probable inference, the law of succession, and statistical inference*, JASA 22, 1927.

    Args:
        value: the share, in [0, 1].
        size: how many independent trials the observations are worth: value · (1 − value) / variance, or from a design
            effect where hardly anything happened.
        subjects: that the observations come from.

    >>> low, high = share_interval(0.0, 100, subjects=1000)
    >>> low, round(high, 3)
    (0.0, 0.037)
    """
    squared = quantile(subjects) ** 2
    middle = (value + squared / (2 * size)) / (1 + squared / size)
    half = np.sqrt(squared * (value * (1 - value) / size + squared / (4 * size**2))) / (1 + squared / size)
    low, high = max(0.0, float(middle - half)), min(1.0, float(middle + half))
    return (0.0 if value <= 0 else low), (1.0 if value >= 1 else high)


def share_of_people(which: NDArray[np.bool_], subjects: NDArray[np.integer]) -> tuple[float, float]:
    """Wilson's interval of the share of N observations for which `which` holds, by the subjects they belong to.

    The observations are worth value · (1 − value) / V independent ones, V = Σ_i (Σ of i's residuals)² / N²; where
    hardly any or hardly any other was seen, as many as if all of one subject were alike.

    Args:
        which: ``bool (N,)``, N ≥ 1.
        subjects: ``(N,)``, codes.

    >>> low, high = share_of_people(np.zeros(100, dtype=bool), np.arange(100))
    >>> low, round(high, 3)
    (0.0, 0.038)
    """
    count, value = len(which), float(np.mean(which))
    sizes = np.bincount(subjects)
    sums = np.bincount(subjects, weights=which - value)
    people = int(np.count_nonzero(sizes))
    least = effective_size(sizes)
    events = min(np.count_nonzero(which), count - np.count_nonzero(which))
    if events < FEW_EVENTS:
        return share_interval(value, least, subjects=people)
    return share_interval(value, value * (1 - value) * count**2 / float(sums @ sums), subjects=people)


def shrunk_interval(values: NDArray[np.float64], shrinkage: float, *, least: float = 0.0) -> tuple[float, float] | None:
    """The percentile interval of a bootstrap over subjects, freed of what its product weights have too much.

    Args:
        values: ``(R + 1,)``, the estimate first; NaN where undefined.
        shrinkage: see `dyadic.Spread.shrinkage`.
        least: half-width that the interval has at least, added in quadrature on either side.

    Returns:
        Lower and upper end; None where `percentile_interval` gives none.
    """
    interval = percentile_interval(values)
    if interval is None:
        return None
    below, above = (shrinkage * (end - values[0]) for end in interval)
    return (
        float(values[0] - np.hypot(min(below, 0.0), least)),
        float(values[0] + np.hypot(max(above, 0.0), least)),
    )
