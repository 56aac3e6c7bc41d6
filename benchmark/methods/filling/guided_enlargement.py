"""Enlarges a correction so that it follows the edges of the image it corrects."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from benchmark.masked_faces import resized

_RADIUS = 1
_SMOOTHNESS = 1e-3


def enlarged_along_edges(correction: Tensor, image: Tensor, guide: Tensor | None = None) -> Tensor:
    """A small `correction` at the size of `image`, sharp where the image is.

    K. He and J. Sun, *Fast Guided Filter*, arXiv:1505.00996, each channel guided by itself: around every small pixel
    the correction is fitted as a · image + b (least squares over 3×3 pixels, a kept small where the image is flat,
    variance < 0.001), a and b are averaged and enlarged, and applied to the full image. A correction enlarged without
    the image is blurred over the mask's edge and leaves a rim of mask colour there.

    Args:
        correction: ``(B, C, s, s)``.
        image: ``(B, C, S, S)`` in [0, 1]. It is fastest stored plane by plane.
        guide: the image at the size of `correction`; None = it is shrunk here.

    Returns:
        ``(B, C, S, S)``; `correction` itself where s = S.
    """
    size, small = image.shape[-1], correction.shape[-1]
    if size == small:
        return correction
    guide = (resized(image, small) if guide is None else guide).contiguous()
    correction = correction.contiguous()
    mean = _local_means(small, correction)
    wide = _enlarging(small, size, correction) @ mean

    def local_mean(images: Tensor) -> Tensor:
        return mean @ images @ mean.t()

    guide_mean, correction_mean = local_mean(guide), local_mean(correction)
    covariance = local_mean(guide * correction) - guide_mean * correction_mean
    variance = local_mean(guide * guide) - guide_mean * guide_mean
    slope = covariance / (variance.clamp(min=0) + _SMOOTHNESS)
    offset = correction_mean - slope * guide_mean
    return torch.addcmul(wide @ offset @ wide.t(), wide @ slope @ wide.t(), image)


def _local_means(side: int, like: Tensor) -> Tensor:
    """The matrix ``(side, side)`` that takes the mean along one axis round each place; at the ends the last value is
    counted again for those that are missing."""
    padded = functional.pad(torch.eye(side).to(like)[None], (_RADIUS, _RADIUS), mode="replicate")
    return functional.avg_pool1d(padded, 2 * _RADIUS + 1, stride=1)[0].t()


def _enlarging(small: int, size: int, like: Tensor) -> Tensor:
    """The matrix ``(size, small)`` that enlarges one axis bilinearly.

    Products with such matrices take a processor half the time of an interpolation and its gradient.
    """
    return functional.interpolate(torch.eye(small).to(like)[None], size=size, mode="linear")[0].t()
