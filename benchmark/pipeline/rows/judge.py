"""One recogniser of a run: it embeds what is compared, and scores it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmark.context import RunContext
from benchmark.errors import RequestError
from benchmark.methods.combinations.combination import MemberScores
from benchmark.pipeline.conditions.method_kinds.fitting import Embedder, RecogniserInputs
from benchmark.pipeline.conditions.method_kinds.kinds import kind_of
from benchmark.pipeline.conditions.pairing import ChosenPairing, CombinedPairing, Pairing, PairingOfParts, Side
from benchmark.pipeline.fit_methods import FittedMethods
from benchmark.pipeline.planning.adapters import adapter_of, weights_for
from benchmark.pipeline.planning.plan import Plan
from benchmark.recognisers.base import Recogniser
from benchmark.recognisers.step import Embeddings, recognise
from benchmark.verification.base import Cell
from benchmark.verification.measurement import ProbeFeatures, ScoredCell
from benchmark.verification.scoring import score_comparisons
from benchmark.verification.template_embeddings import average_embeddings
from benchmark.views import View

Failed = NDArray[np.bool_]
"""``bool (n_templates,)``: which templates could not be made."""
_NO_CELL = Cell(*[""] * len(fields(Cell)))
"""Of scores that are a part of others."""


class Judge:
    """A recogniser with the embeddings that it made so far, and the methods that were fitted to it.

    Args:
        name: the name of the recogniser, as in tables.
        recogniser: ready to use.
        pairings: everything that will be scored: what no pairing compares is not embedded.
        context: what the run's steps share: store, ledger, progress bars, device, seed.
    """

    def __init__(self, name: str, recogniser: Recogniser, pairings: Sequence[Pairing], context: RunContext) -> None:
        self.name = name
        self._recogniser = recogniser
        self._context = context
        self._rows_compared = _rows_compared(pairings)
        self._embeddings: dict[str, Embeddings] = {}
        self._embedders: dict[str, Embedder] = {}

    def fit(self, plan: Plan, fitted_before: FittedMethods) -> None:
        """Fit every method that is fitted to a recogniser, but for adapters without weights for this one.

        Args:
            plan: methods, and the weights of adapters.
            fitted_before: what the methods learn from, and what their parts have learned.
        """
        for label, method in plan.methods.items():
            fitted = kind_of(method).fitted
            weights = weights_for(method, self.name, plan.weights)
            learns_here = adapter_of(method) is None
            if fitted is None or (weights is None and not learns_here):
                continue
            made = fitted_before.pairs
            if learns_here and made is None:
                raise AssertionError(f"{label} learns from training pairs, and there are none")
            inputs = RecogniserInputs(
                self.name,
                self._recogniser,
                self._embed,
                self._rows_of,
                made,
                fitted_before.keys,
                weights,
                context=self._context,
            )
            for view in made.views if learns_here and made is not None else ():  # what fails here is the recogniser
                self._embed(view, "masked training faces")
                self._embed(view.unmasked(), "bare training faces")
            with self._context.failures.kept("method", label, f"before {self.name}"):
                self._embedders.update(fitted(label, method, inputs))

    def can_score(self, pairing: Pairing) -> bool:
        """Whether the method that embeds one of its sides could be fitted."""
        if isinstance(pairing, CombinedPairing) and pairing.combination.refusal(
            self.name, self._recogniser.card.sha256
        ):
            return False
        if isinstance(pairing, PairingOfParts):
            return all(self.can_score(part) for part in pairing.parts)
        return all(
            not side.embedded_by or side.embedded_by in self._embedders for side in (pairing.reference, pairing.probe)
        )

    def score(self, pairing: Pairing, cell: Cell, n_templates: int) -> ScoredCell:
        """The scores of a pairing.

        Args:
            pairing: one of those that the judge was told of.
            cell: what the scores belong to.
            n_templates: of the protocol.
        """
        if isinstance(pairing, CombinedPairing):
            return self._combined(pairing, cell, n_templates)
        if isinstance(pairing, ChosenPairing):
            return self._chosen(pairing, cell, n_templates)
        references, probes = self._vectors(pairing.reference), self._vectors(pairing.probe)
        reference_rows, probe_rows = pairing.reference.embedding_rows, pairing.probe.embedding_rows
        compared = pairing.comparisons
        return ScoredCell(
            cell=cell,
            comparisons=compared,
            scores=score_comparisons(self._recogniser, references, reference_rows, probes, probe_rows),
            failed_probes=_never_usable(_usable(probes, probe_rows), compared.probe, n_templates),
            failed_references=_never_usable(_usable(references, reference_rows), compared.reference, n_templates),
        )

    def embed(self, pairing: Pairing) -> None:
        """Make the embeddings that the scores of a pairing need, and nothing else.

        Raises:
            MethodFailed: a method that takes part in them fails.
        """
        if isinstance(pairing, PairingOfParts):
            for part in pairing.parts:
                self.embed(part)
            return
        for side in (pairing.reference, pairing.probe):
            self._side_embeddings(side)

    def member_scores(self, parts: Sequence[Pairing], n_templates: int) -> tuple[MemberScores, list[ScoredCell]]:
        """The scores of the members of a combination, and the cells that they are from.

        Args:
            parts: a pairing of each member, all of the same comparisons.
            n_templates: of the protocol.
        """
        cells = [self.score(part, _NO_CELL, n_templates) for part in parts]
        return MemberScores(np.stack([cell.scores for cell in cells]), lambda: self._movements(parts)), cells

    def _combined(self, pairing: CombinedPairing, cell: Cell, n_templates: int) -> ScoredCell:
        combination = pairing.combination
        members, cells = self.member_scores(pairing.parts, n_templates)
        needed = [cells[place] for place in combination.needed(self.name)]
        return ScoredCell(
            cell=cell,
            comparisons=pairing.comparisons,
            scores=combination.combine(self.name, members),
            failed_probes=np.logical_or.reduce([one.failed_probes for one in needed]),
            failed_references=np.logical_or.reduce([one.failed_references for one in needed]),
        )

    def _chosen(self, pairing: ChosenPairing, cell: Cell, n_templates: int) -> ScoredCell:
        first, second = (self.score(part, _NO_CELL, n_templates) for part in pairing.parts)
        compared = pairing.comparisons

        def taken(of_first: NDArray[Any], of_second: NDArray[Any]) -> NDArray[Any]:
            return np.where(pairing.second, of_second, of_first)

        def failed(of_first: NDArray[np.bool_], of_second: NDArray[np.bool_], templates: NDArray[np.int32]) -> Failed:
            return _never_usable(~taken(of_first[templates], of_second[templates]), templates, n_templates)

        return ScoredCell(
            cell=cell,
            comparisons=compared,
            scores=taken(first.scores, second.scores),
            failed_probes=failed(first.failed_probes, second.failed_probes, compared.probe),
            failed_references=failed(first.failed_references, second.failed_references, compared.reference),
        )

    def _movements(self, parts: Sequence[Pairing]) -> NDArray[np.float32]:
        """``float32 (K, P)``; see `MemberScores`."""
        _, first, probe = np.unique(parts[0].comparisons.probe, return_index=True, return_inverse=True)
        embedded = [self._vectors(part.probe)[part.probe.embedding_rows[first]] for part in parts]
        for part, one in zip(parts, embedded, strict=True):
            if one.shape[1] != embedded[0].shape[1]:
                raise RequestError(
                    f"a gate compares what its members make of a probe, and '{part.method}' makes {one.shape[1]} "
                    f"numbers of it where the recogniser makes {embedded[0].shape[1]}; leave it out, or learn a fusion"
                )
        moved = [self._recogniser.scores(np.asarray(embedded[0]), np.asarray(one)) for one in embedded]
        return np.stack(moved)[:, probe]

    def features(self, pairing: Pairing, raw: Pairing) -> ProbeFeatures:
        """The probes' embeddings beside those of the raw ones; both pairings hold the same comparisons."""
        templates, first = np.unique(pairing.comparisons.probe, return_index=True)
        return ProbeFeatures(
            templates,
            self._vectors(raw.probe),
            raw.probe.embedding_rows[first],
            self._vectors(pairing.probe),
            pairing.probe.embedding_rows[first],
        )

    def left_out_of_templates(self, pairing: Pairing) -> str:
        """How many photos of the pairing's templates gave no embedding; empty where none failed."""
        said = []
        for name, side in (("reference", pairing.reference), ("probe", pairing.probe)):
            if side.members is None:
                continue
            values = np.asarray(self._embed(side.view, side.shown).values[side.view_rows])
            failed = np.count_nonzero(~np.isfinite(values).all(axis=1))
            if failed:
                said.append(f"{failed} of {len(values)} {name} photos")
        return f"no embedding: {' and '.join(said)}; their templates are made of the others" if said else ""

    def _vectors(self, side: Side) -> NDArray[np.float32]:
        """``float32 (N, D)``: the embeddings that `side.embedding_rows` counts."""
        values = self._side_embeddings(side)
        if side.members is not None:
            values = average_embeddings(values, side.members, metric=self._recogniser.card.metric)
        return values

    def _side_embeddings(self, side: Side) -> NDArray[np.float32]:
        """``float32 (N, D)``: a row for each of the side's view."""
        if side.embedded_by:
            return self._embedders[side.embedded_by](side.view, side.shown)
        return self._embed(side.view, side.shown).values

    def _embed(self, view: View, shown: str) -> Embeddings:
        """Embeddings of every row that some pairing compares (of training faces: every row); NaN in the others."""
        if view.key not in self._embeddings:
            self._embeddings[view.key] = recognise(
                self.name, self._recogniser, view, shown=shown, context=self._context, rows=self._rows_of(view)
            )
        return self._embeddings[view.key]

    def _rows_of(self, view: View) -> NDArray[np.integer] | None:
        return self._rows_compared.get(view.key)


def _rows_compared(pairings: Sequence[Pairing]) -> dict[str, NDArray[np.integer]]:
    """By the key of each view, the rows that take part in a comparison, sorted."""
    compared: dict[str, list[NDArray[np.integer]]] = {}
    for pairing in pairings:
        for side in (pairing.reference, pairing.probe):
            compared.setdefault(side.view.key, []).append(side.view_rows)
    return {key: np.unique(np.concatenate(rows)) for key, rows in compared.items()}


def _usable(vectors: NDArray[np.float32], rows: NDArray[np.int32]) -> NDArray[np.bool_]:
    """``bool (P,)``: whether there is an embedding in the row of `vectors` ``(N, D)`` that each comparison uses."""
    return np.asarray(np.isfinite(vectors).all(axis=1))[rows]


def _never_usable(usable: NDArray[np.bool_], templates: NDArray[np.int32], n_templates: int) -> Failed:
    """``bool (n_templates,)``: those that take part and gave no embedding in any of their comparisons.

    Args:
        usable: ``bool (P,)``, in which comparisons they gave one.
        templates: ``int32 (P,)``, the template that each comparison uses.
        n_templates: of the protocol.
    """
    failures = np.bincount(templates[~usable], minlength=n_templates)
    successes = np.bincount(templates[usable], minlength=n_templates)
    failed: Failed = (failures > 0) & (successes == 0)
    return failed
