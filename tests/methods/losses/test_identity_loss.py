"""The identity loss: it sees what the pipeline shows the recogniser, and gradients reach the restored face alone."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import torch
from torch.nn import functional

from benchmark.errors import RequestError
from benchmark.faces import FaceGeometry
from benchmark.masked_faces import to_tensor
from benchmark.methods.losses.identity_loss import IdentityLoss, StrangersLoss, _turned
from benchmark.recognisers.chip_grids import dlib_chip_grid, five_point_grid, sampled_chips
from benchmark.recognisers.face_recognition import FaceRecognition, face_chip
from benchmark.recognisers.five_point_template import arcface_template
from benchmark.recognisers.network_recogniser import NetworkRecogniser
from tests.methods.linear_teacher import Projection

FIVE = (45, 42, 36, 39, 33)


@pytest.fixture(scope="module")
def loss() -> IdentityLoss:
    return IdentityLoss(FaceRecognition()).eval()


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
    chips = sampled_chips(to_tensor(pixels, "cpu"), dlib_chip_grid(torch.from_numpy(landmarks), side))
    expected = [face_chip(image, points[list(FIVE)]) for image, points in zip(pixels, landmarks, strict=True)]
    difference = chips.permute(0, 2, 3, 1).numpy() * 255 - np.stack(expected)
    assert difference.min() > -0.1  # dlib drops fractions of a grey level
    assert difference.max() < 1.1


@pytest.mark.parametrize("size", [(112, 112), (112, 96)])
def test_chips_on_five_points_are_those_that_opencv_cuts(size):
    template = arcface_template(size)
    pixels, _ = crops(side=128, seed=4)
    fading = np.minimum(1, np.minimum(np.arange(128), np.arange(128)[::-1]) / 24)  # no step at the edge of the crop
    pixels = (pixels * (fading[:, None] * fading)[..., None]).astype(np.uint8)
    rng = np.random.default_rng(5)
    upright = rng.normal(0, 4, (6, 68, 2)) + np.array([64, 64])
    for index, place in ((36, (45, 55)), (42, (83, 55)), (30, (64, 75)), (48, (50, 92)), (54, (79, 92))):
        count = 6 if index in (36, 42) else 1
        upright[:, index : index + count] = np.array(place) + rng.normal(0, 4, (6, count, 2))
    upright = upright.astype(np.float32)
    chips = sampled_chips(to_tensor(pixels, "cpu"), five_point_grid(torch.from_numpy(upright), 128, template))
    expected = [
        template.chip(image, FaceGeometry(np.zeros(4, np.float32), points, points[:5]))
        for image, points in zip(pixels, upright, strict=True)
    ]
    assert chips.shape[2:] == size
    assert np.stack(expected).std() > 20
    difference = np.abs(chips.permute(0, 2, 3, 1).numpy() * 255 - np.stack(expected))
    assert difference.mean() < 0.5  # whole grey levels, and OpenCV reads at 1/32 of a pixel
    assert np.quantile(difference, 0.999) < 6


def test_a_recogniser_that_compares_angles_has_strangers_as_far_apart_as_dlib_has():
    pixels, landmarks = crops(seed=6)
    loss = IdentityLoss(Projection()).eval()
    faces, points = to_tensor(pixels, "cpu"), torch.from_numpy(landmarks)
    found, wanted = loss.embeddings(faces.roll(1, 0), faces, points)
    assert torch.allclose(wanted.norm(dim=1), torch.full((6,), 0.6))
    cosine = functional.cosine_similarity(found, wanted)
    assert torch.allclose(loss(faces.roll(1, 0), faces, points), 0.72 * (1 - cosine), atol=1e-6)


def test_a_recogniser_that_does_not_say_where_its_chips_are_cannot_teach():
    class Silent(Projection):
        chip_grid = NetworkRecogniser.chip_grid

    pixels, landmarks = crops(2)
    with pytest.raises(RequestError, match=r"Silent does not say where its chips are .* cannot teach"):
        IdentityLoss(Silent())(to_tensor(pixels, "cpu"), to_tensor(pixels, "cpu"), torch.from_numpy(landmarks))


def test_embeddings_are_the_recogniser_s(loss):
    pixels, landmarks = crops()
    found = loss.embed(sampled_chips(to_tensor(pixels, "cpu"), dlib_chip_grid(torch.from_numpy(landmarks), 64))).numpy()
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
    grid = dlib_chip_grid(points, 64)
    distance = (loss.embed(sampled_chips(restored, grid)) - loss.embed(sampled_chips(true, grid))).norm(dim=1)
    assert torch.allclose(values, distance.square(), atol=1e-6)


def test_gradients_reach_the_restored_face_alone(loss):
    pixels, landmarks = crops(2)
    true = to_tensor(pixels, "cpu").requires_grad_(True)
    restored = (to_tensor(pixels, "cpu") * 0.9).requires_grad_(True)
    loss(restored, true, torch.from_numpy(landmarks)).sum().backward()
    assert restored.grad is not None
    assert restored.grad.abs().max() > 0
    assert true.grad is None
    assert list(loss.parameters()) == []  # a training that is given the loss can change nothing in the teacher


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
    shifting = IdentityLoss(FaceRecognition(), jitter=0.05)
    pixels, landmarks = crops(3)
    true, points = to_tensor(pixels, "cpu"), torch.from_numpy(landmarks)
    arguments = (true * 0.8, true, points)
    assert torch.equal(shifting.eval()(*arguments), shifting.eval()(*arguments))
    shifting.train()
    assert not torch.allclose(shifting(*arguments), shifting(*arguments), rtol=1e-3)
    assert shifting(true, true, points).abs().max() < 1e-9  # both faces are shifted alike


def test_chips_are_turned_scaled_and_mirrored_alike_for_both_faces():
    turning = IdentityLoss(Projection(), turns=0.05).train()
    pixels, landmarks = crops(8, seed=7)
    true, points = to_tensor(pixels, "cpu"), torch.from_numpy(landmarks)
    torch.manual_seed(0)
    assert turning(true, true, points).abs().max() < 1e-9
    plain = IdentityLoss(Projection()).eval()(true * 0.5, true, points)
    assert not torch.allclose(turning(true * 0.5, true, points), plain, rtol=1e-3)


def test_a_turn_keeps_the_centre_and_mirrors_about_half_of_the_chips():
    grid = five_point_grid(torch.rand(40, 68, 2) * 60, 64, arcface_template((16, 16)))
    torch.manual_seed(0)
    turned = _turned(grid, 0.05)
    assert torch.allclose(turned.mean(dim=(1, 2)), grid.mean(dim=(1, 2)), atol=1e-5)
    size = (grid[:, 0, 0] - grid[:, -1, -1]).norm(dim=1)
    left_kept = (turned[:, 0, 0] - grid[:, 0, 0]).norm(dim=1) < 0.3 * size
    right_came_left = (turned[:, 0, 0] - grid[:, 0, -1]).norm(dim=1) < 0.3 * size
    assert (left_kept ^ right_came_left).all()
    assert 10 <= int(right_came_left.sum()) <= 30


def test_bfloat16_is_close_to_float32(loss):
    pixels, landmarks = crops(3)
    points = torch.from_numpy(landmarks)
    true = to_tensor(pixels, "cpu")
    restored = true.clone()
    restored[:, :, 32:, :] = 0.5
    half = IdentityLoss(FaceRecognition(precision="bfloat16")).eval()
    assert torch.allclose(half(restored, true, points), loss(restored, true, points), rtol=0.15, atol=0.01)


def test_strangers_are_told_apart_by_a_softmax_over_distances():
    wanted = torch.eye(3, 128)  # squared distance 2 to each other
    found = wanted * 0.9
    loss = StrangersLoss(128, kept=4, temperature=0.5)
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
    assert StrangersLoss(128)(drawn, wanted).mean() > StrangersLoss(128)(scaled, wanted).mean()


def test_photos_of_one_person_are_no_strangers_and_the_last_ones_stay():
    loss = StrangersLoss(128, kept=3)
    one = torch.zeros(1, 128)
    one[0, 0] = 1.0
    same = one + 0.01
    assert float(loss(one, one)) == pytest.approx(0.0, abs=1e-6)
    assert float(loss(same, same)) == pytest.approx(0.0, abs=1e-6)  # near the first: not a stranger
    assert float(loss(torch.zeros(1, 128), -one)) > 0.5
    assert torch.equal(loss.last, torch.cat([-one, same, one]))
    assert set(loss.state_dict()) == {"last"}
