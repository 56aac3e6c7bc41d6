"""Picks the pairs of faces that a report shows with their verdicts, and takes their pictures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from benchmark.faces import Image
from benchmark.pipeline.conditions.arm import PreparedArm
from benchmark.pipeline.conditions.pairing import Pairing, Side
from benchmark.pipeline.planning.plan import Plan
from benchmark.pipeline.rows.columns import leading_columns
from benchmark.reporting.judged_pairs import Gallery, JudgedMethod, JudgedPair, Picture, Verdict
from benchmark.reporting.results_index import ResultsIndex, entry_of, panel_of
from benchmark.seeds import generator_for
from benchmark.verification.base import Cell
from benchmark.verification.changed_verdicts import CHANGES, Change, ScoredTwice, changed_verdicts
from benchmark.verification.measurement import Measurement, ScoredCell
from benchmark.verification.selections import rows_of, same_comparisons

MOST_PAIRS = 240
"""Of a whole gallery: with their pictures they take about a megabyte of the page."""
MOST_OF_EACH = 5


@dataclass
class _Album:
    """The pictures taken so far."""

    pictures: dict[Picture, Image] = field(default_factory=dict)

    def take(self, side: Side, place: int) -> tuple[Picture | None, str]:
        """The face on one side of a comparison (of a template its first), and if there is none, why."""
        row = int(side.embedding_rows[place])
        if side.members is not None:
            of_template = side.members.rows[side.members.template == row]
            row = int(of_template[0]) if len(of_template) else -1
        if row < 0:
            return None, "no photo"
        if side.view.failed(row):
            return None, str(side.view.records[row]["reason"])
        name = (side.view.key, row)
        if name not in self.pictures:
            self.pictures[name] = np.asarray(side.view.faces.pixels[row])
        return name, ""


def gallery(
    plan: Plan, arms: Sequence[PreparedArm], cells: Sequence[ScoredCell], measured: Measurement
) -> Gallery | None:
    """Every method before every recogniser at the run's primary target; None where no threshold could be set.

    Each condition is judged at its own matched threshold, as recovery is: a method that lifts all scores alike
    rescues nobody. The random sample is drawn once, so that it shows the same pairs of every method.
    """
    index = ResultsIndex(measured.rows, {})
    target = index.main_target()
    if target is None:
        return None
    scored = {one.cell: one for one in cells}
    asked = [
        (arm, name, pairing)
        for arm in arms
        for name in plan.recognisers
        for pairing in arm.pairings
        if pairing.condition == "raw-restored"
    ]
    each = max(1, min(MOST_OF_EACH, MOST_PAIRS // (len(CHANGES) * max(len(asked), 1))))
    album = _Album()
    methods = [
        _judged(plan, arm, name, pairing, scored, index, target, album=album, each=each) for arm, name, pairing in asked
    ]
    found = tuple(method for method in methods if method is not None)
    return Gallery(found, album.pictures) if found else None


def _judged(  # noqa: PLR0917
    plan: Plan,
    arm: PreparedArm,
    recogniser: str,
    pairing: Pairing,
    scored: Mapping[Cell, ScoredCell],
    index: ResultsIndex,
    target: float,
    *,
    album: _Album,
    each: int,
) -> JudgedMethod | None:
    """One method before one recogniser; None where a score or a threshold is lacking."""
    masked = next((one for one in arm.pairings if one.condition == "raw-masked" and one.method == "none"), None)
    after = scored.get(leading_columns(plan, arm.arm, pairing.method, "raw-restored", recogniser))
    before = scored.get(leading_columns(plan, arm.arm, "none", "raw-masked", recogniser))
    if masked is None or after is None or before is None:
        return None
    panel = panel_of(after.cell)
    rows = [
        index.find(panel, "gfrr", condition=cell.condition, entry=entry, kind="matched", target=target)
        for cell, entry in ((before.cell, None), (after.cell, entry_of(after.cell)))
    ]
    first, second = (None if row is None else row.threshold for row in rows)
    places = _same_places(after, before)
    if first is None or second is None or places is None:
        return None
    compared = after.comparisons
    twice = ScoredTwice(
        np.asarray(before.scores)[places], np.asarray(after.scores), float(first), float(second), compared.mated
    )
    kinds = list(dict.fromkeys(arm.faces.mask_types))
    codes = np.array([kinds.index(kind) for kind in arm.faces.mask_types], dtype=np.int64)[compared.probe]
    generator = generator_for(plan.config.seed, "gallery")
    changed = changed_verdicts(twice, codes, each=each, generator=generator)
    photos = [plan.protocol.photos[photo] for photo in arm.faces.templates.first]

    def pair(change: Change, row: int) -> JudgedPair:
        reference, probe = int(compared.reference[row]), int(compared.probe[row])
        shown_before, _ = _verdict(masked, int(places[row]), twice.before[row], twice.accepted_before[row], album)
        shown_after, reason = _verdict(pairing, row, twice.after[row], twice.accepted_after[row], album)
        return JudgedPair(
            change,
            bool(compared.mated[row]),
            (photos[reference].subject_id, photos[probe].subject_id),
            (photos[reference].image_id, photos[probe].image_id),
            arm.faces.mask_types[probe] or "",
            shown_before,
            shown_after,
            reason,
        )

    return JudgedMethod(
        after.cell,
        target,
        (float(first), float(second)),
        changed.counts,
        changed.worsened,
        changed.failed,
        tuple(pair(change, int(row)) for change in CHANGES for row in changed.rows[change]),
    )


def _same_places(after: ScoredCell, before: ScoredCell) -> NDArray[np.int64] | None:
    """Where each comparison of `after` is in `before`; None where one is missing."""
    if same_comparisons(after.comparisons, before.comparisons):
        return np.arange(len(after.comparisons), dtype=np.int64)
    return rows_of(after.comparisons, before.comparisons)


def _verdict(pairing: Pairing, row: int, score: np.floating, accepted: np.bool_, album: _Album) -> tuple[Verdict, str]:
    reference, why_not = album.take(pairing.reference, row)
    probe, why_no_probe = album.take(pairing.probe, row)
    known = float(score) if np.isfinite(score) else None
    reason = "" if known is not None else why_no_probe or why_not or "the recogniser gave no template"
    return Verdict(known, bool(accepted), reference, probe), reason
