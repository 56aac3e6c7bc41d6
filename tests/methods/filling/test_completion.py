"""What every completer is shown."""

from __future__ import annotations

import torch
from torch.nn import functional

from benchmark.methods.filling.completion import randomly_grown


def test_holes_grow_to_all_sides_by_up_to_a_twentieth_of_the_side():
    holes = torch.zeros(200, 1, 60, 60)
    holes[:, :, 20:30, 0:5] = 1
    holes[:, :, 50, 40] = 1
    torch.manual_seed(0)
    grown = randomly_grown(holes)
    possible = [functional.max_pool2d(holes[:1], 2 * most + 1, stride=1, padding=most) for most in range(4)]
    matches = torch.stack([(grown == one).flatten(1).all(dim=1) for one in possible])
    assert (matches.sum(dim=0) == 1).all()
    assert matches.any(dim=1).all()
