"""The structural similarity of two images as a differentiable loss needs it: as a map, on any device."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

_WINDOW = 11
_SIGMA = 1.5
_LUMINANCE, _CONTRAST = 0.01**2, 0.03**2
"""Constants of the paper for values in [0, 1]."""


def structural_similarity(first: Tensor, second: Tensor) -> Tensor:
    """SSIM round each pixel, ``float32 (B, C, H, W)``, at most 1 = alike; higher is more alike.

    Wang et al., *Image Quality Assessment: From Error Visibility to Structural Similarity*, 2004, equation 13, with its
    Gaussian window of 11×11 pixels; at the edges of the image the window is cut off.

    Args:
        first: ``(B, C, H, W)`` in [0, 1].
        second: likewise.
    """
    first, second = first.float(), second.float()
    places = torch.arange(_WINDOW, device=first.device) - _WINDOW // 2
    weights = torch.exp(-places.square() / (2 * _SIGMA**2))
    within = _weighted_sums(torch.ones_like(first[:1, :1]), weights)

    def mean(images: Tensor) -> Tensor:
        sums = _weighted_sums(images.flatten(0, 1).unsqueeze(1), weights)
        return (sums / within).view(images.shape)

    mean_1, mean_2 = mean(first), mean(second)
    variance_1, variance_2 = mean(first * first) - mean_1**2, mean(second * second) - mean_2**2
    covariance = mean(first * second) - mean_1 * mean_2
    return ((2 * mean_1 * mean_2 + _LUMINANCE) * (2 * covariance + _CONTRAST)) / (
        (mean_1**2 + mean_2**2 + _LUMINANCE) * (variance_1 + variance_2 + _CONTRAST)
    )


def _weighted_sums(images: Tensor, weights: Tensor) -> Tensor:
    """Of ``(N, 1, H, W)``, down and then across."""
    half = len(weights) // 2
    down = functional.conv2d(images, weights.view(1, 1, -1, 1), padding=(half, 0))
    return functional.conv2d(down, weights.view(1, 1, 1, -1), padding=(0, half))
