"""Error rates at a threshold, as plugins."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from benchmark.cards import Card
from benchmark.plugins import register_metric
from benchmark.verification import error_rates
from benchmark.verification.base import RateMetric
from benchmark.verification.error_rates import ErrorCounts

_ISO = "ISO/IEC 19795-1"


@register_metric("fmr")
class FalseMatchRate(RateMetric):
    """Share of completed non-mated comparisons that are accepted."""

    card = Card(source=_ISO)
    title = "FMR"
    share = True
    higher_is_better = False
    decimals = 3
    held_to_target = True
    share_of = "nonmated"

    def rate(self, counts: ErrorCounts) -> NDArray[np.float64]:
        """See `error_rates.fmr`."""
        return error_rates.fmr(counts)


@register_metric("fnmr")
class FalseNonMatchRate(RateMetric):
    """Share of completed mated comparisons that are rejected."""

    card = Card(source=_ISO)
    title = "FNMR"
    share = True
    higher_is_better = False
    share_of = "mated"

    def rate(self, counts: ErrorCounts) -> NDArray[np.float64]:
        """See `error_rates.fnmr`."""
        return error_rates.fnmr(counts)


@register_metric("tar")
class TrueAcceptRate(RateMetric):
    """Share of completed mated comparisons that are accepted, 1 − FNMR."""

    card = Card(source=_ISO)
    title = "TAR"
    share = True
    higher_is_better = True
    share_of = "mated"

    def rate(self, counts: ErrorCounts) -> NDArray[np.float64]:
        """See `error_rates.tar`."""
        return error_rates.tar(counts)


@register_metric("gfrr")
class GeneralisedFalseRejectRate(RateMetric):
    """Share of all mated comparisons that are rejected or fail."""

    card = Card(source=_ISO)
    title = "GFRR"
    share = True
    higher_is_better = False
    share_of = "mated"

    def rate(self, counts: ErrorCounts) -> NDArray[np.float64]:
        """See `error_rates.gfrr`."""
        return error_rates.gfrr(counts)


@register_metric("gfar")
class GeneralisedFalseAcceptRate(RateMetric):
    """Share of all non-mated comparisons that are accepted; a failed one is a non-match."""

    card = Card(source=_ISO)
    title = "GFAR"
    share = True
    higher_is_better = False
    decimals = 3
    held_to_target = True
    share_of = "nonmated"

    def rate(self, counts: ErrorCounts) -> NDArray[np.float64]:
        """See `error_rates.gfar`."""
        return error_rates.gfar(counts)
