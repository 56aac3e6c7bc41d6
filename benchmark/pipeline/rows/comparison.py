"""The steps `recognise` and `compare` of one arm: every pairing, scored by every recogniser."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from benchmark.context import RunContext
from benchmark.methods.base import TemplateMapper, Unmasker
from benchmark.methods.template_step import fit_template_mapper
from benchmark.pipeline.conditions.arm import PreparedArm
from benchmark.pipeline.conditions.pairing import Pairing, Side
from benchmark.pipeline.planning.plan import Plan
from benchmark.pipeline.training_pairs import MadePairs
from benchmark.recognisers.base import Recogniser
from benchmark.recognisers.step import Embeddings, recognise
from benchmark.reporting.scores_file import ScoresWriter, ids_at
from benchmark.verification.base import Cell
from benchmark.verification.measurement import Note, NoteBook, ProbeFeatures, ScoredCell
from benchmark.verification.scoring import score_comparisons
from benchmark.verification.template_embeddings import average_embeddings
from benchmark.views import View


def compare_arm(
    plan: Plan, prepared: PreparedArm, made: MadePairs | None, writer: ScoresWriter, context: RunContext
) -> tuple[list[ScoredCell], tuple[Note, ...]]:
    """Score every pairing of `prepared` with every recogniser; every score also goes to `writer`.

    Returns:
        The scored cells, and notes on photos that are missing from their templates.
    """
    cells = []
    book = NoteBook()
    names = prepared.faces.templates.names
    for name, recogniser in plan.recognisers.items():
        judge = _Judge(name, recogniser, context, _rows_compared(prepared.pairings))
        for label, method in plan.methods.items():
            if isinstance(method, TemplateMapper):
                judge.learn(label, method, made)
        raw = next(
            (pairing for pairing in prepared.pairings if pairing.condition == "raw-raw" and not pairing.native), None
        )
        for pairing in prepared.pairings:
            cell = leading_columns(plan, prepared.arm, pairing.method, pairing.condition, name, native=pairing.native)
            scored = judge.score(pairing, cell, len(names))
            if raw is not None and raw.comparisons is pairing.comparisons and _shows_faces(plan, pairing):
                scored = replace(scored, features=judge.features(pairing, raw))
            cells.append(scored)
            left_out = judge.left_out_of_templates(pairing)
            if left_out:
                book.add("templates", left_out, cell)
            comparisons = pairing.comparisons
            writer.add(
                scored.cell,
                ids_at(names, comparisons.reference),
                ids_at(names, comparisons.probe),
                comparisons.mated,
                comparisons.fold,
                scored.scores,
            )
    return cells, book.notes()


class _Judge:
    """One recogniser with the embeddings that it made so far, and the template mappers fitted to it."""

    def __init__(
        self, name: str, recogniser: Recogniser, context: RunContext, compared: Mapping[str, NDArray[np.integer]]
    ) -> None:
        self._name = name
        self._recogniser = recogniser
        self._context = context
        self._compared = compared
        self._embeddings: dict[str, Embeddings] = {}
        self._mappers: dict[str, TemplateMapper] = {}

    def learn(self, label: str, mapper: TemplateMapper, made: MadePairs | None) -> None:
        if made is None:
            raise AssertionError(f"{label} learns from pairs, and none were made")
        masked = [self._embed(view, "masked training faces") for view in made.views]
        true = [self._embed(view.unmasked(), "bare training faces") for view in made.views]
        fitted = copy.copy(mapper)  # one mapper a recogniser
        fit_template_mapper(
            fitted,
            np.concatenate([embeddings.values for embeddings in masked]),
            np.concatenate([embeddings.values for embeddings in true]),
            tuple(photo.subject_id for view in made.views for photo in view.photo_set.photos),
            made_of=[embeddings.key for embeddings in (*masked, *true)],
            context=self._context,
        )
        self._mappers[label] = fitted

    def score(self, pairing: Pairing, cell: Cell, n_templates: int) -> ScoredCell:
        references = self._side(pairing.reference, pairing.method)
        probes = self._side(pairing.probe, pairing.method)
        compared = pairing.comparisons
        return ScoredCell(
            cell=cell,
            comparisons=compared,
            scores=score_comparisons(self._recogniser, references, pairing.reference.rows, probes, pairing.probe.rows),
            failed_probes=_never_acquired(probes, pairing.probe.rows, compared.probe, n_templates),
            failed_references=_never_acquired(references, pairing.reference.rows, compared.reference, n_templates),
        )

    def features(self, pairing: Pairing, raw: Pairing) -> ProbeFeatures:
        """The probes' embeddings beside those of the raw ones; both pairings hold the same comparisons."""
        templates, first = np.unique(pairing.comparisons.probe, return_index=True)
        return ProbeFeatures(
            templates,
            self._side(raw.probe, raw.method),
            raw.probe.rows[first],
            self._side(pairing.probe, pairing.method),
            pairing.probe.rows[first],
        )

    def left_out_of_templates(self, pairing: Pairing) -> str:
        """How many photos of the pairing's templates gave no embedding; empty where none failed."""
        said = []
        for name, side in (("reference", pairing.reference), ("probe", pairing.probe)):
            if side.members is None:
                continue
            used = np.isin(side.members.template, side.rows)
            photos = np.unique(side.members.rows[used])
            values = np.asarray(self._embed(side.view, side.shown).values[photos])
            failed = np.count_nonzero(~np.isfinite(values).all(axis=1))
            if failed:
                said.append(f"{failed} of {len(photos)} {name} photos")
        return f"no embedding: {' and '.join(said)}; their templates are made of the others" if said else ""

    def _side(self, side: Side, method: str) -> NDArray[np.float32]:
        values = self._embed(side.view, side.shown).values
        if side.mapped:
            values = self._mappers[method].map(np.asarray(values))
        if side.members is not None:
            values = average_embeddings(values, side.members, metric=self._recogniser.card.metric)
        return values

    def _embed(self, view: View, shown: str) -> Embeddings:
        """Embeddings of every row that some pairing compares (of training faces: every row); NaN in the others."""
        if view.key not in self._embeddings:
            self._embeddings[view.key] = recognise(
                self._name,
                self._recogniser,
                view,
                shown=shown,
                context=self._context,
                rows=self._compared.get(view.key),
            )
        return self._embeddings[view.key]


def _rows_compared(pairings: Sequence[Pairing]) -> dict[str, NDArray[np.integer]]:
    """By the key of each view, the rows that take part in a comparison, sorted."""
    compared: dict[str, list[NDArray[np.integer]]] = {}
    for pairing in pairings:
        for side in (pairing.reference, pairing.probe):
            members = side.members
            rows = side.rows if members is None else members.rows[np.isin(members.template, side.rows)]
            compared.setdefault(side.view.key, []).append(np.unique(rows))
    return {key: np.unique(np.concatenate(rows)) for key, rows in compared.items()}


def _shows_faces(plan: Plan, pairing: Pairing) -> bool:
    """Whether the probes are pictures to set beside the raw ones: masked, or restored by an `Unmasker`."""
    if pairing.condition == "raw-masked":
        return True
    return pairing.condition == "raw-restored" and isinstance(plan.methods[pairing.method], Unmasker)


def _never_acquired(
    embeddings: NDArray[np.float32], rows: NDArray[np.int32], templates: NDArray[np.int32], n_templates: int
) -> NDArray[np.bool_]:
    """``bool (n_templates,)``: those that take part and gave no embedding in any of their comparisons."""
    usable = np.asarray(np.isfinite(embeddings).all(axis=1))[rows]
    failures = np.bincount(templates[~usable], minlength=n_templates)
    successes = np.bincount(templates[usable], minlength=n_templates)
    failed: NDArray[np.bool_] = (failures > 0) & (successes == 0)
    return failed


def leading_columns(plan: Plan, arm: str, label: str, condition: str, recogniser: str, *, native: bool = False) -> Cell:
    """The leading columns of ``metrics.csv`` for one method (``"none"`` for raw and masked faces) and condition."""
    method = plan.methods.get(label)
    return Cell(
        dataset=plan.config.dataset,
        protocol=plan.protocol.name,
        acquisition=arm,
        size="native" if native else str(plan.config.size),
        recogniser=recogniser,
        method="none" if method is None else method.name,
        preset="" if method is None else method.preset,
        train_data=plan.train_data.get(label, ""),
        mask_source="none" if method is None else method.mask_source,
        condition=condition,
    )
