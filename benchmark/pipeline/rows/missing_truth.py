"""What cannot be measured where the face under the mask is unknown, and why: notes for the report."""

from __future__ import annotations

from collections.abc import Sequence

from benchmark.pipeline.conditions.arm import PreparedArm
from benchmark.pipeline.planning.plan import Plan
from benchmark.pipeline.rows.columns import NO_RECOGNISER, detector_columns, leading_columns
from benchmark.verification.base import Cell, FeatureMetric, ImageMetric, ImageSetMetric, MaskMetric, region_name
from benchmark.verification.measurement import Measurement, NoteBook
from benchmark.views import MaskedView


def note_missing_truth(plan: Plan, prepared: PreparedArm) -> Measurement:
    """Notes, and no rows, on the metrics that need the true face or mask; none where none is worn for real."""
    book = NoteBook()
    if isinstance(prepared.faces.masked.view, MaskedView) or plan.config.conditions == ("raw-raw",):
        return Measurement((), ())
    shown = [("none", "raw-masked"), *((label, "raw-restored") for label in prepared.restored)]
    images: dict[str, None] = {}
    masks: dict[str, None] = {}
    sets: dict[str, None] = {}
    for name, metric in plan.metrics.items():
        if isinstance(metric, ImageMetric):
            images |= dict.fromkeys(region_name(name, region) for region in metric.regions)
        elif isinstance(metric, ImageSetMetric):
            images[name] = None
        elif isinstance(metric, MaskMetric) and metric.needs_truth and not metric.bare:
            masks[name] = None
        elif isinstance(metric, FeatureMetric):
            sets[name] = None

    def cells(recognisers: Sequence[str]) -> list[Cell]:
        return [
            leading_columns(plan, prepared.arm, label, condition, recogniser)
            for recogniser in recognisers
            for label, condition in shown
        ]

    detectors = [
        detector_columns(plan, prepared.arm, detection.detector, "raw-masked")
        for detection in prepared.detections.values()
    ]
    for names, of_cells, why in (
        (images, cells([NO_RECOGNISER]), "a really masked photo has no bare face of the same moment to compare with"),
        (masks, detectors, "nobody knows exactly what a real mask covers"),
        (sets, cells(list(plan.recognisers)), "the masked photos have no raw faces of their own to be compared with"),
    ):
        text = f"{', '.join(names)} left out: {why}"
        for name in names:
            for cell in of_cells:
                book.add("undefined", text, cell, metric=name)
    return Measurement((), book.notes())
