"""Turns chosen photos into numbers: principal components of shape, texture, face detail and outline.

Everything is measured twice, as it is and in the mirror, so that the statistics are symmetric.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from frontal import CUT_SIDE, MIRRORED, to_frame_pixels
from numpy.typing import NDArray
from sklearn.utils.extmath import randomized_svd

from benchmark.datasets.appearance_model import BASE_SIDE, CHROMA_SIDE, DETAIL, OUTLINE_SIDE, SIDE, base_to_luma

Floats = NDArray[np.float32]

OUTLINE_REACH = 0.3
"""Signed distances to the outline are cut off here, units: what lies deep inside or far outside is all alike."""


@dataclass(frozen=True)
class Components:
    """Principal components of one kind of measurement.

    Attributes:
        mean: ``(D,)``.
        vectors: ``(K, D)``, in measured units: a coefficient of 1 is one standard deviation.
        coefficients: ``(N, K)`` of the photos, with standard deviation 1.
        explained: share of the (weighted) variance kept.
    """

    mean: Floats
    vectors: Floats
    coefficients: Floats
    explained: float


def principal_components(rows: Floats, count: int, weights: Floats | None = None, seed: int = 0) -> Components:
    """The `count` directions in which `rows` ``(N, D)`` vary most, each measurement counted with its weight."""
    mean = rows.mean(axis=0)
    scale = np.ones(rows.shape[1], np.float32) if weights is None else np.sqrt(np.maximum(weights, 1e-4))
    centred = (rows - mean) * scale
    left, singular, right = randomized_svd(centred, count, n_iter=3, random_state=seed)
    explained = float((singular**2).sum() / (centred.astype(np.float64) ** 2).sum())
    deviation = singular / np.sqrt(len(rows))
    vectors = (right * deviation[:, None] / scale).astype(np.float32)
    return Components(mean, vectors, (left * np.sqrt(len(rows))).astype(np.float32), explained)


def project(rows: Floats, components: Components, weights: Floats | None = None) -> Floats:
    """Coefficients ``(N, K)`` of further rows."""
    scale = np.ones(rows.shape[1], np.float32) if weights is None else np.sqrt(np.maximum(weights, 1e-4))
    directions = components.vectors * scale
    solved: Floats = ((rows - components.mean) * scale) @ directions.T / (directions**2).sum(axis=1)
    return solved


def fill(image: Floats, known: Floats) -> Floats:
    """Replace what is not `known` (0…1) by the colours around it, by averaging at ever coarser scales."""
    weighted, weight = image * known[:, :, None], known
    levels = [(weighted, weight)]
    while min(weight.shape) > 2:
        shape = ((weight.shape[1] + 1) // 2, (weight.shape[0] + 1) // 2)
        weighted = cv2.resize(weighted, shape, interpolation=cv2.INTER_AREA)
        weight = cv2.resize(weight, shape, interpolation=cv2.INTER_AREA)
        levels.append((weighted, weight))
    result = levels[-1][0] / (levels[-1][1][:, :, None] + 1e-6)
    for weighted, weight in reversed(levels[:-1]):
        coarse = cv2.resize(result, weight.shape[::-1], interpolation=cv2.INTER_LINEAR)
        share = np.clip(weight, 0, 1)[:, :, None]
        result = np.where(share > 0, weighted / np.maximum(share, 1e-6), 0) * share + coarse * (1 - share)
    return result.astype(np.float32)


def known_person(person: NDArray[np.uint8], seen: NDArray[np.uint8], side: int) -> Floats:
    """1 where the photo shows the person, a little inside the outline (its rim holds background), 0 elsewhere."""
    inside = cv2.erode(person, np.ones((3, 3), np.uint8)) * (seen > 200)
    return np.clip(cv2.resize(inside.astype(np.float32), (side, side), interpolation=cv2.INTER_LINEAR), 0, 1)


def base_row(texture: NDArray[np.uint8], known: Floats) -> Floats:
    """Luma at half and chroma at quarter resolution, the background replaced by the person's colours: ``(D,)``."""
    small = cv2.resize(texture, (BASE_SIDE, BASE_SIDE), interpolation=cv2.INTER_AREA)
    colours = cv2.cvtColor(fill(small.astype(np.float32) / 255, known), cv2.COLOR_RGB2YCrCb)
    chroma = cv2.resize(colours[:, :, 1:], (CHROMA_SIDE, CHROMA_SIDE), interpolation=cv2.INTER_AREA)
    return np.concatenate([colours[:, :, 0].ravel(), chroma.ravel()])


def base_seen(seen: NDArray[np.uint8]) -> Floats:
    """1 where a photo holds the pixel, for every number of `base_row`."""
    inside = (seen > 200).astype(np.float32)
    luma = cv2.resize(inside, (BASE_SIDE, BASE_SIDE), interpolation=cv2.INTER_LINEAR)
    chroma = cv2.resize(inside, (CHROMA_SIDE, CHROMA_SIDE), interpolation=cv2.INTER_LINEAR)
    return np.concatenate([luma.ravel(), np.repeat(chroma.ravel(), 2)])


def outline_row(person: NDArray[np.uint8]) -> Floats:
    """Signed distance to the person's outline, positive inside, units, ``(OUTLINE_SIDE²,)``."""
    inside = cv2.distanceTransform(person, cv2.DIST_L2, 5)
    outside = cv2.distanceTransform(1 - person, cv2.DIST_L2, 5)
    distance = np.clip((inside - outside) / CUT_SIDE * 2.45, -OUTLINE_REACH, OUTLINE_REACH).astype(np.float32)
    small: Floats = cv2.resize(distance, (OUTLINE_SIDE, OUTLINE_SIDE), interpolation=cv2.INTER_AREA)
    return small.ravel()


def impute(rows: Floats, known: Floats, count: int, rounds: int = 3) -> Floats:
    """Replace what is not `known` by what the other photos' components say about it (EM for PCA with gaps)."""
    rows = rows.copy()
    for _ in range(rounds):
        found = principal_components(rows, count)
        rows = known * rows + (1 - known) * (found.coefficients @ found.vectors + found.mean)
    return rows


def mirrored_square(rows: Floats, side: int) -> Floats:
    """Rows of flattened squares, each mirrored left to right."""
    return np.ascontiguousarray(rows.reshape(len(rows), side, side)[:, :, ::-1].reshape(len(rows), -1))


def mirrored_base(rows: Floats) -> Floats:
    """Rows of `base_row`, mirrored."""
    luma = mirrored_square(rows[:, : BASE_SIDE**2], BASE_SIDE)
    chroma = rows[:, BASE_SIDE**2 :].reshape(len(rows), CHROMA_SIDE, CHROMA_SIDE, 2)[:, :, ::-1]
    return np.hstack([luma, chroma.reshape(len(rows), -1)])


def mirrored_shapes(shapes: NDArray[np.float64], middle: float) -> NDArray[np.float64]:
    """Shapes ``(N, 68, 2)`` in the mirror, about the vertical line at `middle`."""
    return shapes[:, MIRRORED] * [-1, 1] + [2 * middle, 0]


def face_weight(mean_shape: NDArray[np.float64], side: int) -> Floats:
    """1 on the face and forehead, falling to 0 around it, ``(side, side)``."""
    shape = to_frame_pixels(mean_shape, side)
    height = shape[8, 1] - shape[27, 1]
    hull = np.vstack([shape[:17], shape[17:27] - [0, 0.45 * height]])
    hull = (hull - hull.mean(axis=0)) * 1.05 + hull.mean(axis=0)
    mask = np.zeros((side, side), np.float32)
    cv2.fillConvexPoly(mask, cv2.convexHull(np.round(hull).astype(np.int32)), 1.0)
    blurred: Floats = cv2.GaussianBlur(mask, (0, 0), side / 40)
    return blurred


def base_weights(mean_shape: NDArray[np.float64], share_of_person: Floats) -> Floats:
    """Weight of every number of `base_row`: the face 1, hair and clothes less, what is mostly background little."""
    around = cv2.resize(share_of_person, (BASE_SIDE, BASE_SIDE), interpolation=cv2.INTER_AREA)
    luma = np.maximum(face_weight(mean_shape, BASE_SIDE), 0.05 + 0.3 * around)
    chroma = 1.5 * cv2.resize(luma, (CHROMA_SIDE, CHROMA_SIDE), interpolation=cv2.INTER_AREA)
    return np.concatenate([luma.ravel(), np.repeat(chroma.ravel(), 2)])


def detail_rows(lumas: Floats, bases: Floats, weight: Floats) -> Floats:
    """What the base leaves of the face's full-resolution luma, faded out towards the window's rim: ``(N, D)``."""
    window = weight[DETAIL] * detail_taper()
    return np.stack(
        [((luma - base_to_luma(base)[DETAIL]) * window).ravel() for luma, base in zip(lumas, bases, strict=True)]
    )


def detail_taper(width: int = 10) -> Floats:
    """1 inside the detail window, falling to 0 at its rim."""
    height, breadth = (part.stop - part.start for part in DETAIL)
    down, across = (
        np.clip((np.minimum(np.arange(n), np.arange(n)[::-1]) + 0.5) / width, 0, 1) for n in (height, breadth)
    )
    return np.minimum.outer(down, across).astype(np.float32)


def full_luma(texture: NDArray[np.uint8]) -> Floats:
    """Luma in [0, 1], ``(SIDE, SIDE)``."""
    grey: Floats = cv2.cvtColor(texture, cv2.COLOR_RGB2GRAY).astype(np.float32) / 255
    assert grey.shape == (SIDE, SIDE)
    return grey
