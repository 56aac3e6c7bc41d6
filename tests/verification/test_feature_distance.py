"""Distances between sets of features, against torchmetrics' and against hand-worked cases."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from benchmark.verification.feature_distance import frechet_distance, kernel_distance, kernel_distance_error


@pytest.fixture
def two_sets():
    rng = np.random.default_rng(3)
    mixing = rng.normal(size=(12, 12))
    return rng.normal(size=(300, 12)) @ mixing, 0.7 * rng.normal(size=(400, 12)) @ mixing + 0.4


class Features(nn.Module):
    """Hands torchmetrics 2×2 images of three channels as 12 features: what stands for the Inception network."""

    num_features = 12

    def forward(self, images):
        return images.flatten(1)


def test_frechet_distance_is_that_of_torchmetrics(two_sets):
    module = pytest.importorskip("torchmetrics.image.fid")
    theirs = module.FrechetInceptionDistance(feature=Features(), input_img_size=(3, 2, 2)).set_dtype(torch.float64)
    a, b = two_sets
    for features, real in ((a, True), (b, False)):
        theirs.update(torch.from_numpy(features).reshape(-1, 3, 2, 2), real=real)
    assert frechet_distance(a, b) == pytest.approx(float(theirs.compute()), rel=1e-6)


def test_frechet_distance_of_one_feature_is_the_formula():
    rng = np.random.default_rng(0)
    a, b = rng.normal(2, 3, (50, 1)), rng.normal(5, 1, (70, 1))
    expected = (a.mean() - b.mean()) ** 2 + (a.std(ddof=1) - b.std(ddof=1)) ** 2
    assert frechet_distance(a, b) == pytest.approx(expected)
    assert frechet_distance(b, a) == pytest.approx(expected)


def test_frechet_distance_bears_singular_covariances():
    rng = np.random.default_rng(0)
    a = rng.normal(size=(5, 20))
    assert frechet_distance(a, a) == pytest.approx(0, abs=1e-6)
    assert frechet_distance(a, a + 1) == pytest.approx(20, rel=1e-6)


def test_kernel_distance_is_that_of_torchmetrics(two_sets):
    kid = pytest.importorskip("torchmetrics.image.kid")
    a, b = two_sets[0], two_sets[1][:300]
    expected = kid.poly_mmd(torch.from_numpy(a), torch.from_numpy(b))
    assert kernel_distance(a, b) == pytest.approx(float(expected), rel=1e-9)


def test_kernel_distance_by_hand_for_sets_of_unequal_size():
    a, b = np.array([[0.0], [1.0]]), np.array([[0.0], [1.0], [2.0]])

    def kernel(x, y):
        return (x * y + 1) ** 3

    within_b = np.mean([kernel(x, y) for i, x in enumerate(b[:, 0]) for j, y in enumerate(b[:, 0]) if i != j])
    between = np.mean([kernel(x, y) for x in a[:, 0] for y in b[:, 0]])
    assert kernel_distance(a, b) == pytest.approx(1.0 + within_b - 2 * between)


def test_kernel_distance_is_unbiased():
    rng = np.random.default_rng(1)
    values = [kernel_distance(*rng.normal(size=(2, 20, 4))) for _ in range(800)]
    assert abs(np.mean(values)) < 3 * np.std(values) / np.sqrt(800)


def test_the_standard_error_is_the_spread_of_new_samples():
    rng = np.random.default_rng(2)
    people = np.arange(120) // 2  # two photos per person, which are near each other

    def sample():
        faces = rng.normal(size=(60, 6)).repeat(2, axis=0) + 0.3 * rng.normal(size=(120, 6))
        return faces, faces + 0.6 + 0.3 * rng.normal(size=faces.shape)

    spread = np.std([kernel_distance(*sample()) for _ in range(300)])
    errors = [kernel_distance_error(*sample(), people, seed=0) for _ in range(40)]
    assert np.mean(errors) == pytest.approx(spread, rel=0.2)


def test_the_standard_error_is_the_same_for_the_same_seed_and_withheld_for_few_people():
    rng = np.random.default_rng(2)
    a, b = rng.normal(size=(2, 40, 6))
    people = np.arange(40)
    assert kernel_distance_error(a, b, people, seed=1) == kernel_distance_error(a, b, people, seed=1)
    assert np.isnan(kernel_distance_error(a, b, people // 20, seed=1))


def test_sets_that_cannot_be_compared_are_refused():
    good = np.zeros((4, 3))
    for bad in (np.zeros((4, 2)), np.zeros((1, 3)), np.zeros(4), np.full((4, 3), np.nan)):
        for distance in (frechet_distance, kernel_distance):
            with pytest.raises(ValueError, match="features"):
                distance(good, bad)
