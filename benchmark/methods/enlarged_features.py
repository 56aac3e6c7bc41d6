"""The way up of a U-Net: features enlarged to the next level and laid beside what was seen there."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional


def enlarged(features: Tensor, like: Tensor) -> Tensor:
    """Features ``(B, C, h, w)`` bilinearly at the size of `like`, ``(B, …, H, W)``.

    >>> enlarged(torch.ones(1, 2, 4, 4), like=torch.ones(1, 3, 8, 8)).shape
    torch.Size([1, 2, 8, 8])
    """
    made = functional.interpolate(features, size=like.shape[-2:], mode="bilinear", align_corners=False)
    if made.requires_grad:
        # a gradient that is part of a wider one costs ten times as much to bring down again
        made.register_hook(_channels_last)  # type: ignore[no-untyped-call]  # missing from the stubs
    return made


def joined(features: Tensor, skip: Tensor) -> Tensor:
    """Enlarged features ``(B, C, h, w)``, then the channels of `skip`, ``(B, D, H, W)``: ``(B, C + D, H, W)``.

    >>> joined(torch.ones(1, 2, 4, 4), torch.ones(1, 3, 8, 8)).shape
    torch.Size([1, 5, 8, 8])
    """
    return torch.cat([enlarged(features, skip), skip], dim=1)


def _channels_last(gradient: Tensor) -> Tensor:
    return gradient.contiguous(memory_format=torch.channels_last)
