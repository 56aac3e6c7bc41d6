"""Identification: ranks of a closed set, errors of an open one, as plugins."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from benchmark.cards import Card
from benchmark.plugins import register_metric
from benchmark.verification.base import SearchMetric
from benchmark.verification.intervals import share_of_people
from benchmark.verification.samples import Estimate, SearchSample
from benchmark.verification.searches import fnir_interval

_SOURCE = Card(source="ISO/IEC 19795-1, closed-set identification")
_OPEN = Card(source="ISO/IEC 19795-1, open-set identification")


class _RankRate(SearchMetric):
    card = _SOURCE
    share = True
    higher_is_better = True
    rank: ClassVar[int]

    def estimate(self, sample: SearchSample) -> Estimate | None:
        """Share of the mated searches found within the rank; the interval leaves the gallery as it is."""
        found = sample.searches.found_within(self.rank)
        if not len(found):
            return None
        low, high = share_of_people(found, sample.subjects[sample.searches.probes])
        return Estimate(float(np.mean(found)), low, high)


@register_metric("rank1")
class RankOneRate(_RankRate):
    """Share of searching probes whose most alike reference is of the right person; failures are misses."""

    title = "Rank 1"
    rank = 1


@register_metric("rank5")
class RankFiveRate(_RankRate):
    """Share of searching probes whose person is among the five most alike references; failures are misses."""

    title = "Rank 5"
    rank = 5


@register_metric("rank10")
class RankTenRate(_RankRate):
    """Share of searching probes whose person is among the ten most alike references; failures are misses."""

    title = "Rank 10"
    rank = 10


@register_metric("fnir")
class FalseNegativeIdentificationRate(SearchMetric):
    """Share of searches for an enrolled person that do not return that person at or above the threshold."""

    card = _OPEN
    title = "FNIR"
    share = True
    higher_is_better = False
    threshold_kinds = ("frozen", "matched")

    def estimate(self, sample: SearchSample) -> Estimate | None:
        """See `Searches.missed`; the chance of the threshold is part of the interval."""
        if sample.threshold is None or not len(sample.searches.probes):
            return None
        missed = sample.searches.missed(sample.threshold)
        low, high = fnir_interval(sample.searches, sample.threshold, sample.subjects, setter=sample.setter)
        return Estimate(float(np.mean(missed)), low, high, sample.threshold)


@register_metric("fpir")
class FalsePositiveIdentificationRate(SearchMetric):
    """Share of searches for a stranger that return somebody at or above the threshold."""

    card = _OPEN
    title = "FPIR"
    share = True
    higher_is_better = False
    held_to_target = True
    threshold_kinds = ("frozen", "matched")

    def estimate(self, sample: SearchSample) -> Estimate | None:
        """See `Searches.fpir`; the threshold is taken as given."""
        searches = sample.searches
        if sample.threshold is None or not len(searches.strangers):
            return None
        returned = searches.highest >= sample.threshold
        low, high = share_of_people(returned, sample.subjects[searches.strangers])
        return Estimate(float(np.mean(returned)), low, high, sample.threshold)
