"""Hands a method's networks to the training loop: what every method that learns in it passes on alike."""

from __future__ import annotations

from typing import Any

import pandas as pd

from benchmark.masked_faces import MaskedPairs
from benchmark.methods.base import Method
from benchmark.training.loop import train
from benchmark.training.task import TrainingTask


def train_networks(
    method: Method, task: TrainingTask, pairs: MaskedPairs, *, name: str, identity: tuple[object, ...], progress: Any
) -> pd.DataFrame:
    """Train `task`'s networks with the preset's ``training`` and the method's seed, device and folders.

    Args:
        method: whose networks they are.
        task: how they learn.
        pairs: what they learn from.
        name: what the training is called where the method was given no name.
        identity: everything else that the result depends on; a checkpoint of another identity is not resumed.
        progress: a `benchmark.progress.Progress`.

    Returns:
        The loss curve, see `benchmark.training.loop.train`.
    """
    return train(
        task,
        pairs,
        method.settings.training,
        name=method.name or name,
        identity=repr(identity),
        seed=method.seed,
        device=method.device,
        progress=progress,
        checkpoints=method.checkpoints,
        samples=method.samples,
    )
