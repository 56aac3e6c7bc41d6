"""Other looks: the same for both faces, only on a share of them, and gradients pass."""

from __future__ import annotations

import torch

from benchmark.methods.losses.chip_looks import other_looks


def test_both_faces_of_a_pair_change_alike() -> None:
    torch.manual_seed(0)
    chips = torch.rand(16, 3, 24, 24)
    found, wanted = other_looks(chips, chips.clone(), share=1)
    assert torch.equal(found, wanted)
    assert ((found - chips).abs().flatten(1).mean(dim=1) > 0.01).all()
    colours = (found - found.mean(dim=1, keepdim=True)).flatten(1).std(dim=1)
    assert (colours.max() / colours.min()) > 3  # some are nearly grey


def test_a_share_of_none_changes_nothing_and_gradients_pass() -> None:
    torch.manual_seed(1)
    chips = torch.rand(64, 3, 16, 16, requires_grad=True)
    found, _ = other_looks(chips, chips.detach(), share=0)
    assert torch.equal(found, chips)
    found, _ = other_looks(chips, chips.detach(), share=0.5)
    changed = (found != chips).flatten(1).any(dim=1).float().mean()
    assert 0.3 < changed < 0.7
    found.sum().backward()
    assert chips.grad is not None and chips.grad.abs().sum() > 0


def test_flat_chips_stay_flat_but_for_noise_when_blurred() -> None:
    torch.manual_seed(2)
    chips = torch.full((8, 3, 20, 20), 0.5)
    found, _ = other_looks(chips, chips, share=1)
    assert (found - found.mean(dim=(2, 3), keepdim=True)).abs().max() < 0.2  # no dark edge from the blur
    assert found.mean(dim=(2, 3)).std() > 0.01
