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
