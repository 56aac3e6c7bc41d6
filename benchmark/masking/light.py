"""The light, colour cast, sharpness and grain of a photo, measured on the skin that a mask will cover."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmark.faces import Image, Points

Plane: TypeAlias = NDArray[np.floating[Any]]
"""``float (H, W)``."""

LUMA = np.array([0.299, 0.587, 0.114], dtype=np.float32)
"""ITU-R BT.601 weights of red, green and blue."""

_COARSE = 56  # side of the grid on which the light is estimated: light is smooth, and this bounds the cost
_EYES = slice(36, 48)
_FAINTEST_EDGE = 16.0  # Sobel's answer to 4 grey levels: less is no edge to measure
_USUAL_SKIN = np.array([1.22, 0.95, 0.79], dtype=np.float32)  # skin's colour over its brightness, any tone


@dataclass(frozen=True)
class PhotoLight:
    """What a white cloth would look like at each pixel of a crop, and how sharp and grainy it would be.

    Attributes:
        shade: ``float32 (H, W)``, brightness relative to the face's middle brightness (1 = the same).
        white: ``float32 (3,)``, colour of a white cloth in the face's middle light, 0 to 255.
        saturation: 0 for a black-and-white photo, 1 for a coloured one.
        direction: ``float64 (3,)``, unit vector towards the light: x right, y down, z towards the viewer.
        skin: ``float32 (3,)``, the face's middle colour.
        skin_likeness: ``float32 (H, W)``, 1 where a pixel has the face's own colour, 0 on hair and background.
        blur: standard deviation of the photo's own blur, pixels.
        grain: standard deviation of its noise, grey levels.
    """

    shade: Plane
    white: NDArray[np.float32]
    saturation: float
    direction: NDArray[np.float64]
    skin: NDArray[np.float32]
    skin_likeness: Plane
    blur: float
    grain: float


def estimate_light(crop: Image, landmarks: Points, face_width: float) -> PhotoLight:
    """Measure the light in a crop that contains the whole face.

    Args:
        crop: ``uint8 (H, W, 3)``.
        landmarks: ``float32 (68, 2)``, pixels of the crop.
        face_width: pixels.
    """
    height, width = crop.shape[:2]
    reduce = min(1.0, _COARSE / max(height, width))
    size = (max(2, round(width * reduce)), max(2, round(height * reduce)))
    small = np.asarray(cv2.resize(crop, size, interpolation=cv2.INTER_AREA), dtype=np.float32)
    points = (landmarks * (np.array(size) / np.array([width, height]))).astype(np.float32)

    luma = small @ LUMA
    face = _face_weights(points, size)
    skin = _weighted_median(small, face)
    likeness = _likeness(small, luma, skin)
    weights = face * (0.02 + likeness)
    # Low frequencies only: pores, lips and stubble must not print through the cloth.
    radius = max(1.0, 0.16 * face_width * reduce)
    light = cv2.GaussianBlur(luma * weights, (0, 0), radius) + 1e-3 * float(skin @ LUMA)
    light /= cv2.GaussianBlur(weights, (0, 0), radius) + 1e-3
    middle = max(float(np.average(light, weights=weights + 1e-9)), 1.0)
    shade = np.clip(light / middle, 0.4, 1.3)

    saturation = _saturation(small, skin)
    return PhotoLight(
        shade=_enlarged(shade, (width, height)),
        white=_white(small, luma, points, skin, saturation),
        saturation=saturation,
        direction=_direction(shade, weights),
        skin=skin,
        skin_likeness=_enlarged(likeness, (width, height)),
        blur=_blur(crop, landmarks, face_width),
        grain=_grain(crop, landmarks, face_width),
    )


def _enlarged(plane: Plane, size: tuple[int, int]) -> Plane:
    return np.asarray(cv2.resize(plane, size, interpolation=cv2.INTER_LINEAR), dtype=np.float32)


def _face_weights(points: Points, size: tuple[int, int]) -> Plane:
    """1 inside the lower face, from the nose's ridge to the jaw, less the mouth; 0 elsewhere."""
    weights = np.zeros((size[1], size[0]), dtype=np.float32)
    outline = np.vstack([points[1:16], points[[46, 28, 41]]])
    cv2.fillPoly(weights, [np.round(outline).astype(np.int32)], 1.0)
    cv2.fillConvexPoly(weights, cv2.convexHull(np.round(points[48:60]).astype(np.int32)), 0.1)
    return weights + 1e-6


def _weighted_median(pixels: NDArray[np.float32], weights: Plane) -> NDArray[np.float32]:
    inside = pixels[weights > 0.5]
    if len(inside) < 4:
        inside = pixels.reshape(-1, 3)
    luma = inside @ LUMA
    # the darker third of a face is beard, nostrils and shadow
    bright = inside[luma >= quantile(luma, 0.3)]
    middle: NDArray[np.float32] = np.median(bright, axis=0).astype(np.float32)
    return middle


def _likeness(pixels: NDArray[np.float32], luma: Plane, skin: NDArray[np.float32]) -> Plane:
    level = float(skin @ LUMA) + 8
    brightness = np.log((luma + 8) / level)
    cast = pixels / (luma + 8)[..., None] - skin / level
    distance = (brightness / 0.55) ** 2 + (cast**2).sum(axis=-1) / 0.18**2
    likeness: Plane = np.exp(-0.5 * distance**1.5).astype(np.float32)
    return likeness


def _white(
    pixels: NDArray[np.float32], luma: Plane, points: Points, skin: NDArray[np.float32], saturation: float
) -> NDArray[np.float32]:
    """A white cloth is brighter than skin and the whites of the eyes, and not much darker than the brightest pixels."""
    skin_level = float(skin @ LUMA)
    left, top = np.floor(points[_EYES].min(axis=0)).astype(int)
    right, bottom = np.ceil(points[_EYES].max(axis=0)).astype(int) + 1
    eyes = pixels[max(top, 0) : max(bottom, 1), max(left, 0) : max(right, 1)] @ LUMA
    eye_white = float(quantile(eyes, 0.92)) if eyes.size else skin_level
    bright, brightest = (quantile(luma, np.float64(share)) for share in (0.9, 0.97))
    level = max(1.42 * skin_level, 1.25 * eye_white, 0.8 * float(brightest))
    level = float(np.clip(level, 30, 246))
    colour = pixels[luma >= bright].mean(axis=0)
    # The brightest things are often coloured themselves: follow them part of the way.
    cast = np.clip(colour / max(float(colour @ LUMA), 1.0), 0.7, 1.3) ** 0.25
    # What no skin's own colour explains is the light's colour.
    strange = np.log((skin + 4) / (_USUAL_SKIN * (skin_level + 4)))
    cast = cast * np.exp(np.sign(strange) * np.clip(np.abs(strange) - 0.22, 0, 0.7))
    cast = 1 + saturation * (cast - 1)
    white: NDArray[np.float32] = np.clip(level * cast / (cast @ LUMA), 0, 255).astype(np.float32)
    return white


def _saturation(pixels: NDArray[np.float32], skin: NDArray[np.float32]) -> float:
    """Judged by the photo as a whole and by its skin, which is never grey where colours are true."""
    planes = [pixels[..., channel] for channel in range(3)]
    chroma = quantile(np.maximum.reduce(planes) - np.minimum.reduce(planes), 0.8)
    of_skin = float(np.ptp(skin)) / (float(skin.max()) + 4)
    return float(np.clip((chroma - 4) / 14, 0, 1) * np.clip((of_skin - 0.02) / 0.2, 0, 1))


def quantile(values: NDArray[Any], share: float) -> np.floating[Any]:
    """As `numpy.quantile` to the bit, in a third of its time for some thousand values.

    Args:
        values: float, of any shape, one at the least.
        share: 0 to 1; as a `numpy.float64`, it gives that precision, as a float that of `values`.

    >>> float(quantile(np.array([4.0, 1.0, 2.0]), 0.75))
    3.0
    """
    place = (values.size - 1) * share
    low = int(place)
    high = min(low + 1, values.size - 1)
    ordered = np.partition(values, (low, high), axis=None)
    part, gap = place - low, ordered[high] - ordered[low]
    between: np.floating[Any] = ordered[low] + gap * part if part < 0.5 else ordered[high] - gap * (1 - part)
    return between


def _direction(shade: Plane, weights: Plane) -> NDArray[np.float64]:
    """Towards the light: the slope of the face's brightness, added to a lamp above the viewer."""
    basis = _slopes(*shade.shape)
    weighted = basis * weights.ravel()[:, None]
    _, across, down = np.linalg.solve(weighted.T @ basis + 1e-6 * np.eye(3), weighted.T @ shade.ravel())
    towards = np.array([np.clip(0.6 * across, -0.4, 0.4), np.clip(0.4 * down, -0.2, 0.3) - 0.45, 1.0])
    unit: NDArray[np.float64] = towards / np.linalg.norm(towards)
    return unit


@lru_cache(maxsize=32)
def _slopes(height: int, width: int) -> NDArray[np.float64]:
    """``float64 (H W, 3)``: of each pixel 1, and its place along columns and rows, about −½ to ½."""
    rows, columns = np.mgrid[:height, :width]
    basis = np.column_stack([np.ones(rows.size), columns.ravel(), rows.ravel()])
    basis[:, 1:] = (basis[:, 1:] - basis[:, 1:].mean(axis=0)) / max(height, width)
    return basis


def _blur(crop: Image, landmarks: Points, face_width: float) -> float:
    """Blur of the sharpest edges round the eyes, from how much a second, known blur weakens them.

    Source: Zhuo and Sim, "Defocus map estimation from a single image", Pattern Recognition 2011.
    """
    patch = _patch(crop, landmarks[17:48], 220)
    if min(patch.shape) < 8:
        return 0.5
    slopes = []
    for picture in (patch, cv2.GaussianBlur(patch, (0, 0), 1.0)):
        across = cv2.Sobel(picture, cv2.CV_32F, 1, 0)
        down = cv2.Sobel(picture, cv2.CV_32F, 0, 1)
        slopes.append(cv2.magnitude(across, down))
    steep, steepest = (quantile(slopes[0], np.float64(share)) for share in (0.96, 0.995))
    if steepest < _FAINTEST_EDGE:
        return 0.5
    # in a face of few edges the steepest 4 % would hold the feet of edges
    sharp = slopes[0] >= max(steep, 0.5 * steepest)
    ratio = float(np.median(slopes[0][sharp] / np.maximum(slopes[1][sharp], 1e-3)))
    own = np.sqrt(max(1 / max(ratio**2 - 1, 0.02) - 0.5, 0))  # Sobel's own blur has a variance of about a half
    return float(np.clip(own, 0.3, max(0.5, 0.03 * face_width)))


def _grain(crop: Image, landmarks: Points, face_width: float) -> float:
    """Noise of smooth skin.

    Source: Immerkær, "Fast noise variance estimation", CVIU 1996, with the median for the mean.
    """
    patch = _patch(crop, landmarks[[2, 14, 29, 33]], 220)
    if min(patch.shape) < 8:
        return 0.0
    kernel = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], dtype=np.float32)
    noise = 1.4826 * np.median(np.abs(cv2.filter2D(patch, cv2.CV_32F, kernel))) / 6
    # on a small face pores and edges look like noise
    return float(np.clip(noise, 0, 10) * np.clip(face_width / 120, 0.3, 1))


def _patch(crop: Image, points: Points, largest: int) -> Plane:
    """The grey box round some points, its middle part where it is larger than `largest` pixels."""
    low = np.floor(points.min(axis=0)).astype(int)
    high = np.ceil(points.max(axis=0)).astype(int) + 1
    excess = np.maximum(high - low - largest, 0) // 2
    (left, top), (right, bottom) = np.maximum(low + excess, 0), np.maximum(high - excess, 0)
    grey: Plane = crop[top:bottom, left:right].astype(np.float32) @ LUMA
    return grey
