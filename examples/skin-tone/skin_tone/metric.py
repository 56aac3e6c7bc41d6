"""A metric in one file."""

from __future__ import annotations

import numpy as np

from benchmark.verification.base import ScoreMetric
from benchmark.verification.samples import ScoreSample


class MedianGap(ScoreMetric):
    """Median mated score − median non-mated score, in the recogniser's own units."""

    higher_is_better = True

    def evaluate(self, sample: ScoreSample, threshold: float | None) -> float | None:  # noqa: ARG002
        """The gap; None without scores on both sides."""
        if not len(sample.mated) or not len(sample.nonmated):
            return None
        return float(np.median(sample.mated) - np.median(sample.nonmated))
