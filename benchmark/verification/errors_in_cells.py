"""Error counts of every cell of a group at its frozen and its matched thresholds, in every replicate."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from benchmark.datasets.base import Comparisons
from benchmark.errors import BenchmarkError
from benchmark.verification.base import Cell
from benchmark.verification.count_spread import CountedScores, CountSpread, ThresholdSetter, count_spread
from benchmark.verification.error_rates import ErrorCounts
from benchmark.verification.measurement import ScoredCell
from benchmark.verification.replicates import ReplicateCounts, count_at_frozen, count_at_matched
from benchmark.verification.selections import ALL_TYPES, RankedScores, Selections, rows_of, same_comparisons
from benchmark.verification.thresholds import support_of


@dataclass(frozen=True)
class AtThreshold:
    """Errors at one kind of threshold and one target.

    Attributes:
        thresholds: ``(R + 1,)``, the sample's first; NaN where undefined.
        counts: arrays ``(R + 1,)``.
        spread: how the sample's counts vary from one sample of people to the next; None where nothing is counted.
    """

    thresholds: NDArray[np.float64]
    counts: ErrorCounts
    spread: CountSpread | None = None


@dataclass(frozen=True)
class FrozenThresholds:
    """Thresholds that one raw-raw cell has set.

    Attributes:
        by_target: ``(R + 1,)`` each.
        setters: what the spread of counts at them depends on; None where they come from elsewhere.
        cell: that set them; None where they come from elsewhere.
    """

    by_target: Mapping[float, NDArray[np.float64]]
    setters: Mapping[float, ThresholdSetter | None]
    cell: ScoredCell | None = None


_NO_THRESHOLDS = FrozenThresholds({}, {})
Group = tuple[str, str, str]
"""Recogniser, acquisition arm and size: cells that share their frozen thresholds."""
Remark = tuple[str, float, str]
"""Kind of note, target and text."""


@dataclass(frozen=True)
class SelectionErrors:
    """Errors of one selection of a cell's comparisons.

    Attributes:
        n_mated: mated comparisons, failed ones included.
        n_nonmated: non-mated comparisons, failed ones included.
        n_failed: comparisons of both sorts that failed.
        at: errors by threshold kind (``"frozen"``, ``"matched"``) and target.
        remarks: on targets with few comparisons.
    """

    n_mated: int
    n_nonmated: int
    n_failed: int
    at: Mapping[tuple[str, float], AtThreshold]
    remarks: tuple[Remark, ...]

    def targets(self, kind: str) -> tuple[float, ...]:
        """The targets that have a threshold of this kind."""
        return tuple(target for known, target in self.at if known == kind)


class CellErrors:
    """Counts errors, group by group.

    Args:
        subjects: ``int32 (n_photos,)``, codes.
        mask_types: the type drawn on each photo, None where none was.
        draws: ``int32 (R + 1, S)``.
        targets: false match rates.
        given: frozen thresholds by group and target, where they come from elsewhere.
    """

    def __init__(
        self,
        subjects: NDArray[np.int32],
        mask_types: Sequence[str | None],
        draws: NDArray[np.int32],
        targets: tuple[float, ...],
        given: Mapping[Group, Mapping[float, float]] | None = None,
    ) -> None:
        self._given = given or {}
        self.subjects = subjects
        self.mask_types = mask_types
        self.draws = draws
        self.targets = targets
        self._selections: list[Selections] = []
        self._group: dict[str, ScoredCell] = {}
        self._frozen = _NO_THRESHOLDS
        self._own: dict[Cell, FrozenThresholds] = {}
        self._known: dict[tuple[Cell, int, str], SelectionErrors] = {}
        self._ranked: tuple[ScoredCell, RankedScores] | None = None

    @property
    def people(self) -> int:
        """How many subjects there are."""
        return int(self.draws.shape[1])

    @property
    def has_frozen(self) -> bool:
        """Whether there are frozen thresholds in this group."""
        return bool(self._frozen.by_target)

    def start_group(self, group: Sequence[ScoredCell]) -> None:
        """Take the frozen thresholds from the group's raw-raw cell, and its baselines for contrasts. A method with a
        raw-raw cell of its own, whose scores have another scale, takes them from that one.

        Raises:
            BenchmarkError: two cells of method ``none`` have the same condition.
        """
        self._known, self._frozen, self._own, self._group = {}, _NO_THRESHOLDS, {}, {}
        for scored in group:
            if scored.cell.method != "none":
                continue
            if scored.cell.condition in self._group:
                raise BenchmarkError(f"two cells of method none for {scored.cell.condition} in one group; give one")
            self._group[scored.cell.condition] = scored
        raw = self._group.get("raw-raw")
        given = self._given.get(group_of(group[0].cell)) if group else None
        if given is not None:
            thresholds = {target: np.full(len(self.draws), threshold) for target, threshold in given.items()}
            self._frozen = FrozenThresholds(thresholds, dict.fromkeys(given), raw)
        elif raw is not None:
            self._frozen = self._set_by(raw)
        own = [one for one in group if one.cell.condition == "raw-raw" and one.cell.method != "none"]
        self._own = {one.cell: self._set_by(one) for one in own}
        self._known = {}

    def frozen_for(self, cell: Cell) -> FrozenThresholds:
        """The frozen thresholds of a cell: its method's own, where it has some, else the group's."""
        return self._own.get(replace(cell, condition="raw-raw"), self._frozen)

    def _set_by(self, raw: ScoredCell) -> FrozenThresholds:
        ranked = self.rank(raw)
        errors = self.of(raw, ALL_TYPES, ranked)
        thresholds = {target: errors.at["matched", target].thresholds for target in errors.targets("matched")}
        counted = ranked.counted(ALL_TYPES, ranked.of(ALL_TYPES))
        setters = {
            target: ThresholdSetter.of(counted, float(values[0]))
            for target, values in thresholds.items()
            if np.isfinite(values[0])
        }
        known = {target: setter for target, setter in setters.items() if setter is not None}
        return FrozenThresholds(thresholds, known, raw)

    def baseline(self, condition: str) -> ScoredCell | None:
        """The group's cell of method ``none`` and this condition."""
        return self._group.get(condition)

    def selections(self, comparisons: Comparisons) -> Selections:
        """The selections of these comparisons, made once for all cells that share them."""
        for known in self._selections:
            if same_comparisons(known.comparisons, comparisons):
                return known
        made = Selections(comparisons, self.subjects, self.mask_types, self.draws)
        self._selections.append(made)
        return made

    def rank(self, scored: ScoredCell) -> RankedScores:
        """The cell's scores, sorted; those of the last cell are kept."""
        if self._ranked is None or self._ranked[0] is not scored:
            scores = np.asarray(scored.scores, dtype=np.float32)
            self._ranked = scored, RankedScores(self.selections(scored.comparisons), scores)
        return self._ranked[1]

    def of(self, scored: ScoredCell, mask_type: str, ranked: RankedScores | None = None) -> SelectionErrors:
        """Errors of one selection of a cell; `ranked` are its sorted scores, where they are at hand."""
        selections = self.selections(scored.comparisons)
        key = (scored.cell, id(selections), mask_type)
        if key not in self._known:
            ranked = self.rank(scored) if ranked is None else ranked
            scores = ranked.of(mask_type)
            counted = ranked.counted(mask_type, scores)
            planned = selections.weights(mask_type)
            frozen = self._at_frozen(counted, self.frozen_for(scored.cell))
            matched, remarks = self._at_matched(counted, planned.n_nonmated)
            self._known[key] = SelectionErrors(
                n_mated=planned.n_mated,
                n_nonmated=planned.n_nonmated,
                n_failed=planned.n_mated + planned.n_nonmated - len(scores.mated) - len(scores.nonmated),
                at={("frozen", target): errors for target, errors in frozen.items()}
                | {("matched", target): errors for target, errors in matched.items()},
                remarks=remarks,
            )
        return self._known[key]

    def on_comparisons_of(self, scored: ScoredCell, other: ScoredCell, mask_type: str) -> SelectionErrors | None:
        """Errors of `scored` on the comparisons of `other` alone; None where it lacks one of them."""
        if not same_comparisons(scored.comparisons, other.comparisons):
            rows = rows_of(other.comparisons, scored.comparisons)
            if rows is None:
                return None
            scored = replace(scored, comparisons=other.comparisons, scores=np.asarray(scored.scores)[rows])
        selections = self.selections(scored.comparisons)
        if (scored.cell, id(selections), mask_type) not in self._known:
            ranked = self.rank(scored)  # every type will be asked for: sort once
            for wanted in (ALL_TYPES, *selections.types):
                self.of(scored, wanted, ranked)
        return self.of(scored, mask_type)

    def _at_frozen(self, counted: CountedScores, frozen: FrozenThresholds) -> dict[float, AtThreshold]:
        if not frozen.by_target:
            return {}
        result = count_at_frozen(counted.scores, self.draws, np.stack(list(frozen.by_target.values()), axis=1))
        return {
            target: replace(
                at, spread=count_spread(counted, float(at.thresholds[0]), frozen.setters[target], matched=False)
            )
            if target in frozen.setters
            else at
            for target, at in _by_target(result, tuple(frozen.by_target)).items()
        }

    def _at_matched(self, counted: CountedScores, planned: int) -> tuple[dict[float, AtThreshold], tuple[Remark, ...]]:
        """Errors by target. Whether a target has rows depends on the protocol alone (`planned` non-mated
        comparisons); where failures then leave too few, its threshold is undefined."""
        targets, remarks = [], []
        scores = counted.scores
        for target in self.targets:
            support = support_of(target, planned)
            if support.verdict == "refused":
                remarks.append(("refused", target, support.reason))
                continue
            targets.append(target)
            left = support_of(target, len(scores.nonmated))
            if left.verdict != support.verdict:
                support = left
            if support.reason:
                remarks.append(("undefined" if support.verdict == "refused" else "flagged", target, support.reason))
        carried = np.array([support_of(target, len(scores.nonmated)).verdict != "refused" for target in targets])
        result = count_at_matched(scores, self.draws, tuple(targets), carried=carried.astype(bool))
        found = _by_target(result, tuple(targets))
        for target, at in found.items():
            threshold = float(at.thresholds[0])
            setter = ThresholdSetter.of(counted, threshold) if np.isfinite(threshold) else None
            if setter is not None:
                found[target] = replace(at, spread=count_spread(counted, threshold, setter, matched=True))
        return found, tuple(remarks)


def group_of(cell: Cell) -> Group:
    """The group that a cell belongs to."""
    return cell.recogniser, cell.acquisition, cell.size


def _by_target(result: ReplicateCounts, targets: tuple[float, ...]) -> dict[float, AtThreshold]:
    return {
        target: AtThreshold(result.thresholds[:, column], result.counts.column(column))
        for column, target in enumerate(targets)
    }
