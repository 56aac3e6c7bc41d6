"""Likeness of restored to true pixels, as plugins: over the whole face, and over the covered region alone."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from benchmark.cards import Card
from benchmark.plugins import register_metric
from benchmark.verification import image_quality
from benchmark.verification.base import ImageMetric

_WANG = "Wang, Bovik, Sheikh and Simoncelli, IEEE TIP 13(4), 2004"
Pixels = NDArray[np.uint8]


class _Psnr(ImageMetric):
    card = Card(source="10 log10(255² / mean over images of the MSE)")
    higher_is_better = True
    unit = "dB"

    def pool(self, mean: float) -> float:
        """PSNR of the mean squared error: finite unless every image is identical to its truth."""
        return image_quality.psnr(mean)


@register_metric("psnr")
class Psnr(_Psnr):
    """Peak signal-to-noise ratio over the whole face, of the mean squared error of all images."""

    def per_image(self, true: Pixels, restored: Pixels, holes: Pixels) -> NDArray[np.float64]:  # noqa: ARG002
        """Mean squared error."""
        return image_quality.mean_squared_error(true, restored)


@register_metric("psnr_hole")
class HolePsnr(_Psnr):
    """Peak signal-to-noise ratio over covered pixels, of the mean squared error of all images."""

    def per_image(self, true: Pixels, restored: Pixels, holes: Pixels) -> NDArray[np.float64]:
        """Mean squared error of covered pixels."""
        return image_quality.mean_squared_error(true, restored, holes > 127)


@register_metric("ssim")
class Ssim(ImageMetric):
    """Structural similarity over the whole face, mean over images."""

    card = Card(source=_WANG)
    higher_is_better = True

    def per_image(self, true: Pixels, restored: Pixels, holes: Pixels) -> NDArray[np.float64]:  # noqa: ARG002
        """See `image_quality.ssim`."""
        return image_quality.ssim(true, restored)


@register_metric("ssim_hole")
class HoleSsim(ImageMetric):
    """Structural similarity of windows centred on covered pixels, mean over images."""

    card = Card(source=_WANG)
    higher_is_better = True

    def per_image(self, true: Pixels, restored: Pixels, holes: Pixels) -> NDArray[np.float64]:
        """See `image_quality.ssim`."""
        return image_quality.ssim(true, restored, holes > 127)
