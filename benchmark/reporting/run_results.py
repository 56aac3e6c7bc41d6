"""What a run hands to the report: everything that `write_run` turns into files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any

import pandas as pd

from benchmark.cards import Card
from benchmark.faces import Image
from benchmark.ledger import LedgerEntry
from benchmark.reporting.judged_pairs import Gallery
from benchmark.reporting.label_problem import LabelProblems
from benchmark.verification.base import MetricRow
from benchmark.verification.difference import Difference
from benchmark.verification.group_row import GroupRow
from benchmark.verification.measurement import CellCurves, Note

IMAGE_COLUMNS: tuple[str, ...] = tuple(column.name for column in fields(LedgerEntry))
"""The columns of ``images.csv``, in order: a contract."""


@dataclass(frozen=True)
class ExampleStrip:
    """One person's face at every stage, for the eye.

    Attributes:
        subject_id: the person.
        image_id: the photo.
        columns: caption and picture ``uint8 (S, S, 3)`` in the order shown: ``raw``, ``masked``, ``true mask``, then
            each method; ``None`` where there is no picture.
        reasons: caption and why it has no picture.
    """

    subject_id: str
    image_id: str
    columns: Mapping[str, Image | None]
    reasons: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class RunResults:
    """A finished run.

    Attributes:
        metrics: the rows of ``metrics.csv``.
        notes: what a reader must know: the measuring step's `Note` (it also tells each empty cell of a table why it
            is empty), or any sentence.
        curves: ROC points and score histograms, one per cell.
        images: the rows of ``images.csv``: `benchmark.ledger.Ledger.table`.
        examples: a few people, one of them where a method failed if there is such a one; none with ``--no-photos``.
        manifest: settings, versions, digests and times. The report reads ``config``, ``versions``, ``digests``
            (``dataset`` and ``protocol`` decide whether two runs can be compared), ``seeds``, ``git_revision``,
            ``device``, ``started``, ``durations`` (seconds per step) and ``command``; each may be missing.
        cards: the card of every plugin used, by name.
        losses: training curves by method; a column ``epoch`` or ``step``, and one for each loss.
        trained_before: those of them whose weights were there before the run: their curves are stored, not drawn.
        synthetic: the people are rendered; no recovery headline may be claimed.
        differences: the rows of ``differences.csv``.
        groups: the rows of ``groups.csv``; none where nothing is known of the people.
        gallery: pairs of faces with their verdicts; None where none is to be shown.
        label_problems: what may be wrong with the labels; None for rendered people, whose labels are right.
    """

    metrics: Sequence[MetricRow]
    notes: Sequence[Note | str]
    curves: Sequence[CellCurves]
    images: pd.DataFrame
    examples: Sequence[ExampleStrip]
    manifest: Mapping[str, Any]
    cards: Mapping[str, Card]
    losses: Mapping[str, pd.DataFrame]
    trained_before: frozenset[str] = frozenset()
    synthetic: bool = False
    differences: Sequence[Difference] = ()
    groups: Sequence[GroupRow] = ()
    gallery: Gallery | None = None
    label_problems: LabelProblems | None = None
