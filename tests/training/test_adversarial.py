from __future__ import annotations

import pytest
import torch
from torch import nn

from benchmark.training.adversarial import update_average


@pytest.mark.parametrize(("step", "kept"), [(0, 0.1), (8, 0.5), (10_000, 0.9)])
def test_a_young_average_forgets_faster(step: int, kept: float) -> None:
    average, source = nn.BatchNorm1d(2), nn.BatchNorm1d(2)
    with torch.no_grad():
        average.weight.fill_(1.0)
        source.weight.fill_(3.0)
    source.running_mean.fill_(7.0)
    update_average(average, source, 0.9, step=step)
    assert torch.allclose(average.weight, torch.full((2,), kept * 1.0 + (1 - kept) * 3.0))
    assert torch.equal(average.running_mean, source.running_mean)
