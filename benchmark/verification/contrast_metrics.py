"""What a method wins back and what it costs, as plugins."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from benchmark.cards import Card
from benchmark.plugins import register_metric
from benchmark.verification import recovery
from benchmark.verification.base import ContrastMetric
from benchmark.verification.bootstrap import percentile_interval
from benchmark.verification.error_rates import ErrorCounts, gfrr

_SOURCE = Card(source="this project, docs/statistics.md")


class _Recovery(ContrastMetric):
    card = _SOURCE
    share = True
    higher_is_better: ClassVar[bool | None] = True
    decimals = 0
    condition = "raw-restored"
    baselines = ("raw-masked", "raw-raw")

    def contrast(self, own: ErrorCounts, *baselines: ErrorCounts) -> NDArray[np.float64]:
        """See `recovery.recovery`."""
        masked, raw = baselines
        return recovery.recovery(gfrr(masked), gfrr(own), gfrr(raw))

    def withheld(self, own: ErrorCounts, *baselines: ErrorCounts) -> str | None:  # noqa: ARG002
        """Withheld unless the whole interval of the loss is above 0."""
        masked, raw = baselines
        lost = recovery.loss(gfrr(masked), gfrr(raw))
        interval = percentile_interval(lost)
        if not np.isfinite(lost[0]):
            return "the loss by the mask is not defined"
        if interval is None:
            return f"the loss by the mask, {lost[0]:.4f}, has no interval"
        if interval[0] > 0:
            return None
        return f"the loss by the mask, {lost[0]:.4f} [{interval[0]:.4f}, {interval[1]:.4f}], may be 0"


@register_metric("recovery")
class Recovery(_Recovery):
    """Share of the loss caused by the mask that the method wins back, each condition at its matched threshold."""

    title = "Recovery"
    threshold_kinds = ("matched",)


@register_metric("recovery_frozen")
class FrozenRecovery(_Recovery):
    """Share of the loss won back where nothing is re-tuned; read beside the realised FMR."""

    title = "Recovery, frozen"
    higher_is_better: ClassVar[bool | None] = None  # it can be bought with false matches
    threshold_kinds = ("frozen",)


@register_metric("gain")
class Gain(ContrastMetric):
    """GFRR of masked minus GFRR of restored probes, in the same replicates: is the method better than none?"""

    card = _SOURCE
    title = "Gain"
    share = True
    higher_is_better = True
    unit = "points"
    signed = True
    condition = "raw-restored"
    baselines = ("raw-masked",)
    difference = True

    def contrast(self, own: ErrorCounts, *baselines: ErrorCounts) -> NDArray[np.float64]:
        """See `recovery.gain`."""
        return recovery.gain(gfrr(baselines[0]), gfrr(own))


@register_metric("harm")
class Harm(ContrastMetric):
    """GFRR that the method adds for people who wear no mask, at the frozen threshold."""

    card = _SOURCE
    title = "Harm"
    share = True
    higher_is_better = False
    unit = "points"
    signed = True
    condition = "raw-passthrough"
    baselines = ("raw-raw",)
    threshold_kinds = ("frozen",)
    difference = True

    def contrast(self, own: ErrorCounts, *baselines: ErrorCounts) -> NDArray[np.float64]:
        """See `recovery.harm`."""
        return recovery.harm(gfrr(own), gfrr(baselines[0]))
