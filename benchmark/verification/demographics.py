"""Error rates of groups of people, at the one threshold that applies to everybody.

Mated comparisons belong to the group of their probe; non-mated ones count where both photos are of one group, since a
false match with somebody of one's own sex, age or skin tone is likelier (NIST IR 8280, *Face Recognition Vendor Test,
Part 3: Demographic Effects*, 2019).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace

import numpy as np
from numpy.typing import NDArray

from benchmark.verification.base import Cell, MetricRow
from benchmark.verification.count_spread import BORROWED
from benchmark.verification.dyadic import PairSums, Part, effective_size, spread_of
from benchmark.verification.group_row import WORST_TO_BEST, GroupRow
from benchmark.verification.intervals import FEW_EVENTS, share_interval, share_of_people
from benchmark.verification.measurement import ScoredCell
from benchmark.verification.selections import ALL_TYPES

FEWEST_SUBJECTS = 30
"""Below so many people with mated comparisons nothing is said of a group."""


def measure_groups(
    cells: Iterable[ScoredCell],
    rows: Iterable[MetricRow],
    *,
    subjects: NDArray[np.int32],
    attributes: Mapping[str, Sequence[str]],
) -> tuple[GroupRow, ...]:
    """GFRR and FMR of every group at the frozen thresholds, and the ratio of the worst to the best group.

    Args:
        cells: scored ones.
        rows: of `measure`, which hold the frozen thresholds.
        subjects: ``int32 (n_photos,)``, codes.
        attributes: by name, the group of each photo of the protocol; empty = not known.
    """
    thresholds: dict[Cell, dict[float, float]] = {}
    for row in rows:
        frozen = row.metric == "gfrr" and row.threshold_kind == "frozen" and row.mask_type == ALL_TYPES
        if frozen and row.threshold is not None and row.target is not None:
            cell = Cell(**{field.name: getattr(row, field.name) for field in fields(Cell)})
            thresholds.setdefault(cell, {})[row.target] = row.threshold
    found: list[GroupRow] = []
    for scored in cells:
        for target, threshold in thresholds.get(scored.cell, {}).items():
            for attribute, of_photo in attributes.items():
                for metric in ("gfrr", "fmr"):
                    about = _About(scored, attribute, metric, target, threshold)
                    made = list(_groups(about, subjects, np.asarray(of_photo, dtype=object)))
                    found += made + _ratio(made)
    return tuple(found)


@dataclass(frozen=True)
class _About:
    """What the rows of one attribute share."""

    scored: ScoredCell
    attribute: str
    metric: str
    target: float
    threshold: float


def _groups(about: _About, subjects: NDArray[np.int32], of_photo: NDArray[np.object_]) -> Iterator[GroupRow]:
    compared = about.scored.comparisons
    scores = np.asarray(about.scored.scores, dtype=np.float32)
    accepted = np.asarray(scores >= np.float32(about.threshold), dtype=np.bool_)  # a failed score is not
    of_probe, of_reference = of_photo[compared.probe], of_photo[compared.reference]
    for name in sorted({str(group) for group in of_photo if group}):
        probe_in = np.asarray(of_probe == name, dtype=np.bool_)
        if about.metric == "gfrr":
            chosen = compared.mated & probe_in
            people = subjects[compared.probe[chosen]]
            value, interval = _share(np.logical_not(accepted[chosen]), scores[chosen], people)
        else:
            both_in = probe_in & np.asarray(of_reference == name, dtype=np.bool_)
            chosen = np.logical_not(compared.mated) & both_in & np.isfinite(scores)
            one, other = subjects[compared.reference[chosen]], subjects[compared.probe[chosen]]
            people = np.concatenate([one, other])
            value, interval = _pair_share(accepted[chosen], scores[chosen], one, other, int(subjects.max()) + 1)
        count = len(np.unique(people))
        few = count < FEWEST_SUBJECTS
        yield GroupRow(
            **vars(about.scored.cell),
            attribute=about.attribute,
            group=name,
            metric=about.metric,
            target=about.target,
            value=None if few else value,
            ci_low=None if few else interval[0],
            ci_high=None if few else interval[1],
            subjects=count,
            comparisons=int(np.count_nonzero(chosen)),
            threshold=about.threshold,
            note=f"fewer than {FEWEST_SUBJECTS} people: nothing is claimed" if few else "",
        )


def _share(
    rejected: NDArray[np.bool_], scores: NDArray[np.float32], people: NDArray[np.int32]
) -> tuple[float, tuple[float, float]]:
    """Share of mated comparisons that are rejected, with an interval over people."""
    if not len(rejected):
        return float("nan"), (float("nan"), float("nan"))
    value = float(np.mean(rejected))
    borrowed = _enough_of(rejected, np.where(np.isfinite(scores), -scores, np.inf))
    if borrowed is None:
        return value, share_of_people(rejected, people)
    share = float(np.mean(borrowed))
    sums = np.bincount(people, weights=borrowed - share)
    design = max(1.0, float(sums @ sums) / (len(borrowed) * share * (1 - share)))
    return value, share_interval(value, len(rejected) / design, subjects=len(np.unique(people)))


def _enough_of(events: NDArray[np.bool_], nearness: NDArray[np.float32]) -> NDArray[np.bool_] | None:
    """Where hardly anything or nearly everything happened, `BORROWED` comparisons to which it happened or would have
    happened first: their spread says how alike the comparisons of one person are. None where enough happened."""
    count = int(np.count_nonzero(events))
    if min(count, len(events) - count) >= FEW_EVENTS or len(events) < 2:
        return None
    wanted = min(BORROWED, len(events) // 2)
    order = np.argsort(-nearness, kind="stable")
    chosen = np.zeros(len(events), dtype=np.bool_)
    chosen[order[:wanted] if count <= len(events) // 2 else order[-wanted:]] = True
    return chosen


def _pair_share(
    accepted: NDArray[np.bool_],
    scores: NDArray[np.float32],
    one: NDArray[np.int32],
    other: NDArray[np.int32],
    subjects: int,
) -> tuple[float, tuple[float, float]]:
    """Share of non-mated comparisons that are accepted, with an interval over both people of each."""
    if not len(accepted):
        return float("nan"), (float("nan"), float("nan"))
    value = float(np.mean(accepted))
    borrowed = _enough_of(accepted, scores)
    counted = accepted if borrowed is None else borrowed
    share = float(np.mean(counted))
    planned = PairSums.counted(one, other, subjects)
    matched = PairSums.counted(one[counted], other[counted], subjects)
    weights = np.array([1.0, -share]) / len(counted)
    variance = spread_of([Part(pairs=matched), Part(pairs=planned)], weights).variance
    people = len(np.unique(np.concatenate([one, other])))
    if variance <= 0 or not 0 < share < 1:
        return value, share_interval(value, max(effective_size(planned.touching) / 2, 1.0), subjects=people)
    size = share * (1 - share) / variance
    return value, share_interval(value, min(size, len(counted)) if borrowed is not None else size, subjects=people)


def _ratio(rows: Sequence[GroupRow]) -> list[GroupRow]:
    """The highest rate of a group over the lowest, with the interval of a ratio of independent rates.

    Groups hold different people. The ends follow from those of the two rates, on the scale of the logarithm: Zou and
    Donner, *Construction of confidence limits about effect measures: a general approach*, Statistics in Medicine
    27(10), 2008.
    """
    known = [row for row in rows if row.value is not None]
    if len(known) < 2:
        return []
    best, worst = (pick(known, key=lambda row: row.value or 0.0) for pick in (min, max))
    ratio = low = high = None
    note = f"{worst.group} / {best.group}"
    if best.value:
        ratio = float(worst.value or 0.0) / best.value
        low, high = _ratio_ends(worst, best)
    else:
        note += ": the lowest rate is 0, so that there is no ratio"
    return [
        replace(
            worst,
            group=WORST_TO_BEST,
            value=ratio,
            ci_low=low,
            ci_high=high,
            subjects=best.subjects + worst.subjects,
            comparisons=best.comparisons + worst.comparisons,
            note=note,
        )
    ]


def _ratio_ends(above: GroupRow, below: GroupRow) -> tuple[float | None, float | None]:
    """The interval of the ratio of two rates above 0; None where a rate has none."""
    ends = [(row.ci_low, row.value, row.ci_high) for row in (above, below)]
    if any(not end for of_row in ends for end in of_row):
        return None, None
    (low_above, at_above, high_above), (low_below, at_below, high_below) = np.log(np.array(ends, dtype=np.float64))
    middle = at_above - at_below
    low = middle - np.hypot(at_above - low_above, high_below - at_below)
    high = middle + np.hypot(high_above - at_above, at_below - low_below)
    return float(np.exp(low)), float(np.exp(high))
