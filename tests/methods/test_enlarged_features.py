"""The way up of a U-Net: the same gradients as without the change of memory format, and in that format."""

from __future__ import annotations

import torch
from torch.nn import functional

from benchmark.methods.enlarged_features import joined


def test_what_is_joined_and_its_gradients_are_those_of_plain_interpolation():
    features = torch.randn(2, 3, 4, 4, generator=torch.Generator().manual_seed(0)).requires_grad_()
    skip = torch.randn(2, 5, 8, 8, generator=torch.Generator().manual_seed(1)).requires_grad_()
    weights = torch.randn(2, 8, 8, 8, generator=torch.Generator().manual_seed(2))
    plain = functional.interpolate(features, size=(8, 8), mode="bilinear", align_corners=False)
    expected = torch.autograd.grad((torch.cat([plain, skip], dim=1) * weights).sum(), (features, skip))
    made = joined(features, skip)
    assert torch.equal(made, torch.cat([plain, skip], dim=1))
    found = torch.autograd.grad((made * weights).sum(), (features, skip))
    assert all(torch.equal(one, other) for one, other in zip(found, expected, strict=True))


def test_the_gradient_that_is_brought_down_is_dense():
    features = torch.randn(2, 3, 4, 4).contiguous(memory_format=torch.channels_last).requires_grad_()
    seen: list[torch.Tensor] = []
    made = joined(features, torch.zeros(2, 5, 8, 8))
    made.grad_fn.next_functions[0][0].register_prehook(seen.extend)  # of the interpolation
    made.square().sum().backward()
    assert seen[0].is_contiguous(memory_format=torch.channels_last)


def test_nothing_is_watched_where_no_gradient_is_wanted():
    with torch.no_grad():
        assert not joined(torch.ones(1, 2, 4, 4), torch.ones(1, 1, 8, 8)).requires_grad
