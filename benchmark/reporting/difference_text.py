"""A difference between two runs in words: which method before which recogniser, how large, how certain."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from benchmark.cards import Card
from benchmark.reporting.formatting import interval, number
from benchmark.reporting.results_index import name_asked_for
from benchmark.verification.difference import Difference

IDENTICAL = "identical scores"
_POINTS = frozenset({"gfrr", "fmr", "accuracy"})


def difference_text(row: Difference) -> str:
    """The difference with its interval, in points where it is one of shares; nothing is uncertain of equal scores.

    >>> from dataclasses import fields, replace
    >>> row = Difference(**{field.name: 0 for field in fields(Difference)})
    >>> difference_text(row)
    '0.0000 (0.0000 to 0.0000)'
    >>> difference_text(replace(row, ci_low=None, ci_high=None))
    'identical scores'
    """
    if row.identical:
        return IDENTICAL
    scale, decimals = (100.0, 2) if row.metric in _POINTS else (1.0, 4)
    return (
        f"{number(row.difference * scale, decimals, signed=True)} "
        f"({interval(row.ci_low, row.ci_high, scale=scale, decimals=decimals)})"
    )


@dataclass(frozen=True)
class DifferenceNames:
    """What the methods and judges of some differences are called, each so that no other is called the same.

    Attributes:
        rows: the differences.
        cards: of what took part in the runs, by name.
    """

    rows: Sequence[Difference]
    cards: Mapping[str, Card]

    def method(self, row: Difference) -> str:
        """The method as it was asked for, with the source of its mask where that alone tells two apart."""
        name = name_asked_for(row.method, row.preset, self.cards)
        namesakes = [other for other in self.rows if name_asked_for(other.method, other.preset, self.cards) == name]
        parts = [
            getattr(row, field)
            for field in ("preset", "mask_source")
            if len({getattr(other, field) for other in namesakes}) > 1
        ]
        return f"{name} ({', '.join(parts)})" if parts else name

    def judge(self, row: Difference) -> str:
        """The recogniser, with the arm, size, data set and protocol where the runs have several."""
        fields = {"acquisition": "{}", "size": "{} px", "dataset": "{}", "protocol": "{}"}
        parts = [
            text.format(getattr(row, field))
            for field, text in fields.items()
            if len({getattr(other, field) for other in self.rows}) > 1
        ]
        return f"{row.recogniser} ({', '.join(parts)})" if parts else row.recogniser
