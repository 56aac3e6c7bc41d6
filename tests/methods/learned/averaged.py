"""The networks that a task with a moving average is given."""

from __future__ import annotations

import copy

from torch import nn


def with_average(modules: dict[str, nn.Module]) -> dict[str, nn.Module]:
    """`modules` and a copy of the generator, as `TrainedNetworks.fit` makes it."""
    return {**modules, "average": copy.deepcopy(modules["generator"])}
