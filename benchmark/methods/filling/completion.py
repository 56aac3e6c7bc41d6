"""Arithmetic that every completer with a network needs: what it is shown, what it keeps, how far off it is."""

from __future__ import annotations

import torch
from torch import Tensor

NEUTRAL = 0.5
"""What is in a blanked hole."""


def blanked(pixels: Tensor, holes: Tensor) -> Tensor:
    """The face with its hole painted grey, and the hole as a fourth channel.

    Args:
        pixels: ``(B, 3, H, W)`` in [0, 1].
        holes: ``(B, 1, H, W)``, 1 = covered.

    Returns:
        ``(B, 4, H, W)``; nothing of the mask's colour is left in it.
    """
    shown = torch.cat([pixels * (1 - holes) + NEUTRAL * holes, holes], dim=1)
    return shown.contiguous(memory_format=torch.channels_last)


def composited(painted: Tensor, pixels: Tensor, holes: Tensor) -> Tensor:
    """`painted` inside the hole, `pixels` outside."""
    return painted * holes + pixels * (1 - holes)


def mean_errors(restored: Tensor, true: Tensor, holes: Tensor) -> tuple[Tensor, Tensor]:
    """Mean absolute error of each face, ``(B,)``, in the hole and outside it; 0 where there is no hole."""
    error = (restored - true).abs().mean(dim=1, keepdim=True)
    inside = (error * holes).flatten(1).sum(1) / holes.flatten(1).sum(1).clamp(min=1)
    outside = (error * (1 - holes)).flatten(1).sum(1) / (1 - holes).flatten(1).sum(1).clamp(min=1)
    return inside, outside


def hole_psnr(restored: Tensor, true: Tensor, holes: Tensor) -> Tensor:
    """Peak signal-to-noise ratio in the hole of each face, ``(B,)``, dB, for pixels in [0, 1]; higher is better."""
    squares = (restored - true).square().mean(dim=1, keepdim=True)
    error = (squares * holes).flatten(1).sum(1) / holes.flatten(1).sum(1).clamp(min=1)
    return -10 * error.clamp(min=1e-10).log10()


def randomly_grown(holes: Tensor, share: float = 0.05) -> Tensor:
    """Each hole grown by a random number of pixels, 0 to `share` of the side, drawn from PyTorch's stream.

    A detector's hole never ends exactly where the mask does; a completer trained only on true holes takes the remaining
    rim of cloth for skin.

    Args:
        holes: ``(B, 1, H, W)``, 1 = covered.
        share: largest growth.
    """
    most = round(share * holes.shape[-1])
    steps = torch.randint(0, most + 1, (len(holes), 1, 1, 1)).to(holes.device)
    grown, result = holes, holes
    for step in range(1, most + 1):
        grown = _greatest_of_three(_greatest_of_three(grown, axis=2), axis=3)
        result = torch.where(steps >= step, grown, result)
    return result


def _greatest_of_three(values: Tensor, *, axis: int) -> Tensor:
    """Of each place and its two neighbours along `axis`; pooling a single channel takes a processor five times as
    long."""
    count = values.shape[axis]
    greatest = values.clone()
    for here, beside in ((0, 1), (1, 0)):
        place = greatest.narrow(axis, here, count - 1)
        torch.maximum(place, values.narrow(axis, beside, count - 1), out=place)
    return greatest
