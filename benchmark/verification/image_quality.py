"""Likeness of restored to true pixels: maps of squared error and SSIM, their means over a face or its hole, PSNR."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

PEAK = 255.0
SSIM_SIGMA = 1.5
SSIM_RADIUS = 5
"""Half of the 11×11 window, of Wang et al. 2004 and of scikit-image's reference setting."""
_C1 = (0.01 * PEAK) ** 2
_C2 = (0.03 * PEAK) ** 2
Images = NDArray[np.uint8]
Floats = NDArray[np.float64]


def squared_error_map(true: Images, restored: Images) -> Floats:
    """Squared difference of pixel values, mean over the channels: ``(N, S, S)``, 0 to 65025.

    Args:
        true: ``uint8 (N, S, S, 3)``.
        restored: likewise.
    """
    _check(true, restored)
    return np.asarray(((true.astype(np.float64) - restored) ** 2).mean(axis=3))


def psnr(mse: float) -> float:
    """Peak signal-to-noise ratio, dB: 10 log₁₀(255² / MSE); infinite for identical images.

    >>> round(psnr(255.0 ** 2 / 100), 9)
    20.0
    """
    return float(10 * np.log10(PEAK**2 / mse)) if mse > 0 else float("inf")


def ssim_map(true: Images, restored: Images) -> Floats:
    """SSIM at every pixel whose 11×11 window is inside the image, mean over the channels: ``(N, S − 10, S − 10)``.

    −1 to 1, 1 = identical. Gaussian window with σ = 1.5, K₁ = .01, K₂ = .03, population covariances: Wang, Bovik,
    Sheikh and Simoncelli, IEEE TIP 13(4), 2004, eq. 13; the same as scikit-image's ``structural_similarity`` with
    ``gaussian_weights=True, sigma=1.5, use_sample_covariance=False, data_range=255``.

    Args:
        true: ``uint8 (N, S, S, 3)``, S ≥ 11.
        restored: likewise.
    """
    _check(true, restored)
    side = np.array(true.shape[1:3]) - 2 * SSIM_RADIUS
    maps = np.empty((len(true), *side))
    for place, (one, other) in enumerate(zip(true, restored, strict=True)):
        maps[place] = _ssim_of(one, other).mean(axis=2)
    return maps


def mean_over(maps: Floats, covered: NDArray[np.bool_] | None = None) -> Floats:
    """Mean of each map over its pixels.

    Args:
        maps: ``(N, h, w)``.
        covered: ``bool (N, H, W)``; where given, only these pixels count. Where a map is smaller than the image, it is
            the image's centre.

    Returns:
        ``(N,)``; NaN for an image with nothing covered.

    Raises:
        ValueError: the maps are not the centre of images of that size.

    >>> maps = np.array([[[1.0, 2.0], [3.0, 4.0]]])
    >>> mean_over(maps), mean_over(maps, maps > 2)
    (array([2.5]), array([3.5]))
    """
    if maps.ndim != 3:
        raise ValueError(f"maps of shape {maps.shape} cannot be pooled; give (N, H, W), one value per pixel")
    if covered is None:
        return np.asarray(maps.mean(axis=(1, 2)))
    surplus = [whole - part for whole, part in zip(covered.shape[1:], maps.shape[1:], strict=True)]
    if len(covered) != len(maps) or any(pixels < 0 or pixels % 2 for pixels in surplus):
        raise ValueError(f"maps of shape {maps.shape} are not the centre of images of shape {covered.shape}")
    down, across = (pixels // 2 for pixels in surplus)
    inner = covered[:, down : down + maps.shape[1], across : across + maps.shape[2]]
    pixels = inner.sum(axis=(1, 2))
    total = np.where(inner, maps, 0.0).sum(axis=(1, 2))
    means: Floats = np.full(len(maps), np.nan)
    np.divide(total, pixels, out=means, where=pixels > 0)
    return means


def _ssim_of(true: NDArray[np.uint8], restored: NDArray[np.uint8]) -> Floats:
    """Of two images ``(S, S, 3)``: ``(S − 10, S − 10, 3)``."""
    x, y = true.astype(np.float64), restored.astype(np.float64)
    mean_x, mean_y = _blur(x), _blur(y)
    variance_x = _blur(x * x) - mean_x**2
    variance_y = _blur(y * y) - mean_y**2
    covariance = _blur(x * y) - mean_x * mean_y
    luminance = (2 * mean_x * mean_y + _C1) / (mean_x**2 + mean_y**2 + _C1)
    similarity = luminance * (2 * covariance + _C2) / (variance_x + variance_y + _C2)
    return similarity[SSIM_RADIUS:-SSIM_RADIUS, SSIM_RADIUS:-SSIM_RADIUS]


def _blur(image: Floats) -> Floats:
    side = 2 * SSIM_RADIUS + 1
    return np.asarray(cv2.GaussianBlur(image, (side, side), SSIM_SIGMA), dtype=np.float64)


def _check(true: Images, restored: Images) -> None:
    if true.shape != restored.shape or true.ndim != 4:
        raise ValueError(
            f"images of shapes {true.shape} and {restored.shape} cannot be compared; give two (N, S, S, 3)"
        )
