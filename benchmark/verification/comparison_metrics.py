"""Metrics that need the comparisons themselves, as plugins: 10-fold accuracy, failure to acquire."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from benchmark.cards import Card
from benchmark.plugins import register_metric
from benchmark.verification.accuracy import fold_accuracy
from benchmark.verification.base import ComparisonMetric
from benchmark.verification.intervals import share_of_people
from benchmark.verification.samples import ComparisonSample, Estimate


class _FoldAccuracyMetric(ComparisonMetric):
    failures_wrong = False
    share = True
    higher_is_better = True

    def applies(self, sample: ComparisonSample) -> bool:
        """Where there are folds, and both kinds of comparisons: bare probes may come in mated ones alone."""
        comparisons = sample.comparisons
        both = bool(comparisons.mated.any()) and not comparisons.mated.all()
        return both and len(np.unique(comparisons.fold[comparisons.fold >= 0])) > 1

    def estimate(self, sample: ComparisonSample) -> Estimate | None:
        """See `accuracy.fold_accuracy`; the interval is that of the folds' mean, by Student's t."""
        comparisons = sample.comparisons
        result = fold_accuracy(sample.scores, comparisons.mated, comparisons.fold, failures_wrong=self.failures_wrong)
        if result is None:
            return None
        low, high = result.interval
        return Estimate(result.mean, low, high, threshold=float(result.thresholds.mean()))


@register_metric("accuracy")
class Accuracy(_FoldAccuracyMetric):
    """LFW 10-fold accuracy over completed pairs: threshold chosen on nine folds, scored on the tenth."""

    card = Card(source="Huang et al., Labeled Faces in the Wild, UMass TR 07-49, 2007")
    title = "Accuracy"


@register_metric("accuracy_generalised")
class GeneralisedAccuracy(_FoldAccuracyMetric):
    """LFW 10-fold accuracy over all pairs, every failed pair counting as a wrong answer."""

    card = Card(source="Huang et al., Labeled Faces in the Wild, UMass TR 07-49, 2007")
    title = "Accuracy, generalised"
    failures_wrong = True


@register_metric("fta")
class FailureToAcquire(ComparisonMetric):
    """Share of the condition's probe images in which no face was found, or that the recogniser refused.

    Where the protocol compares templates of several photos: share of the templates none of whose photos gave an
    embedding.
    """

    card = Card(source="ISO/IEC 19795-1")
    title = "FTA"
    share = True
    higher_is_better = False

    def estimate(self, sample: ComparisonSample) -> Estimate | None:
        """See `error_rates.fta`."""
        probes = np.flatnonzero(np.bincount(sample.comparisons.probe, minlength=len(sample.subjects)))
        return _share_of_photos(sample, probes, sample.failed_probes[probes])


def _share_of_photos(sample: ComparisonSample, photos: NDArray[np.int64], which: NDArray[np.bool_]) -> Estimate | None:
    """Share of `photos` for which `which` holds, with an interval by their subjects where there are replicates."""
    if not len(photos):
        return None
    low, high = share_of_people(which, sample.subjects[photos]) if len(sample.draws) > 1 else (None, None)
    return Estimate(float(np.mean(which)), low, high)
