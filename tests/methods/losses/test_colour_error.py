"""The colour error: blind to light and detail, and sharp on coloured spots."""

from __future__ import annotations

import pytest
import torch

from benchmark.methods.losses.colour_error import colour_error


def holes(side: int = 128) -> torch.Tensor:
    hole = torch.zeros(2, 1, side, side)
    hole[:, :, side // 2 :] = 1
    return hole


@pytest.mark.parametrize("side", [64, 128])
def test_a_tint_of_the_whole_hole_has_its_squared_chroma(side: int) -> None:
    true = torch.rand(2, 3, side, side)
    tint = torch.tensor([0.1, 0.0, -0.1])
    restored = true + tint.view(1, 3, 1, 1)
    expected = tint.square().mean() / 0.05**2
    torch.testing.assert_close(colour_error(restored, true, holes(side)), torch.full((2,), float(expected)))


def test_light_does_not_count_and_neither_does_what_is_outside() -> None:
    true = torch.rand(2, 3, 128, 128)
    restored = true + 0.2
    restored[:, 0, :64] += 0.5
    assert colour_error(restored, true, holes()).abs().max() < 1e-6
    assert colour_error(restored, true, torch.zeros(2, 1, 128, 128)).abs().max() == 0


def test_a_spot_costs_more_than_the_same_absolute_error_everywhere() -> None:
    true = torch.full((2, 3, 128, 128), 0.5)
    spot, faint = true.clone(), true.clone()
    spot[:, 0, 80:96, 56:72] += 0.4
    faint[:, 0, 64:] += 0.4 * 16 * 16 / (64 * 128)
    assert (spot - true).abs().sum() == pytest.approx(float((faint - true).abs().sum()), rel=1e-3)
    assert (colour_error(spot, true, holes()) > 20 * colour_error(faint, true, holes())).all()
