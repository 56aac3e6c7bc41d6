"""What goes into the measuring step and what comes out of it."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from benchmark.datasets.base import Comparisons
from benchmark.verification.base import Cell, MetricRow
from benchmark.verification.difference import Difference
from benchmark.verification.group_row import GroupRow
from benchmark.verification.samples import FeatureSample


@dataclass(frozen=True)
class ProbeFeatures:
    """Where the embeddings of a condition's probes are, and those of the same probes raw.

    Attributes:
        photos: ``(N,)``, indices into the protocol's photos, or templates where it has some.
        raw: ``float32 (_, D)``, often a memory map; NaN where there is no template.
        raw_rows: ``(N,)``, the row of `raw` of each photo.
        shown: ``float32 (_, D)``, likewise, as the condition shows them.
        shown_rows: ``(N,)``.
    """

    photos: NDArray[np.integer]
    raw: NDArray[np.float32]
    raw_rows: NDArray[np.integer]
    shown: NDArray[np.float32]
    shown_rows: NDArray[np.integer]

    def sample(self, subjects: NDArray[np.int32], seed: int) -> FeatureSample:
        """What metrics see: the probes with both templates.

        Args:
            subjects: ``(n_photos,)``, the subject of each photo.
            seed: the run's seed.
        """
        raw = np.asarray(self.raw[self.raw_rows], dtype=np.float64)
        shown = np.asarray(self.shown[self.shown_rows], dtype=np.float64)
        both = np.isfinite(raw).all(axis=1) & np.isfinite(shown).all(axis=1)
        raw, shown = raw[both], shown[both]
        scale = float(np.sqrt(np.square(raw).mean())) if raw.any() else 1.0
        return FeatureSample(raw / scale, shown / scale, subjects[self.photos[both]], seed)


@dataclass(frozen=True)
class ScoredCell:
    """The scores of one cell.

    Attributes:
        cell: what the scores belong to.
        comparisons: P comparisons, the protocol's or a part of them; indices into the protocol's photos. Where the
            protocol has templates, a photo here and below means a template.
        scores: ``float32 (P,)``, often a memory map; NaN where a side gave no template.
        failed_probes: ``bool (n_photos,)``, the photos that gave no template as a probe of this condition.
        failed_references: ``bool (n_photos,)``, likewise as a reference.
        features: the embeddings of its probes beside those of the raw ones, for metrics that compare the sets.
    """

    cell: Cell
    comparisons: Comparisons
    scores: NDArray[np.float32]
    failed_probes: NDArray[np.bool_]
    failed_references: NDArray[np.bool_]
    features: ProbeFeatures | None = None


@dataclass(frozen=True)
class Note:
    """Something a reader must know about some rows.

    Attributes:
        kind: ``"refused"`` (target with too few comparisons), ``"flagged"`` (rule of 30), ``"withheld"`` (a contrast
            that must not be shown), ``"realised FMR"`` (more than twice the target), ``"undefined"`` (nothing to
            count), ``"templates"`` (photos missing from theirs) or ``"failed"`` (a metric plugin broke).
        text: one line.
        cells: the cells it concerns.
        mask_type: ``"all"`` or one type.
        metric: the metric it concerns; empty for all of them.
        target: the target FMR it concerns, if one.
    """

    kind: str
    text: str
    cells: tuple[Cell, ...]
    mask_type: str = "all"
    metric: str = ""
    target: float | None = None


@dataclass(frozen=True)
class CellCurves:
    """What the figures of a cell are drawn from (comparisons with every mask type).

    Attributes:
        cell: the cell.
        fmr: ``(K,)`` ascending, points of the ROC curve, thinned.
        fnmr: ``(K,)``, likewise.
        thresholds: ``(K,)``, likewise.
        edges: ``(B + 1,)`` edges of the score histograms, the same for all cells of a recogniser and acquisition arm.
        mated: ``int64 (B,)`` completed mated comparisons of each bin.
        nonmated: ``int64 (B,)`` completed non-mated comparisons of each bin.
        band: ``(K, 3)``, FMR ascending with both ends of FNMR's 95 % interval there; empty where there is none.
    """

    cell: Cell
    fmr: NDArray[np.float64]
    fnmr: NDArray[np.float64]
    thresholds: NDArray[np.float64]
    edges: NDArray[np.float64]
    mated: NDArray[np.int64]
    nonmated: NDArray[np.int64]
    band: NDArray[np.float64] = field(default_factory=lambda: np.empty((0, 3)))


@dataclass(frozen=True)
class Measurement:
    """All that was measured: rows of ``metrics.csv``, what to know about them, what the figures need, how the
    methods differ from each other, and who pays."""

    rows: tuple[MetricRow, ...]
    notes: tuple[Note, ...]
    curves: tuple[CellCurves, ...] = ()
    differences: tuple[Difference, ...] = ()
    groups: tuple[GroupRow, ...] = ()


class NoteBook:
    """Collects notes; the same words about several cells become one note."""

    def __init__(self) -> None:
        self._cells: dict[tuple[str, str, str, str, float | None], dict[Cell, None]] = {}

    def add(
        self, kind: str, text: str, cell: Cell, *, mask_type: str = "all", metric: str = "", target: float | None = None
    ) -> None:
        """Note `text` about a cell."""
        self._cells.setdefault((kind, text, mask_type, metric, target), {})[cell] = None

    def notes(self) -> tuple[Note, ...]:
        """Every note, in the order of their first mention."""
        return tuple(
            Note(kind, text, tuple(cells), mask_type, metric, target)
            for (kind, text, mask_type, metric, target), cells in self._cells.items()
        )
