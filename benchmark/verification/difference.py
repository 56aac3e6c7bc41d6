"""The rows of ``differences.csv``."""

from __future__ import annotations

from dataclasses import dataclass, fields


@dataclass(frozen=True)
class Difference:
    """What one method's value is above another's: a row of ``differences.csv``. None is written as an empty field.

    Attributes:
        dataset: as in ``metrics.csv``, and likewise `protocol`, `acquisition`, `size` and `recogniser`.
        method: the one.
        preset: its preset.
        mask_source: where it knows the mask from.
        other: the method it is set against; ``none`` = the mask is left on.
        other_preset: likewise.
        other_mask_source: likewise.
        metric: ``gfrr``, ``fmr``, ``auc`` or ``accuracy``.
        threshold_kind: ``matched``, ``frozen`` or ``none``.
        target: FMR; None where there is no threshold.
        difference: method − other.
        ci_low: lower end of the 95 % interval; None, and `ci_high` too, where both have the very same scores: then
            nothing is left to chance.
        ci_high: upper end.
        tested: whether this difference belongs to the family that is tested.
        p: two-sided p-value of a difference of 0, by the clustered standard error; None where nothing is tested.
        p_holm: p corrected for the family (Holm 1979).
        n_mated: mated comparisons, failed ones included.
        n_nonmated: non-mated ones.
        p_independent: two-sided p-value that takes every comparison to be independent, which none is, for readers who
            know these tests: McNemar's where `tested`, DeLong's of ``auc`` for the same pairs of methods, else None.
    """

    dataset: str
    protocol: str
    acquisition: str
    size: str
    recogniser: str
    method: str
    preset: str
    mask_source: str
    other: str
    other_preset: str
    other_mask_source: str
    metric: str
    threshold_kind: str
    target: float | None
    difference: float
    ci_low: float | None
    ci_high: float | None
    tested: bool
    p: float | None
    p_holm: float | None
    n_mated: int
    n_nonmated: int
    p_independent: float | None = None

    @property
    def identical(self) -> bool:
        """Whether the two have the very same scores."""
        return self.ci_low is None and self.difference == 0


DIFFERENCE_COLUMNS: tuple[str, ...] = tuple(field.name for field in fields(Difference))
"""The columns of ``differences.csv``, in order."""
