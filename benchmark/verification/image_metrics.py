"""Likeness of restored to true pixels, as plugins: maps, pooled over the whole face and over the covered pixels."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from benchmark.cards import Card
from benchmark.plugins import register_metric
from benchmark.verification import image_quality
from benchmark.verification.base import ImageMetric

Pixels = NDArray[np.uint8]


@register_metric("psnr")
class Psnr(ImageMetric):
    """Peak signal-to-noise ratio of the mean squared error of all images."""

    card = Card(source="10 log10(255² / mean over images of the MSE)")
    title = "PSNR"
    unit = "dB"
    higher_is_better = True
    decimals = 1

    def map(self, true: Pixels, restored: Pixels) -> NDArray[np.float64]:
        """See `image_quality.squared_error_map`."""
        return image_quality.squared_error_map(true, restored)

    def pool(self, mean: float) -> float:
        """PSNR of the mean squared error: finite unless every image is identical to its truth."""
        return image_quality.psnr(mean)


@register_metric("ssim")
class Ssim(ImageMetric):
    """Structural similarity, mean over images."""

    card = Card(source="Wang, Bovik, Sheikh and Simoncelli, IEEE TIP 13(4), 2004")
    title = "SSIM"
    higher_is_better = True

    def map(self, true: Pixels, restored: Pixels) -> NDArray[np.float64]:
        """See `image_quality.ssim_map`; in the hole, that of windows centred on covered pixels."""
        return image_quality.ssim_map(true, restored)
