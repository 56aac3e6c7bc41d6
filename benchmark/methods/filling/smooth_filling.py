"""Fills a hole with the colours around it, smoothly: where a network that paints details starts from."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional


def smoothly_filled(pixels: Tensor, holes: Tensor) -> Tensor:
    """The faces with their holes filled from a pyramid of averages over known pixels alone.

    Gortler et al., *The Lumigraph*, 1996, section 3.4 (pull-push): each coarser level averages the known pixels of the
    finer one; on the way back every unknown pixel takes the coarser level's value.

    Args:
        pixels: ``(B, 3, S, S)``; what is in the holes does not matter. S a power of two times a small number.
        holes: ``(B, 1, S, S)``, 1 = to be filled.

    Returns:
        ``(B, 3, S, S)``; known pixels as they were, grey (0.5) where nothing at all is known.

    >>> face = torch.zeros(1, 3, 4, 4)
    >>> face[..., 0] = 1.0
    >>> hole = torch.zeros(1, 1, 4, 4)
    >>> hole[..., 1:] = 1.0
    >>> float(smoothly_filled(face, hole).min())
    1.0
    """
    known = 1 - holes
    levels = [(pixels * known, known)]
    while levels[-1][1].shape[-1] > 1:
        sums, weights = levels[-1]
        odd = weights.shape[-1] % 2
        if odd:  # one more row and column of unknown pixels
            sums, weights = (functional.pad(values, (0, 1, 0, 1)) for values in (sums, weights))
        sums, weights = functional.avg_pool2d(sums, 2), functional.avg_pool2d(weights, 2)
        certain = weights.clamp(max=0.25) * 4  # one known pixel of four suffices
        levels.append((sums / weights.clamp(min=1e-6) * certain, certain))
    sums, weights = levels.pop()
    filled = sums + (1 - weights) * 0.5
    for sums, weights in reversed(levels):
        side = weights.shape[-1]
        coarse = functional.interpolate(filled, scale_factor=2, mode="bilinear", align_corners=False)[..., :side, :side]
        filled = sums + (1 - weights) * coarse
    return torch.where(holes > 0, filled, pixels)
