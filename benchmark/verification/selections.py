"""The comparisons of a cell, or those whose probe wears one type of mask, with the subjects behind them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from benchmark.datasets.base import Comparisons
from benchmark.errors import BenchmarkError
from benchmark.verification.auc_spread import Auc, area_under_curve
from benchmark.verification.bootstrap import mated_weight, nonmated_weight
from benchmark.verification.count_spread import CountedScores
from benchmark.verification.dyadic import PairSums
from benchmark.verification.subject_scores import SubjectScores

ALL_TYPES = "all"


class Rows:
    """Some rows of a `Comparisons`.

    Args:
        table: ``int32 (N, 4)``: which row; subject of the reference; subject of the probe; mask type of the probe's
            photo, −1 = none. Side by side, so that putting them in order reads each from one place.
    """

    def __init__(self, table: NDArray[np.int32]) -> None:
        self._table = table

    def __len__(self) -> int:
        return len(self._table)

    @property
    def row(self) -> NDArray[np.int32]:
        """``int32 (N,)``, which rows."""
        return self._table[:, 0]

    @property
    def reference_subject(self) -> NDArray[np.int32]:
        """``int32 (N,)``, subject of the reference."""
        return self._table[:, 1]

    @property
    def probe_subject(self) -> NDArray[np.int32]:
        """``int32 (N,)``, subject of the probe."""
        return self._table[:, 2]

    @property
    def type_code(self) -> NDArray[np.int32]:
        """``int32 (N,)``, mask type of the probe's photo; −1 = none."""
        return self._table[:, 3]

    def take(self, which: NDArray[np.bool_] | NDArray[np.int64]) -> Rows:
        """Some of them, chosen or put in order by `which`."""
        places = np.flatnonzero(which) if which.dtype == bool else which
        return Rows(self._table.take(places, axis=0))

    def of_type(self, code: int | None) -> Rows:
        """Those whose probe wears one type of mask; None = all of them."""
        return self if code is None else self.take(self.type_code == code)


@dataclass(frozen=True)
class Weights:
    """A selection's comparisons, failed ones included.

    Attributes:
        n_mated: mated comparisons.
        n_nonmated: non-mated comparisons.
        mated: ``(R + 1,)``, weight of the mated ones in every replicate.
        nonmated: ``(R + 1,)``, weight of the non-mated ones.
    """

    n_mated: int
    n_nonmated: int
    mated: NDArray[np.float64]
    nonmated: NDArray[np.float64]


class Selections:
    """The selections of one `Comparisons`: all of it, and one for each type of mask that its probes wear.

    Args:
        comparisons: P rows.
        subjects: ``int32 (n_photos,)``, codes.
        mask_types: the type drawn on each photo, None where none was.
        draws: ``int32 (R + 1, S)``.
    """

    def __init__(
        self,
        comparisons: Comparisons,
        subjects: NDArray[np.int32],
        mask_types: Sequence[str | None],
        draws: NDArray[np.int32],
    ) -> None:
        self.comparisons = comparisons
        self.subjects = subjects
        self.draws = draws
        names = sorted({name for name in mask_types if name is not None})
        self.codes = {name: code for code, name in enumerate(names)}
        photo_type = np.array([self.codes.get(name or "", -1) for name in mask_types], dtype=np.int16)
        self._row_type = photo_type[comparisons.probe]
        present = np.bincount(self._row_type + 1, minlength=len(names) + 1)[1:]
        self.types = tuple(name for name, count in zip(names, present, strict=True) if count)
        self.mated = self._rows(np.flatnonzero(comparisons.mated))
        self.nonmated = self._rows(np.flatnonzero(~comparisons.mated))
        self._weights: dict[str, Weights] = {}
        self._pairs: dict[str, PairSums] = {}
        self._parts: dict[str, tuple[Comparisons, NDArray[np.int32] | None]] = {ALL_TYPES: (comparisons, None)}

    def weights(self, mask_type: str) -> Weights:
        """Counts and weights of a selection before any comparison has failed, computed once."""
        if mask_type not in self._weights:
            code = None if mask_type == ALL_TYPES else self.codes[mask_type]
            self._weights[mask_type] = self.weigh(self.mated.of_type(code), self.nonmated.of_type(code))
        return self._weights[mask_type]

    def pairs(self, mask_type: str) -> PairSums:
        """How many non-mated comparisons of a selection each pair of subjects has, failed ones included."""
        if mask_type not in self._pairs:
            code = None if mask_type == ALL_TYPES else self.codes[mask_type]
            self._pairs[mask_type] = self.pairs_of(self.nonmated.of_type(code))
        return self._pairs[mask_type]

    @cached_property
    def pair_places(self) -> NDArray[np.int32]:
        """``int32 (P,)``: the place in ``pairs("all").codes`` of each non-mated comparison's pair; 0 for mated ones."""
        rows = self.nonmated
        first = np.minimum(rows.reference_subject, rows.probe_subject).astype(np.int64)
        second = np.maximum(rows.reference_subject, rows.probe_subject)
        places = np.zeros(len(self.comparisons), dtype=np.int32)
        places[rows.row] = np.searchsorted(self.pairs(ALL_TYPES).codes, first * self.draws.shape[1] + second)
        return places

    def pairs_of(self, nonmated: Rows) -> PairSums:
        """How many of some non-mated rows each pair of subjects has."""
        return PairSums.counted(nonmated.reference_subject, nonmated.probe_subject, self.draws.shape[1])

    def weigh(self, mated: Rows, nonmated: Rows) -> Weights:
        """Counts and weights of any mated and non-mated rows."""
        return Weights(
            len(mated),
            len(nonmated),
            mated_weight(mated.probe_subject, self.draws),
            nonmated_weight(nonmated.reference_subject, nonmated.probe_subject, self.draws),
        )

    def part(self, mask_type: str) -> tuple[Comparisons, NDArray[np.int32] | None]:
        """The selection as comparisons, and its rows; None = all of them."""
        if mask_type not in self._parts:
            rows = np.flatnonzero(self._row_type == self.codes[mask_type]).astype(np.int32)
            whole = self.comparisons
            part = Comparisons(whole.reference[rows], whole.probe[rows], whole.mated[rows], whole.fold[rows])
            self._parts[mask_type] = (part, rows)
        return self._parts[mask_type]

    def _rows(self, rows: NDArray[np.int64]) -> Rows:
        table = np.empty((len(rows), 4), dtype=np.int32)
        table[:, 0] = rows
        table[:, 1] = self.subjects[self.comparisons.reference[rows]]
        table[:, 2] = self.subjects[self.comparisons.probe[rows]]
        table[:, 3] = self._row_type[rows]
        return Rows(table)


class RankedScores:
    """The scores of one cell, sorted once for all selections.

    Args:
        selections: of the cell's comparisons.
        scores: ``(P,)``; not finite = failed.
    """

    def __init__(self, selections: Selections, scores: NDArray[np.floating]) -> None:
        self._selections = selections
        self._mated, self._mated_scores, self._mated_lost = _ascending(selections.mated, scores)
        self._nonmated, self._nonmated_scores, self._nonmated_lost = _ascending(selections.nonmated, scores)

    def counted(self, mask_type: str, scores: SubjectScores) -> CountedScores:
        """The scores that `of` gave, with the tables of all comparisons of the selection, failed ones included."""
        code = None if mask_type == ALL_TYPES else self._selections.codes[mask_type]
        subjects = self._selections.draws.shape[1]
        lost = self._mated_lost.of_type(code).probe_subject
        return CountedScores(
            scores,
            mated=np.bincount(scores.mated_subject, minlength=subjects).astype(np.float64),
            mated_failed=np.bincount(lost, minlength=subjects).astype(np.float64),
            nonmated=self._selections.pairs(mask_type),
            nonmated_failed=self._selections.pairs_of(self._nonmated_lost.of_type(code)),
        )

    def auc(self) -> Auc:
        """Area under the ROC curve of all comparisons, with its spread."""
        return area_under_curve(
            self._mated_scores,
            self._nonmated_scores,
            mated_subject=self._mated.probe_subject,
            nonmated_place=self._selections.pair_places[self._nonmated.row],
            table=self._selections.pairs(ALL_TYPES),
            subjects=self._selections.draws.shape[1],
        )

    def of(self, mask_type: str) -> SubjectScores:
        """Sorted scores of one selection, failures taken out and weighed."""
        code = None if mask_type == ALL_TYPES else self._selections.codes[mask_type]
        planned = self._selections.weights(mask_type)
        failed = self._selections.weigh(self._mated_lost.of_type(code), self._nonmated_lost.of_type(code))
        mated, nonmated = self._mated.of_type(code), self._nonmated.of_type(code)
        return SubjectScores(
            mated=self._mated_scores if code is None else self._mated_scores[self._mated.type_code == code],
            mated_subject=mated.probe_subject,
            nonmated=self._nonmated_scores if code is None else self._nonmated_scores[self._nonmated.type_code == code],
            reference_subject=nonmated.reference_subject,
            probe_subject=nonmated.probe_subject,
            mated_total=planned.mated - failed.mated,
            mated_failed=failed.mated,
            nonmated_total=planned.nonmated - failed.nonmated,
            nonmated_failed=failed.nonmated,
        )


def same_comparisons(one: Comparisons, other: Comparisons) -> bool:
    """Whether two sets of comparisons hold the same rows in the same order."""
    return one is other or (
        np.array_equal(one.reference, other.reference)
        and np.array_equal(one.probe, other.probe)
        and np.array_equal(one.fold, other.fold)
    )


def rows_of(part: Comparisons, whole: Comparisons) -> NDArray[np.int64] | None:
    """Where each comparison of `part` is in `whole`; None where one is missing, or is there twice."""
    if not len(part) or not len(whole):
        return None
    photos = int(max(whole.probe.max(), part.probe.max())) + 1
    sought = part.reference.astype(np.int64) * photos + part.probe
    present = whole.reference.astype(np.int64) * photos + whole.probe
    candidates = np.flatnonzero(np.isin(present, sought))
    order = candidates[np.argsort(present[candidates], kind="stable")]
    if len(np.unique(present[order])) < len(order):
        return None
    position = np.minimum(np.searchsorted(present[order], sought), max(len(order) - 1, 0))
    if not len(order) or not np.array_equal(present[order][position], sought):
        return None
    return order[position]


def check_comparisons(comparisons: Comparisons, subjects: NDArray[np.int32]) -> None:
    """Refuse comparisons that contradict the subjects.

    Raises:
        BenchmarkError: a photo compared with itself, or a row whose `mated` is not what the subjects say.
    """
    if (comparisons.reference == comparisons.probe).any():
        photo = int(comparisons.probe[np.argmax(comparisons.reference == comparisons.probe)])
        raise BenchmarkError(f"photo {photo} is compared with itself; remove such pairs from the protocol")
    wrong = (subjects[comparisons.reference] == subjects[comparisons.probe]) != comparisons.mated
    if wrong.any():
        row = int(np.argmax(wrong))
        raise BenchmarkError(
            f"comparison {row} is marked mated={bool(comparisons.mated[row])}, but its subjects say otherwise; "
            "correct the protocol's pairs or its subject ids"
        )


def _ascending(rows: Rows, scores: NDArray[np.floating]) -> tuple[Rows, NDArray[np.floating], Rows]:
    """The rows with a score, lowest first, their scores, and the rows without."""
    values = scores[rows.row]
    completed = np.isfinite(values)
    lost = rows.take(~completed)
    if len(lost):
        rows, values = rows.take(completed), values[completed]
    order = np.argsort(values)
    return rows.take(order), values[order], lost
