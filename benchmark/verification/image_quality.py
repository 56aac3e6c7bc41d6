"""Likeness of restored to true pixels: mean squared error, PSNR and SSIM, of whole faces and of the hole alone."""

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


def mean_squared_error(true: Images, restored: Images, covered: NDArray[np.bool_] | None = None) -> Floats:
    """Mean squared difference of pixel values of each image.

    Args:
        true: ``uint8 (N, S, S, 3)``.
        restored: likewise.
        covered: ``bool (N, S, S)``; where given, only these pixels count.

    Returns:
        ``(N,)``, squared pixel values, 0 to 65025; NaN for an image with nothing covered.
    """
    _check(true, restored)
    squared = ((true.astype(np.float64) - restored) ** 2).mean(axis=3)
    return _mean_over(squared, covered)


def psnr(mse: float) -> float:
    """Peak signal-to-noise ratio, dB: 10 log₁₀(255² / MSE); infinite for identical images.

    >>> round(psnr(255.0 ** 2 / 100), 9)
    20.0
    """
    return float(10 * np.log10(PEAK**2 / mse)) if mse > 0 else float("inf")


def ssim(true: Images, restored: Images, covered: NDArray[np.bool_] | None = None) -> Floats:
    """Structural similarity of each image: the mean of `ssim_map` over pixels, and over the three channels.

    Args:
        true: ``uint8 (N, S, S, 3)``, S ≥ 11.
        restored: likewise.
        covered: ``bool (N, S, S)``; where given, only windows centred on these pixels count.

    Returns:
        ``(N,)``, −1 to 1, 1 = identical; NaN for an image with nothing covered.
    """
    _check(true, restored)
    inner = slice(SSIM_RADIUS, -SSIM_RADIUS)
    maps = [ssim_map(one, other).mean(axis=2)[None] for one, other in zip(true, restored, strict=True)]
    shape = (0, true.shape[1] - 2 * SSIM_RADIUS, true.shape[2] - 2 * SSIM_RADIUS)
    return _mean_over(np.concatenate(maps or [np.empty(shape)]), None if covered is None else covered[:, inner, inner])


def ssim_map(true: Images, restored: Images) -> Floats:
    """SSIM at every pixel whose 11×11 window lies inside the image: ``(S − 10, S − 10, 3)``.

    Gaussian window with σ = 1.5, K₁ = .01, K₂ = .03, population covariances: Wang, Bovik, Sheikh and Simoncelli, IEEE
    TIP 13(4), 2004, eq. 13; the same as scikit-image's ``structural_similarity`` with ``gaussian_weights=True,
    sigma=1.5, use_sample_covariance=False, data_range=255``.

    Args:
        true: ``uint8 (S, S, 3)``.
        restored: likewise.
    """
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


def _mean_over(values: Floats, covered: NDArray[np.bool_] | None) -> Floats:
    if covered is None:
        return np.asarray(values.mean(axis=(1, 2)))
    pixels = covered.sum(axis=(1, 2))
    total = np.where(covered, values, 0.0).sum(axis=(1, 2))
    means: Floats = np.full(len(values), np.nan)
    np.divide(total, pixels, out=means, where=pixels > 0)
    return means


def _check(true: Images, restored: Images) -> None:
    if true.shape != restored.shape or true.ndim != 4:
        raise ValueError(
            f"images of shapes {true.shape} and {restored.shape} cannot be compared; give two (N, S, S, 3)"
        )
