"""Holes of other shapes: a share of the faces has them, is bare outside them, and a resumed training draws the same."""

from __future__ import annotations

import pytest
import torch

from benchmark.methods.occlusion.other_holes import with_other_holes
from benchmark.training.task import TrainingBatch

SIDE = 64


@pytest.fixture
def batch() -> TrainingBatch:
    landmarks = torch.rand(40, 68, 2) * 4
    places = {8: (32, 60), 27: (32, 22), 33: (32, 36), 36: (18, 22), 39: (26, 22), 42: (38, 22), 45: (46, 22)}
    for index in range(17):  # the jaw: half an ellipse
        angle = torch.tensor(torch.pi * (16 - index) / 16)
        landmarks[:, index] = torch.stack([32 + 22 * angle.cos(), 26 + 34 * angle.sin()])
    landmarks[:, 48:68] += torch.tensor([30.0, 46.0])
    for index, place in places.items():
        landmarks[:, index] = torch.tensor(place, dtype=torch.float32)
    masked, true = torch.zeros(40, 3, SIDE, SIDE), torch.ones(40, 3, SIDE, SIDE)
    holes = torch.zeros(40, 1, SIDE, SIDE)
    holes[:, :, 40:, 20:40] = 1
    return TrainingBatch(masked, true, holes, landmarks=landmarks)


def test_a_share_of_the_faces_gets_another_hole_and_is_bare_outside_it(batch):
    torch.manual_seed(0)
    given = with_other_holes(batch, 0.5)
    changed = (given.holes != batch.holes).flatten(1).any(dim=1)
    assert 10 <= int(changed.sum()) <= 30
    assert torch.equal(given.masked[changed], batch.true[changed])
    assert torch.equal(given.masked[~changed], batch.masked[~changed])
    assert set(given.holes.unique().tolist()) == {0.0, 1.0}
    assert given.holes[changed].flatten(1).any(dim=1).all()
    assert not given.masked.is_set_to(batch.masked)
    assert torch.equal(batch.masked, torch.zeros_like(batch.masked))  # the batch that was given stays as it was


def test_the_same_stream_draws_the_same(batch):
    drawn = []
    for seed in (1, 1, 2):
        torch.manual_seed(seed)
        drawn.append(with_other_holes(batch, 1.0).holes)
    assert torch.equal(drawn[0], drawn[1])
    assert not torch.equal(drawn[0], drawn[2])


def test_without_a_share_nothing_is_drawn(batch):
    state = torch.random.get_rng_state()
    assert with_other_holes(batch, 0.0) is batch
    assert torch.equal(state, torch.random.get_rng_state())
