"""Distances between the set of masked or restored probes and the set of raw ones, as plugins.

The features are embeddings of the recogniser under test, not of an Inception network: the values cannot be set against
FIDs and KIDs of papers. Both sets show the same photos, so the distance of a perfect method is 0.
"""

from __future__ import annotations

import numpy as np

from benchmark.cards import Card
from benchmark.plugins import register_metric
from benchmark.seeds import generator_for
from benchmark.verification.base import FeatureMetric
from benchmark.verification.feature_distance import frechet_distance, kernel_distance, kernel_distance_error
from benchmark.verification.samples import Estimate, FeatureSample

FEW_FACES = 10
"""Times as many faces as features, below which a Fréchet distance is flagged as biased."""
_MAX_FACES = 4000
"""A kernel distance is taken over so many faces, drawn by the seed: memory grows with their square."""
_STANDARD_ERRORS = 1.959964
"""Half the width of a normal 95 % interval."""


@register_metric("fid")
class FrechetDistance(FeatureMetric):
    """Fréchet distance of restored from raw probes over the recogniser's embeddings (not Inception's features).

    Left empty where there are no more faces than features: their covariance is singular.
    """

    card = Card(source="the formula of Heusel et al., NeurIPS 2017, over a recogniser's embeddings")
    title = "FID"
    higher_is_better = False

    def estimate(self, sample: FeatureSample) -> Estimate | None:
        """See `feature_distance.frechet_distance`; it is biased, so there is no interval."""
        faces, features = sample.raw.shape
        return Estimate(frechet_distance(sample.raw, sample.shown)) if faces > max(1, features) else None

    def remark(self, sample: FeatureSample) -> tuple[str, str] | None:
        """Too few faces, or so few that the value says more about their number."""
        faces, features = sample.raw.shape
        if faces <= features:
            return "undefined", f"fid is left empty: {faces} faces are too few for a covariance of {features} features"
        if faces < FEW_FACES * features:
            return "flagged", (
                f"fid of {faces} faces over {features} features is biased upwards: compare it only with values of "
                "equally many faces of this recogniser, or read kid"
            )
        return None


@register_metric("kid")
class KernelDistance(FeatureMetric):
    """Kernel distance of restored from raw probes over the recogniser's embeddings (not Inception's features)."""

    card = Card(source="the formula of Bińkowski et al., ICLR 2018, over a recogniser's embeddings")
    title = "KID"
    higher_is_better = False

    def estimate(self, sample: FeatureSample) -> Estimate | None:
        """See `feature_distance.kernel_distance`; the interval is normal, its error from halves of the subjects."""
        chosen = np.arange(len(sample.raw))
        if len(chosen) < 2:
            return None
        if len(chosen) > _MAX_FACES:
            order = generator_for(sample.seed, "kernel-distance faces").permutation(len(chosen))
            chosen = np.sort(order[:_MAX_FACES])
        raw, shown = sample.raw[chosen], sample.shown[chosen]
        value = kernel_distance(raw, shown)
        half = _STANDARD_ERRORS * kernel_distance_error(raw, shown, sample.subjects[chosen], seed=sample.seed)
        return Estimate(value, value - half, value + half) if np.isfinite(half) else Estimate(value)

    def remark(self, sample: FeatureSample) -> tuple[str, str] | None:
        """Where there is nothing to compare."""
        return None if len(sample.raw) > 1 else ("undefined", "kid is left empty: fewer than two faces have templates")
