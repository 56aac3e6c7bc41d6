"""The identity loss: it sees what the pipeline shows the recogniser, and gradients reach the restored face alone."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import torch
from torch.nn import functional

from benchmark.masked_faces import to_tensor
from benchmark.methods.losses.identity_loss import IdentityLoss, StrangersLoss, chip_grid, sampled_chips
from benchmark.recognisers.face_recognition import FaceRecognition, face_chip

FIVE = (45, 42, 36, 39, 33)


@pytest.fixture(scope="module")
def loss() -> IdentityLoss:
    return IdentityLoss().eval()


def crops(count=6, side=64, seed=0):
    """Smooth random pictures and eye corners and nose where an aligned crop has them, more or less."""
    rng = np.random.default_rng(seed)
    pixels = np.stack([cv2.resize(rng.integers(0, 256, (8, 8, 3), dtype=np.uint8), (side, side)) for _ in range(count)])
    places = np.array([(0.86, 0.21), (0.65, 0.23), (0.12, 0.21), (0.33, 0.23), (0.49, 0.63)])
    landmarks = rng.uniform(0, side, (count, 68, 2)).astype(np.float32)
    landmarks[:, FIVE] = (places + 0.55) / 2.1 * side + rng.normal(0, side / 50, (count, 5, 2))
    return pixels, landmarks


@pytest.mark.parametrize("side", [64, 128, 256])
def test_chips_are_those_that_dlib_cuts(side):
    pixels, landmarks = crops(side=side)
    chips = sampled_chips(to_tensor(pixels, "cpu"), chip_grid(torch.from_numpy(landmarks), side))
    expected = [face_chip(image, points[list(FIVE)]) for image, points in zip(pixels, landmarks, strict=True)]
    difference = chips.permute(0, 2, 3, 1).numpy() * 255 - np.stack(expected)
    assert difference.min() > -0.1  # dlib drops fractions of a grey level
    assert difference.max() < 1.1


def test_embeddings_are_the_recogniser_s(loss):
    pixels, landmarks = crops()
    found = loss.embed(to_tensor(pixels, "cpu"), chip_grid(torch.from_numpy(landmarks), 64)).numpy()
    chips = [face_chip(image, points[list(FIVE)]) for image, points in zip(pixels, landmarks, strict=True)]
    expected = FaceRecognition().embed(np.stack(chips))
    assert np.linalg.norm(found - expected, axis=1).max() < 0.02
    assert np.linalg.norm(expected[1:] - expected[:-1], axis=1).min() > 0.05


def test_the_loss_is_the_squared_distance_of_each_face(loss):
    pixels, landmarks = crops(seed=1)
    true, points = to_tensor(pixels, "cpu"), torch.from_numpy(landmarks)
    restored = true.clone()
    restored[0, :, 36:60, 16:48] = 0.5
    values = loss(restored, true, points)
    assert values.shape == (6,)
    assert values[0] > 1e-3
    assert values[1:].abs().max() < 1e-9
    grid = chip_grid(points, 64)
    distance = (loss.embed(restored, grid) - loss.embed(true, grid)).norm(dim=1)
    assert torch.allclose(values, distance.square(), atol=1e-6)


def test_gradients_reach_the_restored_face_alone(loss):
    pixels, landmarks = crops(2)
    true = to_tensor(pixels, "cpu").requires_grad_(True)
    restored = (to_tensor(pixels, "cpu") * 0.9).requires_grad_(True)
    loss(restored, true, torch.from_numpy(landmarks)).sum().backward()
    assert restored.grad is not None
    assert restored.grad.abs().max() > 0
    assert true.grad is None
    assert not any(parameter.requires_grad for parameter in loss.parameters())


def test_descending_it_brings_the_embedding_closer(loss):
    pixels, landmarks = crops(2, seed=3)
    true, points = to_tensor(pixels, "cpu"), torch.from_numpy(landmarks)
    restored = true.clone()
    restored[:, :, 32:, :] = 0.5
    restored.requires_grad_(True)
    before = loss(restored, true, points).sum()
    (gradient,) = torch.autograd.grad(before, restored)
    after = loss((restored - 0.02 * gradient / gradient.abs().max()).detach(), true, points).sum()
    assert after < before


def test_chips_are_shifted_at_random_in_training_alone():
    shifting = IdentityLoss(jitter=0.05)
    pixels, landmarks = crops(3)
    true, points = to_tensor(pixels, "cpu"), torch.from_numpy(landmarks)
    arguments = (true * 0.8, true, points)
    assert torch.equal(shifting.eval()(*arguments), shifting.eval()(*arguments))
    shifting.train()
    assert not torch.allclose(shifting(*arguments), shifting(*arguments), rtol=1e-3)
    assert shifting(true, true, points).abs().max() < 1e-9  # both faces are shifted alike


def test_bfloat16_is_close_to_float32(loss):
    pixels, landmarks = crops(3)
    points = torch.from_numpy(landmarks)
    true = to_tensor(pixels, "cpu")
    restored = true.clone()
    restored[:, :, 32:, :] = 0.5
    half = IdentityLoss(precision="bfloat16").eval()
    assert torch.allclose(half(restored, true, points), loss(restored, true, points), rtol=0.15, atol=0.01)


def test_strangers_are_told_apart_by_a_softmax_over_distances():
    wanted = torch.eye(3, 128)  # squared distance 2 to each other
    found = wanted * 0.9
    loss = StrangersLoss(kept=4, temperature=0.5)
    first = loss(found, wanted)
    own, other = 0.01 / 0.5, (0.81 + 1) / 0.5
    expected = own + torch.tensor([-own, -other, -other]).exp().sum().log()
    assert torch.allclose(first, expected.expand(3), atol=1e-5)
    assert torch.equal(loss.last[:3], wanted)


def test_everybody_drawn_to_the_mean_costs_more_than_everybody_kept_apart():
    torch.manual_seed(0)
    wanted = functional.normalize(torch.randn(16, 128)) * 1.4
    apart = wanted + 0.07 * torch.randn(16, 128)
    drawn = wanted + 0.7 * (wanted.mean(dim=0) - wanted)
    near, far = ((found - wanted).square().sum(dim=1).mean() for found in (apart, drawn))
    assert near < far
    scaled = wanted + (apart - wanted) * (far / near).sqrt()  # the same distance as those drawn to the mean
    assert StrangersLoss()(drawn, wanted).mean() > StrangersLoss()(scaled, wanted).mean()


def test_photos_of_one_person_are_no_strangers_and_the_last_ones_stay():
    loss = StrangersLoss(kept=3)
    one = torch.zeros(1, 128)
    one[0, 0] = 1.0
    same = one + 0.01
    assert float(loss(one, one)) == pytest.approx(0.0, abs=1e-6)
    assert float(loss(same, same)) == pytest.approx(0.0, abs=1e-6)  # near the first: not a stranger
    assert float(loss(torch.zeros(1, 128), -one)) > 0.5
    assert torch.equal(loss.last, torch.cat([-one, same, one]))
    assert set(loss.state_dict()) == {"last"}
