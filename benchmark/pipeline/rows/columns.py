"""The leading columns of ``metrics.csv``: what a row is about."""

from __future__ import annotations

from dataclasses import replace

from benchmark.methods.detectors.base import Detector
from benchmark.pipeline.planning.chosen_weights import train_data
from benchmark.pipeline.planning.plan import Plan
from benchmark.verification.base import Cell

NO_RECOGNISER = "none"


def leading_columns(
    plan: Plan, arm: str, label: str, condition: str, recogniser: str = NO_RECOGNISER, *, native: bool = False
) -> Cell:
    """The columns of one method (``"none"`` for raw and masked faces) in one condition.

    Args:
        plan: the plan of the run.
        arm: of the acquisition.
        label: the label of the method.
        condition: what is compared.
        recogniser: that judges; `NO_RECOGNISER` where pictures or costs are measured.
        native: whether the faces are shown at native resolution instead of the run's size.
    """
    method = plan.methods.get(label)
    return Cell(
        dataset=plan.config.dataset,
        protocol=plan.protocol.name,
        acquisition=arm,
        size="native" if native else str(plan.config.size),
        recogniser=recogniser,
        method="none" if method is None else method.name,
        preset="" if method is None else method.preset,
        train_data=plan.train_data.get(label, ""),
        mask_source="none" if method is None else method.mask_source,
        condition=condition,
    )


def detector_columns(plan: Plan, arm: str, detector: Detector, condition: str) -> Cell:
    """The columns of a detector's own rows."""
    return replace(
        leading_columns(plan, arm, "none", condition),
        method=detector.name,
        preset=detector.preset,
        train_data=train_data(detector, plan.weights, "" if plan.training is None else plan.training.name),
        mask_source=detector.mask_source,
    )
