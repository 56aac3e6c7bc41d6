"""Enlarging a correction along the edges of its image."""

from __future__ import annotations

import torch
from torch.nn import functional

from benchmark.masked_faces import resized
from benchmark.methods.filling.guided_enlargement import enlarged_along_edges


def masked_face() -> torch.Tensor:
    """A bright square on a dark ground, its edge inside a small pixel."""
    image = torch.full((1, 3, 64, 64), 0.2)
    image[:, :, 19:45, 19:45] = 0.9
    return image


def test_a_flat_correction_stays_flat():
    image = torch.rand(1, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    enlarged = enlarged_along_edges(torch.full((1, 3, 8, 8), 0.3), image)
    assert torch.allclose(enlarged, torch.full_like(enlarged, 0.3), atol=1e-5)


def test_a_correction_that_undoes_a_square_stays_inside_it():
    image, truth = masked_face(), torch.full((1, 3, 64, 64), 0.2)
    correction = resized(truth - image, 16)
    plain = (image + resized(correction, 64) - truth).abs()
    guided = (image + enlarged_along_edges(correction, image) - truth).abs()
    assert plain.max() > 0.3  # the rim that the guide removes
    assert guided.max() < 0.1


def test_at_its_own_size_a_correction_is_left_alone():
    correction = torch.rand(2, 3, 16, 16)
    assert enlarged_along_edges(correction, torch.rand(2, 3, 16, 16)) is correction


def test_it_is_a_guided_filter():
    random = torch.Generator().manual_seed(0)
    image, correction = (torch.rand(2, 3, side, side, generator=random, dtype=torch.double) for side in (40, 12))
    guide = resized(image, 12)

    def mean(values):
        return functional.avg_pool2d(functional.pad(values, (1, 1, 1, 1), mode="replicate"), 3, stride=1)

    covariance = mean(guide * correction) - mean(guide) * mean(correction)
    slope = covariance / ((mean(guide * guide) - mean(guide) ** 2).clamp(min=0) + 1e-3)
    offset = mean(correction) - slope * mean(guide)
    slope, offset = (functional.interpolate(mean(part), size=(40, 40), mode="bilinear") for part in (slope, offset))
    for given in (None, guide):
        assert torch.allclose(enlarged_along_edges(correction, image, given), slope * image + offset)


def test_gradients_pass_through():
    correction = torch.zeros(1, 3, 8, 8, requires_grad=True)
    enlarged_along_edges(correction, torch.rand(1, 3, 32, 32)).square().sum().backward()
    assert correction.grad.isfinite().all()
