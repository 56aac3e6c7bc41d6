"""The rows of one cell: every metric, over all its comparisons and over those of each mask type."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from benchmark.faces import REAL_MASK
from benchmark.verification import error_rates
from benchmark.verification.base import (
    Cell,
    ComparisonMetric,
    ContrastMetric,
    FeatureMetric,
    Metric,
    MetricRow,
    RateMetric,
    ScoreMetric,
    SearchMetric,
)
from benchmark.verification.bootstrap import percentile_interval
from benchmark.verification.count_spread import min_half_width, rate_interval, spread_of_rate
from benchmark.verification.curve_bands import fnmr_band
from benchmark.verification.curves import curves_of, histogram_edges
from benchmark.verification.difference import Difference
from benchmark.verification.differences import ComparedCell, compared_cell, differences
from benchmark.verification.errors_in_cells import AtThreshold, CellErrors, SelectionErrors
from benchmark.verification.intervals import shrunk_interval
from benchmark.verification.measurement import CellCurves, NoteBook, ScoredCell
from benchmark.verification.samples import ComparisonSample, Estimate, ScoreSample, SearchSample
from benchmark.verification.searches import Searches, carried, is_search
from benchmark.verification.selections import ALL_TYPES, RankedScores
from benchmark.verification.subject_scores import SubjectScores

BOOTSTRAP_LIMIT = 100_000
"""Ranking measures get an interval up to this many comparisons; beyond, sorting and weighing all would take minutes."""
REALISED_FMR_LIMIT = 2.0
"""A realised FMR beyond this many times the target is noted."""
DRAWN = frozenset({"raw-raw", "raw-masked", "raw-restored"})
"""Conditions whose curves get a band: those that figures show."""
_WORN = frozenset({"masked", "restored"})


Found = tuple[str, float | None, Estimate]
"""Threshold kind, target and value of a row to be."""


@dataclass(frozen=True)
class _View:
    """One selection of a cell's comparisons, ready to measure."""

    scored: ScoredCell
    mask_type: str
    errors: SelectionErrors
    scores: SubjectScores
    sample: ScoreSample


class CellMeter:
    """Measures the cells of one group.

    Args:
        group: the cells.
        metrics: by name.
        errors: with the group started.
        book: takes the notes.
        seed: the run's seed.
    """

    def __init__(
        self,
        group: Sequence[ScoredCell],
        metrics: Mapping[str, Metric],
        errors: CellErrors,
        book: NoteBook,
        *,
        seed: int = 0,
    ) -> None:
        self._metrics = metrics
        self._errors = errors
        self._book = book
        self._seed = seed
        self._edges = histogram_edges(group)
        self._compared: list[ComparedCell] = []
        self._searches_of: dict[tuple[Cell, str], Searches | None] = {}
        self._is_search: dict[int, bool] = {}

    def measure(self, scored: ScoredCell) -> tuple[list[MetricRow], CellCurves]:
        """Rows and curves of one cell.

        Rows by mask type only where the condition's probe wears or wore a mask, of several types. Where all masks are
        real, every row is given twice, the second time with that mask type, so that drawn and worn masks are not mixed.
        """
        cell = scored.cell
        types: tuple[str, ...] = (ALL_TYPES,)
        alike: tuple[str, ...] = ()
        if cell.condition.rpartition("-")[2] in _WORN:
            worn = self._errors.selections(scored.comparisons).types
            types += worn if len(worn) > 1 else ()
            alike = worn if worn == (REAL_MASK,) else ()
        rows: list[MetricRow] = []
        ranked = self._errors.rank(scored)
        for mask_type in types:
            scores = ranked.of(mask_type)
            errors = self._errors.of(scored, mask_type, ranked)
            sample = ScoreSample(
                scores.mated,
                scores.nonmated,
                mated_failed=float(scores.mated_failed[0]),
                nonmated_failed=float(scores.nonmated_failed[0]),
            )
            if mask_type == ALL_TYPES:
                if not self._errors.has_frozen:
                    self._book.add("undefined", "no raw-raw scores to set a frozen threshold on", cell)
                curves = curves_of(cell, sample, self._edges, self._band(cell, ranked, scores))
                self._note_emptiness(cell, errors, scores)
                compared = compared_cell(scored, errors, ranked)
                self._compared += [] if compared is None else [compared]
            for kind, target, text in errors.remarks:
                self._book.add(kind, text, cell, mask_type=mask_type, target=target)
            self._note_realised_fmr(cell, mask_type, errors)
            view = _View(scored, mask_type, errors, scores, sample)
            for name, metric in self._metrics.items():
                try:
                    rows += [_row(view, name, *found) for found in self._estimates(name, metric, view)]
                except Exception as error:  # a plugin may raise anything; the others' rows must not be lost
                    text = f"metric '{name}' failed: {type(error).__name__}: {error}"
                    self._book.add("failed", text, cell, mask_type=mask_type, metric=name)
        rows += [replace(row, mask_type=name) for name in alike for row in rows]
        return rows, curves

    def differences(self, baselines: Collection[str]) -> tuple[Difference, ...]:
        """Between the methods of all cells measured so far; see `differences.differences`."""
        return differences(self._compared, people=self._errors.people, baselines=baselines)

    def _estimates(self, name: str, metric: Metric, view: _View) -> Iterator[Found]:
        """Threshold kind, target and estimate of every row of one metric."""
        if isinstance(metric, RateMetric):
            for kind, target, at in _thresholds(metric.threshold_kinds, view.errors):
                yield kind, target, _rate(metric, kind, at, self._errors.people)
        elif isinstance(metric, ContrastMetric):
            if view.scored.cell.condition == metric.condition:
                yield from self._contrasts(name, metric, view)
        elif isinstance(metric, ComparisonMetric):
            trial = self._trial(view.scored, view.mask_type)
            if metric.applies(trial):
                yield "none", None, metric.estimate(trial) or Estimate(None)
        elif isinstance(metric, SearchMetric):
            yield from self._searches(name, metric, view)
        elif isinstance(metric, FeatureMetric):
            if view.scored.features is not None and view.mask_type == ALL_TYPES:
                yield "none", None, self._distance(name, metric, view.scored)
        elif isinstance(metric, ScoreMetric):
            if "none" in metric.threshold_kinds:
                yield "none", None, self._score(metric, view, None)
            for kind, target, at in _thresholds(metric.threshold_kinds, view.errors):
                yield kind, target, self._score(metric, view, at)

    def _searches(self, name: str, metric: SearchMetric, view: _View) -> Iterator[Found]:
        own = self._searched(view.scored, view.mask_type)
        if own is None:
            return
        subjects = self._errors.subjects
        if "none" in metric.threshold_kinds:
            yield "none", None, self._found(metric, SearchSample(own, subjects))
        baseline = self._errors.frozen_for(view.scored.cell).cell
        raw = None if baseline is None else self._searched(baseline, ALL_TYPES)
        for kind, setter in (("frozen", raw), ("matched", own)):
            for target in self._errors.targets:
                if kind not in metric.threshold_kinds or setter is None:
                    continue
                verdict = carried(target, len(setter.strangers))
                if verdict != "carried":
                    text = f"{len(setter.strangers):,} searches of strangers: too few for FPIR {target:g}"
                    kind_of_note = "refused" if verdict == "refused" else "flagged"
                    self._book.add(kind_of_note, text, view.scored.cell, mask_type=view.mask_type, metric=name)
                if verdict != "refused":
                    sample = SearchSample(own, subjects, setter.threshold(target), setter)
                    yield kind, target, self._found(metric, sample)

    def _found(self, metric: SearchMetric, sample: SearchSample) -> Estimate:
        estimate = metric.estimate(sample) or Estimate(None)
        return estimate if len(self._errors.draws) > 1 else replace(estimate, ci_low=None, ci_high=None)

    def _searched(self, scored: ScoredCell, mask_type: str) -> Searches | None:
        """The searches of a cell; None where its protocol lists pairs instead of searching a gallery."""
        key = (scored.cell, mask_type)
        if key not in self._searches_of:
            comparisons, _ = self._errors.selections(scored.comparisons).part(mask_type)
            if id(comparisons) not in self._is_search:
                self._is_search[id(comparisons)] = is_search(comparisons)
            searched = self._is_search[id(comparisons)]
            scores = self._trial(scored, mask_type).scores if searched else np.empty(0)
            self._searches_of[key] = Searches.of(scores, comparisons) if searched else None
        return self._searches_of[key]

    def _contrasts(self, name: str, metric: ContrastMetric, view: _View) -> Iterator[Found]:
        scored, mask_type = view.scored, view.mask_type
        baselines = []
        for condition in metric.baselines:
            baseline = self._errors.baseline(condition)
            found = None if baseline is None else self._errors.on_comparisons_of(baseline, scored, mask_type)
            if found is None:
                text = f"{name} needs {condition} scores of the same comparisons, which do not exist"
                self._book.add("withheld", text, scored.cell, mask_type=mask_type, metric=name)
                return
            baselines.append(found)
        for kind, target, at in _thresholds(metric.threshold_kinds, view.errors):
            baselines_at = [found.at[kind, target] for found in baselines]
            others = [found.counts for found in baselines_at]
            reason = metric.withheld(at.counts, *others)
            if reason is not None:
                text = f"{name} withheld: {reason}"
                self._book.add("withheld", text, scored.cell, mask_type=mask_type, metric=name, target=target)
                yield kind, target, Estimate(None, threshold=_first(at))
            else:
                yield kind, target, _contrast(metric, at, baselines_at)

    def _score(self, metric: ScoreMetric, view: _View, at: AtThreshold | None) -> Estimate:
        threshold = None if at is None else _first(at)
        if at is not None and threshold is None:
            return Estimate(None)
        value = _number(metric.evaluate(view.sample, threshold))
        scores, draws = view.scores, self._errors.draws
        few = len(scores.mated) + len(scores.nonmated) <= BOOTSTRAP_LIMIT
        if value is None or not (metric.uses_weights and few and view.mask_type == ALL_TYPES):
            return Estimate(value, threshold=threshold)
        values = np.full(len(draws), np.nan)
        values[0] = value
        together = metric.replicates(scores, draws[1:]) if at is None else None
        if together is not None:
            values[1:] = together
            low, high = percentile_interval(values) or (None, None)
            return Estimate(value, low, high, threshold)
        for row in range(1, len(draws)):
            given = None if at is None else float(at.thresholds[row])
            if given is None or np.isfinite(given):
                drawn = metric.evaluate(_weighed(scores, draws[row], row), given)
                values[row] = np.nan if drawn is None else drawn
        low, high = percentile_interval(values) or (None, None)
        return Estimate(value, low, high, threshold)

    def _distance(self, name: str, metric: FeatureMetric, scored: ScoredCell) -> Estimate:
        if scored.features is None:
            raise AssertionError("only a cell with features has a distance")
        sample = scored.features.sample(self._errors.subjects, self._seed)
        remark = metric.remark(sample)
        if remark is not None:
            self._book.add(remark[0], remark[1], scored.cell, metric=name)
        return metric.estimate(sample) or Estimate(None)

    def _trial(self, scored: ScoredCell, mask_type: str) -> ComparisonSample:
        comparisons, rows = self._errors.selections(scored.comparisons).part(mask_type)
        scores = np.asarray(scored.scores, dtype=np.float32)
        return ComparisonSample(
            comparisons,
            scores if rows is None else scores[rows],
            self._errors.subjects,
            scored.failed_probes,
            self._errors.draws,
        )

    def _band(self, cell: Cell, ranked: RankedScores, scores: SubjectScores) -> NDArray[np.float64] | None:
        """Of a condition whose curve is drawn, in a run that has intervals."""
        if cell.condition not in DRAWN or len(self._errors.draws) <= 1:
            return None
        return fnmr_band(ranked.counted(ALL_TYPES, scores), people=self._errors.people)

    def _note_emptiness(self, cell: Cell, errors: SelectionErrors, scores: SubjectScores) -> None:
        for side, planned, completed in (
            ("mated", errors.n_mated, len(scores.mated)),
            ("non-mated", errors.n_nonmated, len(scores.nonmated)),
        ):
            if not completed:
                text = f"none of {planned:,} {side} comparisons was completed" if planned else f"no {side} comparisons"
                self._book.add("undefined", text, cell)

    def _note_realised_fmr(self, cell: Cell, mask_type: str, errors: SelectionErrors) -> None:
        for _, target, at in _thresholds(("frozen",), errors):
            realised = float(error_rates.fmr(at.counts)[0])
            if realised > REALISED_FMR_LIMIT * target:
                text = f"realised FMR {realised:.3g} is {realised / target:.1f} times the target {target:g}"
                self._book.add("realised FMR", text, cell, mask_type=mask_type, metric="fmr", target=target)


def _thresholds(kinds: Sequence[str], errors: SelectionErrors) -> Iterator[tuple[str, float, AtThreshold]]:
    for kind in kinds:
        for target in errors.targets(kind):
            yield kind, target, errors.at[kind, target]


def _weighed(scores: SubjectScores, drawn: NDArray[np.int32], row: int) -> ScoreSample:
    return ScoreSample(
        scores.mated,
        scores.nonmated,
        drawn[scores.mated_subject].astype(np.float64),
        (drawn[scores.reference_subject] * drawn[scores.probe_subject]).astype(np.float64),
        mated_failed=float(scores.mated_failed[row]),
        nonmated_failed=float(scores.nonmated_failed[row]),
    )


def _rate(metric: RateMetric, kind: str, at: AtThreshold, people: int) -> Estimate:
    """A rate with its interval: Wilson's for a share; otherwise, or where the threshold was set so that this rate meets
    its target, that of the replicates."""
    values = metric.rate(at.counts)
    interval = percentile_interval(values)
    if interval is not None and at.spread is not None:
        spread = spread_of_rate(metric.rate, [at.counts], [at.spread])
        met = kind == "matched" and metric.share_of == "nonmated"
        if metric.share_of and not met:
            interval = rate_interval(float(values[0]), spread, at.counts, at.spread, metric.share_of, people=people)
        elif not met:
            interval = shrunk_interval(values, spread.shrinkage)
    low, high = interval or (None, None)
    return Estimate(_number(values[0]), low, high, _first(at))


def _contrast(metric: ContrastMetric, at: AtThreshold, others: Sequence[AtThreshold]) -> Estimate:
    values = metric.contrast(at.counts, *(other.counts for other in others))
    interval = percentile_interval(values)
    spreads = [one.spread for one in (at, *others) if one.spread is not None]
    if interval is not None and len(spreads) == 1 + len(others):
        spread = spread_of_rate(metric.contrast, [at.counts, *(other.counts for other in others)], spreads)
        least = min_half_width(spread, at.counts, spreads[0]) if metric.difference else 0.0
        interval = shrunk_interval(values, spread.shrinkage, least=least)
    low, high = interval or (None, None)
    return Estimate(_number(values[0]), low, high, _first(at))


def _first(at: AtThreshold) -> float | None:
    return _number(at.thresholds[0])


def _number(value: float | np.floating | None) -> float | None:
    return float(value) if value is not None and np.isfinite(value) else None


def _row(view: _View, metric: str, kind: str, target: float | None, estimate: Estimate) -> MetricRow:
    return MetricRow(
        **vars(view.scored.cell),
        mask_type=view.mask_type,
        metric=metric,
        threshold_kind=kind,
        target=target,
        value=_number(estimate.value),
        ci_low=_number(estimate.ci_low),
        ci_high=_number(estimate.ci_high),
        n_mated=view.errors.n_mated,
        n_nonmated=view.errors.n_nonmated,
        n_failed=view.errors.n_failed,
        threshold=_number(estimate.threshold),
    )
