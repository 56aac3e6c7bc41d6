"""What every metric offers, and the rows that metrics become."""

from __future__ import annotations

from abc import ABC
from dataclasses import dataclass, fields
from typing import ClassVar

from benchmark.cards import AVAILABLE, Availability, Card


class Metric(ABC):
    """A number that says how well people are told apart, or how like the truth a restored image is."""

    card: ClassVar[Card] = Card()
    version: ClassVar[int] = 1
    higher_is_better: ClassVar[bool]
    unit: ClassVar[str] = ""

    @classmethod
    def availability(cls) -> Availability:
        """Whether the metric can be computed here."""
        return AVAILABLE


@dataclass(frozen=True)
class Cell:
    """What a set of scores belongs to: one cell of the matrix method × recogniser × condition.

    The fields are the leading columns of ``metrics.csv`` and, with `mask_type`, `metric`, `threshold_kind` and
    `target`, its key.
    """

    dataset: str
    protocol: str
    acquisition: str
    size: str
    recogniser: str
    method: str
    preset: str
    train_data: str
    mask_source: str
    condition: str


@dataclass(frozen=True)
class MetricRow:
    """One row of ``metrics.csv``: one value. ``None`` is written as an empty field."""

    dataset: str
    protocol: str
    acquisition: str
    size: str
    recogniser: str
    method: str
    preset: str
    train_data: str
    mask_source: str
    condition: str
    mask_type: str
    metric: str
    threshold_kind: str
    target: float | None
    value: float | None
    ci_low: float | None
    ci_high: float | None
    n_mated: int
    n_nonmated: int
    n_failed: int
    threshold: float | None


METRIC_COLUMNS: tuple[str, ...] = tuple(field.name for field in fields(MetricRow))
"""The columns of ``metrics.csv``, in order: a contract."""
KEY_COLUMNS: tuple[str, ...] = METRIC_COLUMNS[: METRIC_COLUMNS.index("value")]
"""No two rows share all of these."""
