"""Measures over all thresholds, as plugins."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from benchmark.cards import Card
from benchmark.plugins import register_metric
from benchmark.verification import ranking, ranking_replicates
from benchmark.verification.base import ScoreMetric
from benchmark.verification.samples import ScoreSample
from benchmark.verification.subject_scores import SubjectScores


@register_metric("auc")
class AreaUnderCurve(ScoreMetric):
    """Probability that a mated score exceeds a non-mated one, ties counting half."""

    card = Card(source="Hanley and McNeil, Radiology 143, 1982")
    title = "AUC"
    higher_is_better = True
    decimals = 4
    uses_weights = True

    def evaluate(self, sample: ScoreSample, threshold: float | None) -> float | None:  # noqa: ARG002
        """See `ranking.auc`."""
        return ranking.auc(sample)

    def replicates(self, scores: SubjectScores, draws: NDArray[np.int32]) -> NDArray[np.float64]:
        """See `ranking_replicates.auc_replicates`."""
        return ranking_replicates.auc_replicates(scores, draws)


@register_metric("eer")
class EqualErrorRate(ScoreMetric):
    """Where FMR and FNMR are equal, on the ROC curve joined by straight lines."""

    card = Card(source="ISO/IEC 19795-1")
    title = "EER"
    share = True
    higher_is_better = False
    uses_weights = True

    def evaluate(self, sample: ScoreSample, threshold: float | None) -> float | None:  # noqa: ARG002
        """See `ranking.eer`."""
        return ranking.eer(sample)

    def replicates(self, scores: SubjectScores, draws: NDArray[np.int32]) -> NDArray[np.float64]:
        """See `ranking_replicates.eer_replicates`."""
        return ranking_replicates.eer_replicates(scores, draws)


@register_metric("d_prime")
class Decidability(ScoreMetric):
    """Distance of mean mated and non-mated scores, in pooled standard deviations."""

    card = Card(source="Daugman, IEEE TCSVT 14(1), 2004")
    title = "d′"
    higher_is_better = True
    decimals = 2
    uses_weights = True

    def evaluate(self, sample: ScoreSample, threshold: float | None) -> float | None:  # noqa: ARG002
        """See `ranking.d_prime`."""
        return ranking.d_prime(sample)

    def replicates(self, scores: SubjectScores, draws: NDArray[np.int32]) -> NDArray[np.float64]:
        """See `ranking_replicates.d_prime_replicates`."""
        return ranking_replicates.d_prime_replicates(scores, draws)
