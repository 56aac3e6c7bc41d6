"""Structural similarity against a reference library."""

from __future__ import annotations

import torch
from torchmetrics.functional.image import structural_similarity_index_measure

from benchmark.methods.losses.structural_similarity import structural_similarity


def test_it_agrees_with_torchmetrics_away_from_the_edges():
    first = torch.rand(2, 3, 40, 40, generator=torch.Generator().manual_seed(0))
    second = (first + 0.1 * torch.randn(first.shape, generator=torch.Generator().manual_seed(1))).clamp(0, 1)
    _, expected = structural_similarity_index_measure(
        first, second, data_range=1.0, return_full_image=True, reduction="none"
    )
    found = structural_similarity(first, second)
    assert found.shape == first.shape
    assert torch.allclose(found[..., 5:-5, 5:-5], expected[..., 5:-5, 5:-5], atol=1e-4)


def test_equal_images_are_wholly_alike_up_to_the_edge_and_a_gradient_leads_there():
    image = torch.rand(1, 3, 16, 16)
    assert torch.allclose(structural_similarity(image, image), torch.ones_like(image), atol=1e-4)
    other = torch.rand(1, 3, 16, 16).requires_grad_()
    before = structural_similarity(other, image).mean()
    before.backward()
    with torch.no_grad():
        assert structural_similarity(other + 5 * other.grad, image).mean() > before


def test_it_is_the_formula_with_a_window_cut_off_at_the_edge():
    images = torch.rand(2, 2, 1, 13, 9, generator=torch.Generator().manual_seed(2), dtype=torch.float64)
    places = torch.arange(-5, 6).double()
    window = torch.exp(-places.square() / (2 * 1.5**2))
    window = window[:, None] * window

    def mean(values):
        sums = [torch.nn.functional.conv2d(v, window[None, None], padding=5) for v in (values, torch.ones_like(values))]
        return sums[0] / sums[1]

    (first, second), (mean_1, mean_2) = images, map(mean, images)
    spread_1, spread_2 = mean(first**2) - mean_1**2, mean(second**2) - mean_2**2
    both = mean(first * second) - mean_1 * mean_2
    expected = (2 * mean_1 * mean_2 + 1e-4) * (2 * both + 9e-4)
    expected = expected / ((mean_1**2 + mean_2**2 + 1e-4) * (spread_1 + spread_2 + 9e-4))
    assert torch.allclose(structural_similarity(first, second).double(), expected, atol=1e-4)
