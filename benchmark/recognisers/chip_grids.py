"""Where the pixels of a recogniser's chip are in a crop, from the crop's 68 landmarks: for losses.

A recogniser cuts its chips out of images with OpenCV or dlib, through which no gradient flows. Here the same similarity
is found with differentiable operations, and `sampled_chips` reads the same pixels.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from benchmark.acquisition.dlib_models import CHIP_SIZE
from benchmark.recognisers.dlib_chip_template import CHIP_PADDING, MEAN_FIVE_POINTS
from benchmark.recognisers.five_point_template import FivePointTemplate

_EYE_CORNERS_AND_NOSE = (45, 42, 36, 39, 33)
"""Of the 68 points, those that stand for dlib's five, in the order of its model: outer and inner corner of the
image-right eye, of the image-left eye, base of the nose."""
_EYES = (slice(36, 42), slice(42, 48))
_NOSE_AND_MOUTH = (30, 48, 54)
"""Tip of the nose, image-left and image-right corner of the mouth."""


def dlib_chip_grid(landmarks: Tensor, side: int, *, size: int = CHIP_SIZE) -> Tensor:
    """Where the pixels of dlib's chip are in a crop: ``float32 (B, size, size, 2)``, for `sampled_chips`.

    Args:
        landmarks: ``(B, 68, 2)``, pixels of the crop.
        side: the side of the crop, pixels.
        size: of the chip, pixels.
    """
    scale = size / (2 * CHIP_PADDING + 1)
    places = (torch.tensor(MEAN_FIVE_POINTS, device=landmarks.device) + CHIP_PADDING) * scale
    centred, points, point_mean = _centred(places, landmarks[:, _EYE_CORNERS_AND_NOSE].float())
    # dlib fits the similarity from the chip to the image: a = Σ conj(z) w / Σ |z|²
    real, imaginary = (part / centred.square().sum() for part in _products(centred, points))
    # dlib's rectangles count whole pixels: a chip of `size` pixels spans the crop's |a| size pixels less one, and
    # size − 1 steps of its own (`centered_drect` and `extract_image_chip`)
    length_ratio = torch.hypot(real, imaginary).view(-1, 1, 1)
    step = (size * length_ratio - 1) / ((size - 1) * length_ratio)
    steps = torch.arange(size, device=landmarks.device, dtype=torch.float32) - (size - 1) / 2
    chip = _pixels(steps, steps) * step + (size / 2 - places.mean(dim=0))
    return _grid(chip, _turn(real, imaginary), point_mean, side, (size, size))


def five_point_grid(landmarks: Tensor, side: int, template: FivePointTemplate) -> Tensor:
    """Where the pixels of a chip aligned on five points are in a crop: ``float32 (B, height, width, 2)``.

    Args:
        landmarks: ``(B, 68, 2)``, pixels of the crop; the five points are `benchmark.faces.key_points_of` these.
        side: the side of the crop, pixels.
        template: where the points are in the chip.
    """
    height, width = template.size
    places = torch.tensor(template.points, device=landmarks.device, dtype=torch.float32)
    eyes = [landmarks[:, eye].float().mean(dim=1, keepdim=True) for eye in _EYES]
    found = torch.cat([*eyes, landmarks[:, _NOSE_AND_MOUTH].float()], dim=1)
    centred, points, point_mean = _centred(places, found)
    # `least_squares_similarity` fits from the image to the chip: 1 / a = Σ conj(w) z / Σ |w|²
    real, imaginary = _products(centred, points)
    larger = points.square().sum(dim=(1, 2)) / (real.square() + imaginary.square())
    rows = torch.arange(height, device=landmarks.device, dtype=torch.float32)
    columns = torch.arange(width, device=landmarks.device, dtype=torch.float32)
    chip = _pixels(rows, columns) - places.mean(dim=0)
    return _grid(chip, _turn(real * larger, imaginary * larger), point_mean, side, template.size)


def sampled_chips(images: Tensor, grid: Tensor) -> Tensor:
    """Chips ``(B, 3, h, w)`` of crops ``(B, 3, S, S)``, read bilinearly; black outside the crop."""
    return functional.grid_sample(images, grid, mode="bilinear", padding_mode="zeros", align_corners=False)


def _centred(places: Tensor, points: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """The chip's `places` ``(5, 2)`` and the faces' `points` ``(B, 5, 2)`` about their means, and the points' means."""
    mean = points.mean(dim=1, keepdim=True)
    return places - places.mean(dim=0), points - mean, mean


def _products(places: Tensor, points: Tensor) -> tuple[Tensor, Tensor]:
    """Real and imaginary part of Σ conj(zᵢ) wᵢ, ``(B,)`` each, of centred places z and points w as complex numbers."""
    real = (places * points).sum(dim=(1, 2))
    imaginary = (places[:, 0] * points[..., 1] - places[:, 1] * points[..., 0]).sum(dim=1)
    return real, imaginary


def _turn(real: Tensor, imaginary: Tensor) -> Tensor:
    """Multiplication by complex numbers as matrices ``(B, 2, 2)``."""
    return torch.stack([torch.stack([real, -imaginary], dim=1), torch.stack([imaginary, real], dim=1)], dim=1)


def _pixels(rows: Tensor, columns: Tensor) -> Tensor:
    """``(1, h w, 2)``, x then y."""
    down, across = torch.meshgrid(rows, columns, indexing="ij")
    return torch.stack([across, down], dim=-1).reshape(1, -1, 2)


def _grid(chip: Tensor, turn: Tensor, point_mean: Tensor, side: int, size: tuple[int, int]) -> Tensor:
    crop = chip @ turn.transpose(1, 2) + point_mean
    return ((crop + 0.5) * (2 / side) - 1).reshape(-1, *size, 2)
