"""How far the colours of a restored region are from the true ones, regardless of light and fine detail."""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional

_TYPICAL = 0.05
"""Deviation of a colour at which the error is 1: about that of skin under another light."""
_CELLS = 32
"""Colours are compared in cells, so many along a side."""


def colour_error(restored: Tensor, true: Tensor, holes: Tensor) -> Tensor:
    """Mean squared difference of chroma (colour less its grey) in the hole, ``(B,)``, 1 = deviations of 0.05.

    Squared, so that a small spot of a strong colour costs as much as a faint tint everywhere: a mean absolute error
    hardly notices it.

    Args:
        restored: ``(B, 3, S, S)`` in [0, 1].
        true: likewise.
        holes: ``(B, 1, S, S)``, 1 = covered; 0 without any.
    """
    difference = (restored - true).float() * holes
    chroma = difference - difference.mean(dim=1, keepdim=True)
    cell = max(1, restored.shape[-1] // _CELLS)
    squares = functional.avg_pool2d(chroma, cell).square().mean(dim=1) / _TYPICAL**2
    covered = functional.avg_pool2d(holes.float(), cell).squeeze(1)
    return squares.flatten(1).sum(dim=1) / covered.flatten(1).sum(dim=1).clamp(min=1)
