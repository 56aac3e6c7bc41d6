"""A metric's values as text, by the metric's own description: every table, figure and comparison prints them alike."""

from __future__ import annotations

from benchmark.reporting.formatting import EN_DASH, MINUS, THIN_SPACE, duration, interval, memory, missing, number
from benchmark.verification.metric_description import MetricDescription

_SCALED = {"s": duration, "MiB": memory}
"""Units that are printed in the size that suits the value: ms or min, GiB."""


def heading(metric: MetricDescription) -> str:
    """Title and unit, for a column of bare numbers.

    >>> heading(MetricDescription(title="Harm", unit="points", share=True))
    'Harm, points'
    """
    if not metric.unit or metric.unit in _SCALED:
        return metric.title
    return f"{metric.title}, {metric.unit}" if metric.unit == "points" else f"{metric.title}\u00a0{metric.unit}"


def bare_value(metric: MetricDescription, value: float | None, *, decimals: int | None = None) -> str:
    """The number without its unit; a time or an amount of memory with it.

    >>> bare_value(MetricDescription(title="GFRR", share=True, unit="%", decimals=1), 0.1234)
    '12.3'
    """
    if value is None or missing(value):
        return EN_DASH
    if metric.unit in _SCALED:
        return _SCALED[metric.unit](value)
    digits = metric.decimals if decimals is None else decimals
    return number(value * _scale(metric), digits, signed=metric.signed)


def bare_interval(
    metric: MetricDescription, low: float | None, high: float | None, *, decimals: int | None = None
) -> str:
    """``low to high`` without unit; empty where there is none."""
    return interval(low, high, scale=_scale(metric), decimals=metric.decimals if decimals is None else decimals)


def set_by_its_threshold(name: str, text: str, within: str) -> bool:
    """Whether a printed rate and interval say only that the threshold was set on these very comparisons for this rate.

    >>> set_by_its_threshold("fmr", "0.10", "0.10 to 0.10"), set_by_its_threshold("gfrr", "0.0", "0.0 to 0.0")
    (True, False)
    """
    return name == "fmr" and within == f"{text} to {text}"


def full_value(metric: MetricDescription, value: float | None) -> str:
    """The number with its unit.

    >>> full_value(MetricDescription(title="PSNR", unit="dB", decimals=1), 20.04)
    '20.0\u202fdB'
    """
    text = bare_value(metric, value)
    return text if text == EN_DASH or not metric.unit or metric.unit in _SCALED else f"{text}{THIN_SPACE}{metric.unit}"


def difference(metric: MetricDescription, delta: float | None) -> str:
    """A signed difference of two values with one more decimal than they have; shares in points.

    >>> difference(MetricDescription(title="GFRR", share=True, unit="%", decimals=1), -0.0123)
    '−1.23'
    """
    if delta is None or missing(delta):
        return EN_DASH
    if delta == 0:
        return "0"
    if metric.unit in _SCALED:
        return ("+" if delta > 0 else MINUS) + _SCALED[metric.unit](abs(delta))
    return number(delta * _scale(metric), metric.decimals + 1, signed=True)


def _scale(metric: MetricDescription) -> float:
    return 100.0 if metric.share else 1.0
