"""The step `train`: makes every method of a run ready that learns from pairs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from benchmark.context import RunContext
from benchmark.methods.fit_step import Learned, TrainingPairs, fit_method
from benchmark.pipeline.planning.plan import Plan
from benchmark.pipeline.training_pairs import make_training_pairs


@dataclass(frozen=True)
class FittedMethods:
    """What the methods of a run have learned.

    Attributes:
        pairs: what they learned from in this run; None where nothing was left to learn.
        learned: by the label of each part that learns, whether here or before.
    """

    pairs: TrainingPairs | None
    learned: Mapping[str, Learned]

    @property
    def keys(self) -> dict[str, str]:
        """By the label of each part that learned, the key of what it learned."""
        return {label: part.key for label, part in self.learned.items()}


def fit_methods(plan: Plan, context: RunContext) -> FittedMethods:
    """Fit every part that has no weights yet to the training pairs, and load the weights of the others."""
    pairs = None
    if plan.training is not None:
        config = plan.config
        pairs = make_training_pairs(plan.training, config.masks, config.size, plan.face_search, context)
    learned: dict[str, Learned] = {}
    for method in plan.methods.values():
        with context.failures.kept("method", method.label, "learning"):
            learned |= fit_method(method, pairs, plan.weights, context)
    return FittedMethods(pairs, learned)
