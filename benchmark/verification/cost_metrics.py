"""What a method costs to run, as plugins: described here, measured by the pipeline."""

from __future__ import annotations

from benchmark.plugins import register_metric
from benchmark.verification.base import CostMetric


@register_metric("seconds_per_image")
class SecondsPerImage(CostMetric):
    """Wall-clock time of restoring one image, loading and saving aside."""

    title = "Time per image"
    unit = "s"


@register_metric("peak_memory_mib")
class PeakMemory(CostMetric):
    """Largest memory in use while restoring."""

    title = "Peak memory"
    unit = "MiB"
