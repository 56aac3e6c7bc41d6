"""Scores, and what follows from them."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from benchmark.verification.all_against_all import TILE, ScoreTally, all_against_all, tile_scores
from benchmark.verification.error_curve import error_curve
from benchmark.verification.ranking import auc, d_prime, eer
from benchmark.verification.samples import ScoreSample
from perf.contender import Contender, Outputs


class Exact(Contender):
    """Embeddings of everybody in; every score; FMR and FNMR at every threshold."""

    tail: int | None = None

    def __init__(self, inputs: Path) -> None:
        super().__init__(inputs)
        self._embeddings, self._subjects = np.load(inputs / "embeddings.npy"), np.load(inputs / "subjects.npy")

    def work(self) -> Outputs:
        """All pairs."""
        pairs = len(self._subjects) * (len(self._subjects) - 1) // 2
        tally = all_against_all(self._embeddings, self._subjects, tail=self.tail or pairs)
        thresholds = self._followed(tally)
        return {"comparisons": tally.nonmated + len(tally.mated), "thresholds": thresholds, "width": tally.bin_width}

    def _followed(self, tally: ScoreTally) -> int:
        return sum(len(part.thresholds) for part in error_curve(tally.mated, tally.highest))


class Bounded(Exact):
    """The same in bounded memory: the highest ten million non-mated scores, and a histogram."""

    tail = 10_000_000

    def _followed(self, tally: ScoreTally) -> int:
        return sum(tally.threshold_at(target) < np.inf for target in (1e-2, 1e-3, 1e-4, 1e-6, 1e-8))


class Products(Exact):
    """Nothing but the matrix products: what no program can do without."""

    def work(self) -> Outputs:
        """The same tiles."""
        for top in range(0, len(self._embeddings), TILE):
            for left in range(top, len(self._embeddings), TILE):
                tile_scores(self._embeddings[top : top + TILE], self._embeddings[left : left + TILE], "cosine")
        return {}


class Curve(Contender):
    """Scores in; FMR, FNMR and threshold of every distinct score."""

    def __init__(self, inputs: Path) -> None:
        super().__init__(inputs)
        self._scores, self._mated = np.load(inputs / "scores.npy"), np.load(inputs / "mated.npy")

    def work(self) -> Outputs:
        """The whole curve."""
        mated, nonmated = np.sort(self._scores[self._mated]), np.sort(self._scores[~self._mated])
        return {"parts": list(error_curve(mated, nonmated))}

    def outputs(self, found: Outputs) -> Outputs:
        """In the order of scikit-learn: from the highest threshold down."""
        parts = found["parts"]
        fmr, fnmr = (np.concatenate([getattr(part, name) for part in parts]) for name in ("fmr", "fnmr"))
        return {"fmr": fmr[::-1], "tar": 1 - fnmr[::-1]}


class Area(Curve):
    """Scores in; the area under the curve."""

    def work(self) -> Outputs:
        """One number."""
        mated, nonmated = np.sort(self._scores[self._mated]), np.sort(self._scores[~self._mated])
        return {"auc": auc(ScoreSample(mated, nonmated))}

    def outputs(self, found: Outputs) -> Outputs:
        """As it is."""
        return found


class Statistics(Area):
    """Scores in; equal error rate, decidability, area, and the whole curve, as `pyeer` reports them."""

    def work(self) -> Outputs:
        """All of it."""
        sample = ScoreSample(np.sort(self._scores[self._mated]), np.sort(self._scores[~self._mated]))
        points = sum(len(part.thresholds) for part in error_curve(sample.mated, sample.nonmated))
        return {"eer": eer(sample), "d_prime": d_prime(sample), "auc": auc(sample), "points": points}
