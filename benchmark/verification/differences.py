"""Every method against every other, on the same comparisons: differences with intervals, and tests fixed in advance.

The tests are one family for each recogniser and acquisition arm: GFRR at the matched threshold of the primary target,
each method against leaving the mask on and against each baseline, their p-values corrected together by Holm's method.
All other differences are exploratory: they have an interval and no p-value.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from benchmark.verification import error_rates
from benchmark.verification.accuracy import FoldAccuracy, fold_accuracy
from benchmark.verification.auc_spread import Auc
from benchmark.verification.base import Cell
from benchmark.verification.count_spread import min_half_width, spread_of_rate
from benchmark.verification.difference import Difference
from benchmark.verification.dyadic import spread_of
from benchmark.verification.error_rates import ErrorCounts
from benchmark.verification.errors_in_cells import AtThreshold, SelectionErrors
from benchmark.verification.independent_tests import delong, mcnemar
from benchmark.verification.intervals import quantile
from benchmark.verification.measurement import ScoredCell
from benchmark.verification.selections import RankedScores, same_comparisons
from benchmark.verification.thresholds import support_of

MEASURES = (("gfrr", "matched"), ("gfrr", "frozen"), ("fmr", "frozen"))
_TESTED = ("gfrr", "matched")
DELONG_COMPARISONS = 1_000_000
"""At most so many comparisons are sorted once more for each pair of methods."""
_RESTORED, _MASKED = "raw-restored", "raw-masked"


@dataclass(frozen=True)
class ComparedCell:
    """A cell, ready to be set against others: see `compared_cell`."""

    scored: ScoredCell
    errors: SelectionErrors
    auc: Auc
    accuracy: FoldAccuracy | None

    @property
    def cell(self) -> Cell:
        """What the scores belong to."""
        return self.scored.cell


def compared_cell(scored: ScoredCell, errors: SelectionErrors, ranked: RankedScores) -> ComparedCell | None:
    """A masked or restored cell with what differences need; None for other conditions.

    Args:
        scored: the cell.
        errors: the errors of all its comparisons.
        ranked: its sorted scores.
    """
    comparisons = scored.comparisons
    if scored.cell.condition not in (_MASKED, _RESTORED):
        return None
    accuracy = None
    if len(np.unique(comparisons.fold[comparisons.fold >= 0])) > 1:
        accuracy = fold_accuracy(scored.scores, comparisons.mated, comparisons.fold)
    return ComparedCell(scored, errors, ranked.auc(), accuracy)


def differences(
    cells: Sequence[ComparedCell], *, people: int, baselines: Collection[str] = ()
) -> tuple[Difference, ...]:
    """All differences between the methods of one recogniser, arm and size that share their comparisons.

    Args:
        cells: masked and restored ones.
        people: subjects of the protocol.
        baselines: names of the methods that anybody could use without a method; every method that is none of them is
            tested against them.

    Returns:
        One row for each two methods, measure and target; baselines come last, in the order of the alphabet otherwise.
    """
    masked = [one for one in cells if one.cell.condition == _MASKED]
    restored = [one for one in cells if one.cell.condition == _RESTORED]
    restored.sort(key=lambda one: (one.cell.method in baselines, one.cell.method, one.cell.preset))
    found = [
        row
        for place, one in enumerate(restored)
        for other in (*masked, *restored[place + 1 :])
        if same_comparisons(one.scored.comparisons, other.scored.comparisons)
        for row in _between(one, other, people, baselines)
    ]
    return _corrected(found)


def paired_differences(pairs: Sequence[tuple[ComparedCell, ComparedCell]], *, people: int) -> tuple[Difference, ...]:
    """The differences of one cell from its twin of another run on the same comparisons.

    Tested is GFRR at the matched threshold of the primary target, and nothing else.

    Args:
        pairs: the one and the other, which has the same comparisons.
        people: subjects of the protocol.

    Returns:
        One row for each pair, measure and target; the p-values are corrected together.
    """
    return _corrected([row for one, other in pairs for row in _between(one, other, people, (), twins=True)])


def holm(p_values: NDArray[np.float64]) -> NDArray[np.float64]:
    """P-values corrected for their number: Holm, *A simple sequentially rejective multiple test procedure*,
    Scandinavian Journal of Statistics 6(2), 1979.

    >>> holm(np.array([0.01, 0.04, 0.03])).round(3).tolist()
    [0.03, 0.06, 0.06]
    """
    order = np.argsort(p_values)
    factors = len(p_values) - np.arange(len(p_values))
    corrected = np.minimum(np.maximum.accumulate(p_values[order] * factors), 1.0)
    found = np.empty(len(p_values))
    found[order] = corrected
    return found


def primary_target(errors: SelectionErrors) -> float | None:
    """The strictest target that the comparisons carry by the rule of 30, otherwise the loosest; None without any."""
    targets = errors.targets("matched")
    carried = [target for target in targets if support_of(target, errors.n_nonmated).verdict == "carried"]
    return min(carried) if carried else max(targets, default=None)


@dataclass(frozen=True)
class _Found:
    """A difference and what is known of it."""

    metric: str
    kind: str
    target: float | None
    value: float
    variance: float
    freedom: int
    least: float = 0.0
    tested: bool = False
    p_independent: float | None = None

    @property
    def p(self) -> float | None:
        """Two-sided, of a difference of 0; None where nothing is tested."""
        if not self.tested:
            return None
        error = np.sqrt(self.variance)
        from scipy import special  # noqa: PLC0415  # takes half a second

        return float(2 * special.stdtr(max(self.freedom, 1), -abs(self.value) / error)) if error > 0 else 1.0


def _between(
    one: ComparedCell, other: ComparedCell, people: int, baselines: Collection[str], *, twins: bool = False
) -> Iterator[Difference]:
    primary = primary_target(one.errors)
    identical = np.array_equal(np.asarray(one.scored.scores), np.asarray(other.scored.scores), equal_nan=True)
    in_family = twins or (one.cell.method not in baselines and other.cell.method in {"none", *baselines})
    for metric, kind in MEASURES:
        for target in one.errors.targets(kind):
            found = None
            if (kind, target) in other.errors.at:
                found = _rates(metric, one.errors.at[kind, target], other.errors.at[kind, target], people)
            if found is not None:
                tested = in_family and (metric, kind) == _TESTED and target == primary
                p = mcnemar(*(_rejected(cell, kind, target) for cell in (one, other))) if tested else None
                found = replace(found, kind=kind, target=target, tested=tested, p_independent=p)
                yield _row(one, other, found, identical=identical)
    if np.isfinite(one.auc.value) and np.isfinite(other.auc.value):
        spread = spread_of([one.auc.part, other.auc.part], np.array([1.0, -1.0]))
        difference = one.auc.value - other.auc.value
        p = _delong(one, other) if in_family else None
        found = _Found("auc", "none", None, difference, spread.variance, people - 1, p_independent=p)
        yield _row(one, other, found, identical=identical)
    if one.accuracy is not None and other.accuracy is not None:
        folds = one.accuracy.folds - other.accuracy.folds
        variance = float(folds.var(ddof=1)) / len(folds)
        found = _Found("accuracy", "none", None, float(folds.mean()), variance, len(folds) - 1)
        yield _row(one, other, found, identical=identical)


def _rejected(cell: ComparedCell, kind: str, target: float) -> NDArray[np.bool_]:
    """Which mated comparisons are rejected; one that failed is."""
    scores = np.asarray(cell.scored.scores)[cell.scored.comparisons.mated]
    return np.asarray(~(scores >= cell.errors.at[kind, target].thresholds[0]))


def _delong(one: ComparedCell, other: ComparedCell) -> float | None:
    comparisons = one.scored.comparisons
    if len(comparisons) > DELONG_COMPARISONS:
        return None
    return delong(np.asarray(one.scored.scores), np.asarray(other.scored.scores), comparisons.mated)


def _rates(metric: str, one: AtThreshold, other: AtThreshold, people: int) -> _Found | None:
    if one.spread is None or other.spread is None:
        return None

    def difference(first: ErrorCounts, second: ErrorCounts) -> NDArray[np.float64]:
        rate = error_rates.gfrr if metric == "gfrr" else error_rates.fmr
        return np.asarray(rate(first) - rate(second))

    value = float(difference(one.counts, other.counts)[0])
    if not np.isfinite(value):
        return None
    spread = spread_of_rate(difference, [one.counts, other.counts], [one.spread, other.spread])
    least = min_half_width(spread, one.counts, one.spread, "mated" if metric == "gfrr" else "nonmated")
    return _Found(metric, "", None, value, spread.variance, people - 1, least)


def _row(one: ComparedCell, other: ComparedCell, found: _Found, *, identical: bool) -> Difference:
    half = float(np.hypot(quantile(found.freedom + 1) * np.sqrt(found.variance), found.least))
    cell = one.cell
    return Difference(
        dataset=cell.dataset,
        protocol=cell.protocol,
        acquisition=cell.acquisition,
        size=cell.size,
        recogniser=cell.recogniser,
        method=cell.method,
        preset=cell.preset,
        mask_source=cell.mask_source,
        other=other.cell.method,
        other_preset=other.cell.preset,
        other_mask_source=other.cell.mask_source,
        metric=found.metric,
        threshold_kind=found.kind,
        target=found.target,
        difference=found.value,
        ci_low=None if identical else found.value - half,
        ci_high=None if identical else found.value + half,
        tested=found.tested,
        p=found.p,
        p_holm=None,
        n_mated=one.errors.n_mated,
        n_nonmated=one.errors.n_nonmated,
        p_independent=found.p_independent,
    )


def _corrected(found: Sequence[Difference]) -> tuple[Difference, ...]:
    places = [place for place, row in enumerate(found) if row.p is not None]
    corrected = holm(np.array([found[place].p for place in places], dtype=np.float64))
    rows = list(found)
    for place, p_holm in zip(places, corrected, strict=True):
        rows[place] = replace(rows[place], p_holm=float(p_holm))
    return tuple(rows)
