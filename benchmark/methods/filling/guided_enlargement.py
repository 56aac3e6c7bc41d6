"""Enlarges a correction so that it follows the edges of the image it corrects."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from benchmark.masked_faces import resized

_RADIUS = 1
_SMOOTHNESS = 1e-3


def enlarged_along_edges(correction: Tensor, image: Tensor) -> Tensor:
    """A small `correction` at the size of `image`, sharp where the image is.

    K. He and J. Sun, *Fast Guided Filter*, arXiv:1505.00996, each channel guided by itself: around every small pixel
    the correction is fitted as a · image + b (least squares over 3×3 pixels, a kept small where the image is flat,
    variance < 0.001), a and b are averaged and enlarged, and applied to the full image. A correction enlarged without
    the image is blurred over the mask's edge and leaves a rim of mask colour there.

    Args:
        correction: ``(B, C, s, s)``.
        image: ``(B, C, S, S)`` in [0, 1].

    Returns:
        ``(B, C, S, S)``; `correction` itself where s = S.
    """
    size, small = image.shape[-1], correction.shape[-1]
    if size == small:
        return correction
    guide = resized(image, small)
    # side by side: a mean of a few channels takes as long as one of many
    means = _local_mean(torch.cat([guide, correction, guide * correction, guide * guide], dim=1))
    guide_mean, correction_mean, product_mean, square_mean = means.chunk(4, dim=1)
    covariance = product_mean - guide_mean * correction_mean
    variance = square_mean - guide_mean * guide_mean
    slope = covariance / (variance.clamp(min=0) + _SMOOTHNESS)
    offset = correction_mean - slope * guide_mean
    fitted = _local_mean(torch.cat([slope, offset], dim=1))
    slope, offset = functional.interpolate(fitted, size=(size, size), mode="bilinear").chunk(2, dim=1)
    return slope * image + offset


def _local_mean(images: Tensor) -> Tensor:
    padded = functional.pad(images, (_RADIUS,) * 4, mode="replicate")
    return functional.avg_pool2d(padded, 2 * _RADIUS + 1, stride=1)
