"""What the figures are drawn from: thinned ROC points and score histograms."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from benchmark.verification.base import Cell
from benchmark.verification.measurement import CellCurves, ScoredCell
from benchmark.verification.ranking import roc_points
from benchmark.verification.samples import ScoreSample

BINS = 120


def histogram_edges(group: Sequence[ScoredCell]) -> NDArray[np.float64]:
    """Edges ``(BINS + 1,)`` that span the completed scores of every cell of a group."""
    completed = [scores[np.isfinite(scores)] for scores in (np.asarray(scored.scores) for scored in group)]
    ends = [(float(scores.min()), float(scores.max())) for scores in completed if len(scores)]
    low, high = (min(low for low, _ in ends), max(high for _, high in ends)) if ends else (0.0, 1.0)
    return np.linspace(low, high if high > low else low + 1.0, BINS + 1)


def curves_of(
    cell: Cell, sample: ScoreSample, edges: NDArray[np.float64], band: NDArray[np.float64] | None = None
) -> CellCurves:
    """ROC points and histograms of one cell; `band` is that of `fnmr_band`, None for none."""
    fmr, fnmr, thresholds = roc_points(sample)
    return CellCurves(
        cell,
        fmr,
        fnmr,
        thresholds,
        edges,
        np.histogram(sample.mated, edges)[0].astype(np.int64),
        np.histogram(sample.nonmated, edges)[0].astype(np.int64),
        np.empty((0, 3)) if band is None else band,
    )
