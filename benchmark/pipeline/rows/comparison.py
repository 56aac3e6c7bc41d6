"""The steps `recognise` and `compare`: every pairing, scored by every recogniser."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from benchmark.context import RunContext
from benchmark.errors import MethodFailed
from benchmark.pipeline.conditions.arm import PreparedArm
from benchmark.pipeline.conditions.pairing import Pairing
from benchmark.pipeline.fit_methods import FittedMethods
from benchmark.pipeline.planning.plan import Plan
from benchmark.pipeline.rows.columns import leading_columns
from benchmark.pipeline.rows.judge import Judge
from benchmark.plugin_failures import PluginFailure, PluginFailures
from benchmark.reporting.scores_file import ScoresWriter, ids_at
from benchmark.verification.measurement import Note, NoteBook, ScoredCell


@dataclass(frozen=True)
class Compared:
    """The scored cells of a run, and notes on photos that are missing from their templates."""

    cells: list[ScoredCell]
    notes: list[Note]


def recognise_and_compare(
    plan: Plan, arms: Sequence[PreparedArm], fitted: FittedMethods, context: RunContext, *, folder: Path
) -> Compared:
    """Score every pairing of every arm with every recogniser, and write ``scores.parquet``.

    Args:
        plan: names the recognisers.
        arms: what is compared.
        fitted: what methods learn from that are fitted to a recogniser, and what the others have learned.
        context: what the run's steps share: store, ledger, progress bars, device, seed.
        folder: to write to.
    """
    compared = Compared([], [])
    with ScoresWriter(folder / "scores.parquet") as writer:
        for arm in arms:
            book = NoteBook()
            for name, recogniser in plan.recognisers.items():
                with context.failures.kept("recogniser", name, arm.arm):
                    judge = Judge(name, recogniser, arm.pairings, context.in_arm(arm.arm))
                    judge.fit(plan, fitted)
                    cells = list(_scored(plan, arm, judge, context.failures, book=book))
                    _write(cells, arm, writer)
                    compared.cells.extend(cells)
            compared.notes.extend(book.notes())
    return compared


def _scored(
    plan: Plan, arm: PreparedArm, judge: Judge, failures: PluginFailures, *, book: NoteBook
) -> Iterator[ScoredCell]:
    """Every pairing scored, but those of a method that fails on the recogniser's embeddings."""
    count = len(arm.faces.templates.names)
    raw = next((one for one in arm.pairings if one.condition == "raw-raw" and not one.native), None)
    for pairing in arm.pairings:
        cell = leading_columns(plan, arm.arm, pairing.method, pairing.condition, judge.name, native=pairing.native)
        if not judge.can_score(pairing):
            continue
        try:
            scored = judge.score(pairing, cell, count)
            if raw is not None and pairing.pictures and raw.comparisons is pairing.comparisons:
                scored = replace(scored, features=judge.features(pairing, raw))
        except MethodFailed as error:
            where = f"{arm.arm}, {pairing.condition}, before {judge.name}"
            failures.add(PluginFailure("method", pairing.method, where, str(error)))
            continue
        if pairing is raw and not np.isfinite(scored.scores).any():
            reason = f"it gave an embedding to none of {_acquired(pairing)} bare faces; images.csv says why"
            failures.add(PluginFailure("recogniser", judge.name, arm.arm, reason))
        left_out = judge.left_out_of_templates(pairing)
        if left_out:
            book.add("templates", left_out, cell)
        yield scored


def _acquired(pairing: Pairing) -> int:
    """How many faces a recogniser is shown; on both sides they are those of one view."""
    view = pairing.probe.view
    rows = np.union1d(pairing.reference.view_rows, pairing.probe.view_rows)
    return sum(not view.failed(row) for row in rows.tolist())


def _write(cells: Sequence[ScoredCell], arm: PreparedArm, writer: ScoresWriter) -> None:
    names = arm.faces.templates.names
    for scored in cells:
        comparisons = scored.comparisons
        writer.add(
            scored.cell,
            ids_at(names, comparisons.reference),
            ids_at(names, comparisons.probe),
            comparisons.mated,
            comparisons.fold,
            scored.scores,
        )
