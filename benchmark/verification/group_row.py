"""The rows of ``groups.csv``."""

from __future__ import annotations

from dataclasses import dataclass, fields

from benchmark.verification.base import Cell

WORST_TO_BEST = "worst / best"
"""In the column ``group``: the ratio between the groups with the highest and the lowest rate."""


@dataclass(frozen=True)
class GroupRow(Cell):
    """A row of ``groups.csv``: one rate of one group of people. None is written as an empty field.

    Attributes:
        attribute: e.g. ``sex``.
        group: e.g. ``female``; `WORST_TO_BEST` for the ratio, whose worst and best group are named in `note`.
        metric: ``gfrr`` or ``fmr``.
        target: FMR that the frozen threshold was set for, over everybody.
        value: the rate, a share; or the ratio.
        ci_low: lower end of the 95 % interval, by people.
        ci_high: upper end.
        subjects: people of the group in mated comparisons (``gfrr``) or in non-mated ones (``fmr``).
        comparisons: the comparisons of the group.
        threshold: the frozen one.
        note: why the value is empty, or which groups a ratio is of.
    """

    attribute: str
    group: str
    metric: str
    target: float
    value: float | None
    ci_low: float | None
    ci_high: float | None
    subjects: int
    comparisons: int
    threshold: float
    note: str = ""


GROUP_COLUMNS: tuple[str, ...] = tuple(field.name for field in fields(GroupRow))
"""The columns of ``groups.csv``, in order."""
