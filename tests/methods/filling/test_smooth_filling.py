"""Smooth filling: known pixels stay, the hole takes the colours around it, and nothing of what lay in it."""

from __future__ import annotations

import pytest
import torch

from benchmark.methods.filling.smooth_filling import smoothly_filled


def holes(side: int) -> torch.Tensor:
    found = torch.zeros(2, 1, side, side)
    found[:, :, side // 2 :, side // 4 : -side // 4] = 1
    return found


@pytest.mark.parametrize("side", [16, 20, 64, 100])
def test_known_pixels_stay_and_the_hole_s_own_do_not_matter(side):
    torch.manual_seed(0)
    pixels = torch.rand(2, 3, side, side)
    filled = smoothly_filled(pixels, holes(side))
    known = holes(side).expand_as(pixels) == 0
    assert torch.equal(filled[known], pixels[known])
    assert torch.allclose(smoothly_filled(torch.where(known, pixels, 9.0), holes(side)), filled, atol=1e-5)
    assert pixels[known].min() <= filled.min()
    assert filled.max() <= pixels[known].max()


def test_one_colour_is_continued_exactly():
    pixels = torch.full((2, 3, 32, 32), 0.3)
    assert torch.allclose(smoothly_filled(pixels, holes(32)), pixels, atol=1e-6)


def test_colours_pass_smoothly_from_one_side_to_the_other():
    pixels = torch.zeros(1, 3, 32, 32)
    pixels[..., 16:] = 1.0
    hole = torch.zeros(1, 1, 32, 32)
    hole[..., 8:24] = 1
    row = smoothly_filled(pixels, hole)[0, 0, 16]
    assert row[8] < 0.4 < row[16] + 0.2
    assert row[23] > 0.6
    assert (row[1:] >= row[:-1] - 1e-6).all()


def test_where_nothing_is_known_there_is_grey():
    assert torch.allclose(
        smoothly_filled(torch.rand(1, 3, 8, 8), torch.ones(1, 1, 8, 8)), torch.full((1, 3, 8, 8), 0.5)
    )
