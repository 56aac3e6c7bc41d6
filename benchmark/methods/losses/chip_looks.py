"""Chips as other cameras would take them: paler, darker, blurred or noisy: so no pattern can fool a teacher."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

_CHANNELS = (0.299, 0.587, 0.114)
"""Share of red, green and blue in the brightness (ITU-R BT.601)."""
_GREY = 0.3
"""Probability that a changed chip has no colours at all."""
_STRONGEST_BLUR = 2.0
_NOISE = 0.03
_TAPS = 7


def other_looks(found: Tensor, wanted: Tensor, *, share: float) -> tuple[Tensor, Tensor]:
    """Chips ``(B, 3, h, w)`` of the same faces, about `share` of the rows changed alike in both; the rest as they are.

    A changed row has other saturation (often none), contrast, brightness and tint, blur and noise, drawn from
    PyTorch's stream. Gradients pass through.

    Args:
        found: chips of restored faces, in [0, 1].
        wanted: of the true ones.
        share: of the rows, 0 to 1.
    """
    rows = (torch.rand(len(found)) < share).nonzero().squeeze(1)
    count, device = len(rows), found.device
    saturation = torch.rand(count, 1, 1, 1) * 1.4
    saturation = torch.where(torch.rand(count, 1, 1, 1) < _GREY, torch.zeros(()), saturation).to(device)
    contrast = (1 + 0.2 * torch.randn(count, 1, 1, 1)).clamp(0.5, 1.5).to(device)
    tint = (0.08 * torch.randn(count, 1, 1, 1) + 0.04 * torch.randn(count, 3, 1, 1)).to(device)
    spread = (torch.rand(count) * _STRONGEST_BLUR).to(device)
    noise = (_NOISE * torch.rand(count, 1, 1, 1) * torch.randn(count, *found.shape[1:])).to(device)
    rows = rows.to(device)

    def seen(chips: Tensor) -> Tensor:
        some = chips[rows]
        grey = (some * torch.tensor(_CHANNELS, device=device).view(1, 3, 1, 1)).sum(dim=1, keepdim=True)
        lit = (grey + saturation * (some - grey) - 0.5) * contrast + 0.5 + tint
        return chips.index_copy(0, rows, _blurred(lit, spread) + noise)

    return (seen(found), seen(wanted)) if count else (found, wanted)


def _blurred(chips: Tensor, spread: Tensor) -> Tensor:
    """Each chip ``(3, h, w)`` of a batch blurred by a Gaussian of its own `spread`, pixels ``(B,)``."""
    places = torch.arange(_TAPS, device=chips.device) - _TAPS // 2
    weights = torch.exp(-places.square() / (2 * spread.clamp(min=0.1).square().unsqueeze(1)))
    weights = (weights / weights.sum(dim=1, keepdim=True)).repeat_interleave(chips.shape[1], dim=0)
    rows = chips.flatten(0, 1).unsqueeze(0)
    half = _TAPS // 2
    rows = functional.pad(rows, (half, half, half, half), mode="replicate")
    down = functional.conv2d(rows, weights.view(-1, 1, _TAPS, 1), groups=rows.shape[1])
    across = functional.conv2d(down, weights.view(-1, 1, 1, _TAPS), groups=rows.shape[1])
    return across.view(chips.shape)
