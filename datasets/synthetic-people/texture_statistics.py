"""What the components leave out of real photos: how strong the fine texture is, and which way hair runs.

Both are predicted, place by place, from a face's scores by ridge regression.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmark.datasets.appearance_model import DETAIL, SIDE, STATISTICS_SIDE, base_to_luma

Floats = NDArray[np.float32]

FINE = 2.0
"""Standard deviation, pixels, of the blur that separates fine texture from the rest."""
RIDGE = 0.1
"""Ridge penalty as a share of the number of photos."""


def texture_statistics(
    textures: NDArray[np.uint8], known: Floats, bases: Floats, details: Floats, scores: Floats
) -> tuple[Floats, Floats]:
    """Mean ``(3·STATISTICS_SIDE²,)`` and effect of scores ``(K, 3·STATISTICS_SIDE²)`` on [log energy, cos 2θ, sin 2θ].

    Args:
        textures: ``(N, SIDE, SIDE, 3)``; the 2N rows of the others are these, then these in the mirror.
        known: ``(2N, side, side)``, where the person is seen.
        bases: ``(2N, D)``, rebuilt base values.
        details: ``(2N, E)``, rebuilt face detail.
        scores: ``(2N, K)``.
    """
    count = len(textures)
    window = details.reshape(len(details), DETAIL[0].stop - DETAIL[0].start, -1)
    values = np.empty((2 * count, STATISTICS_SIDE, STATISTICS_SIDE, 3), np.float32)
    weights = np.empty((2 * count, STATISTICS_SIDE, STATISTICS_SIDE), np.float32)
    for row in range(2 * count):
        texture = textures[row % count]
        picture = texture if row < count else np.ascontiguousarray(texture[:, ::-1])
        luma = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY).astype(np.float32) / 255
        values[row], weights[row] = _of_one(luma, known[row], bases[row], window[row])
    mean = (values * weights[..., None]).sum(axis=0) / (weights.sum(axis=0)[..., None] + 1e-3)
    centred = ((values - mean) * weights[..., None]).reshape(2 * count, -1)
    gram = scores.T.astype(np.float64) @ scores + RIDGE * 2 * count * np.eye(scores.shape[1])
    effect = np.linalg.solve(gram, scores.T @ centred)
    share = np.repeat(weights.mean(axis=0).ravel(), 3)  # unseen rows were counted as average
    return mean.ravel(), (effect / np.maximum(share, 0.5)).astype(np.float32)


def _of_one(luma: Floats, known: Floats, base: Floats, detail: Floats) -> tuple[Floats, Floats]:
    """Statistics ``(S, S, 3)`` of one photo and how much of each cell is seen ``(S, S)``."""
    rest = luma - base_to_luma(base)
    rest[DETAIL] -= detail
    rest -= cv2.GaussianBlur(rest, (0, 0), FINE)
    seen = cv2.resize(known, (SIDE, SIDE), interpolation=cv2.INTER_LINEAR)
    seen = (cv2.erode(seen, np.ones((3, 3), np.uint8)) > 0.95).astype(np.float32)
    gradient_x, gradient_y = cv2.Sobel(luma, cv2.CV_32F, 1, 0), cv2.Sobel(luma, cv2.CV_32F, 0, 1)
    layers = np.dstack(
        [rest * rest, gradient_x**2 - gradient_y**2, 2 * gradient_x * gradient_y, gradient_x**2 + gradient_y**2]
    )
    cells = cv2.resize(layers * seen[:, :, None], (STATISTICS_SIDE, STATISTICS_SIDE), interpolation=cv2.INTER_AREA)
    share = cv2.resize(seen, (STATISTICS_SIDE, STATISTICS_SIDE), interpolation=cv2.INTER_AREA)
    some = np.maximum(share, 1e-3)
    energy = np.log(cells[:, :, 0] / some + 1e-6)
    strength = cells[:, :, 3] + 1e-3 * some
    return np.dstack([energy, cells[:, :, 1] / strength, cells[:, :, 2] / strength]).astype(np.float32), share
