"""The perceptual loss: what it compares, which way it points, and what it leaves alone."""

from __future__ import annotations

import pytest
import torch
from torch.nn import functional

from benchmark.methods.losses import perceptual_loss
from benchmark.methods.losses.perceptual_loss import COMPARED_AFTER, MIN_SIDE, PerceptualLoss
from benchmark.plugins import RECOGNISERS
from benchmark.recognisers.face_recognition import load_network


@pytest.fixture(scope="module")
def loss() -> PerceptualLoss:
    return PerceptualLoss()


def faces(count: int = 3, side: int = 64, seed: int = 0) -> torch.Tensor:
    coarse = torch.rand(count, 3, 8, 8, generator=torch.Generator().manual_seed(seed))
    return functional.interpolate(coarse, size=(side, side), mode="bilinear")


def test_the_recogniser_it_shows_to_a_method_exists():
    assert perceptual_loss.SAW_RECOGNISER in RECOGNISERS.names()


def test_equal_faces_differ_by_nothing_and_the_more_they_differ_the_more_it_says(loss):
    true = faces()
    noise = torch.randn(true.shape, generator=torch.Generator().manual_seed(1))
    values = [loss((true + level * noise).clamp(0, 1), true) for level in (0.0, 0.05, 0.2)]
    assert values[0].tolist() == [0.0] * 3
    assert (values[0] < values[1]).all()
    assert (values[1] < values[2]).all()
    assert values[2].dtype == torch.float32


def test_a_blur_costs_more_than_a_shift_in_brightness_of_the_same_size(loss):
    true = torch.rand(2, 3, 64, 64, generator=torch.Generator().manual_seed(2))
    blurred = functional.avg_pool2d(true, 3, stride=1, padding=1, count_include_pad=False)
    size = (blurred - true).abs().mean()
    assert (loss(blurred, true) > loss(true * 0 + true + size, true)).all()


def test_activations_are_those_of_the_recogniser(loss):
    network = load_network()
    chips = faces(1, 150)
    features = functional.relu(network.stem((chips * 255 - network.means) / 256))
    expected = [features]
    features = functional.max_pool2d(features, 3, stride=2)
    for block in network.blocks[:7]:
        features = block(features)
        expected.append(features)
    found = loss.activations(chips)
    assert len(found) == len(COMPARED_AFTER)
    for activations, number in zip(found, COMPARED_AFTER, strict=True):
        assert torch.allclose(activations, expected[number], atol=1e-4)


@pytest.mark.parametrize("side", [MIN_SIDE, 64, 128])
def test_it_takes_faces_of_any_side_and_measures_each_alone(loss, side):
    restored, true = faces(3, side, 0), faces(3, side, 1)
    together = loss(restored, true)
    assert together.shape == (3,)
    assert torch.allclose(together[1:2], loss(restored[1:2], true[1:2]), rtol=1e-4)


def test_gradients_reach_the_restored_face_and_nothing_else(loss):
    restored, true = faces(seed=3).requires_grad_(), faces(seed=4).requires_grad_()
    loss(restored, true).sum().backward()
    assert restored.grad is not None
    assert restored.grad.abs().sum() > 0
    assert true.grad is None
    assert all(p.grad is None and not p.requires_grad for p in loss.parameters())


def test_squares_weigh_large_differences_more():
    loss = PerceptualLoss(squared=True)
    true = faces()
    noise = torch.randn(true.shape, generator=torch.Generator().manual_seed(1))
    small, large = (loss(true + level * noise, true).mean() for level in (0.02, 0.04))
    assert large / small > 3  # near 4, where the mean absolute difference doubles
    absolute = PerceptualLoss()
    small, large = (absolute(true + level * noise, true).mean() for level in (0.02, 0.04))
    assert 1.5 < large / small < 2.5


def test_in_bfloat16_it_says_nearly_the_same(loss):
    low = PerceptualLoss(precision="bfloat16")
    restored, true = faces(seed=5).requires_grad_(), faces(seed=6)
    value = low(restored, true)
    assert value.dtype == torch.float32
    assert torch.allclose(value, loss(restored, true), rtol=0.03)
    value.sum().backward()
    assert restored.grad is not None
    assert restored.grad.dtype == torch.float32
    outside = loss(restored, true)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert torch.equal(loss(restored, true), outside)
