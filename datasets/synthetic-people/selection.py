"""Chooses the photos that the statistics are taken from: sharp, in colour, no glasses, nothing before the face.

Averages over open and covered faces are what makes sampled faces ghostly, so a strict choice is worth more than
the photos it costs.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray
from sklearn.utils.extmath import randomized_svd

FACE = (slice(40, 145), slice(42, 142))
"""Rows and columns of the face in the 184-pixel mean frame."""
BRIDGE = (slice(66, 80), slice(84, 100))
"""Rows and columns between the eyes, where the frame of glasses crosses."""


def measures(textures: NDArray[np.uint8], persons: NDArray[np.uint8]) -> dict[str, NDArray[np.float64]]:
    """One number a photo and quality: sharpness, colour, bridge (edges where glasses would sit), area of the person."""
    sharpness, colour, bridge, dark = [], [], [], []
    for texture in textures:
        grey = cv2.cvtColor(texture, cv2.COLOR_RGB2GRAY).astype(np.float32)
        face = grey[FACE]
        contrast = face.std() + 1
        sharpness.append(cv2.Laplacian(face, cv2.CV_32F).std() / contrast)
        chroma = cv2.cvtColor(texture, cv2.COLOR_RGB2YCrCb)[FACE][:, :, 1:].astype(np.float32)
        colour.append(np.abs(chroma - 128).mean())
        bridge.append(np.abs(cv2.Sobel(grey, cv2.CV_32F, 0, 1))[BRIDGE].mean() / contrast)
        dark.append(np.quantile(face, 0.9))
    area = persons.reshape(len(persons), -1).mean(axis=1)
    return {
        name: np.asarray(values, np.float64)
        for name, values in zip(
            ("sharpness", "colour", "bridge", "bright", "area"), (sharpness, colour, bridge, dark, area), strict=True
        )
    }


def reconstruction_error(rows: NDArray[np.float32], components: int, seed: int = 0) -> NDArray[np.float64]:
    """Root mean square of what `components` principal components leave of every row."""
    centred = rows - rows.mean(axis=0)
    _, _, vectors = randomized_svd(centred, components, random_state=seed)
    rest = centred - (centred @ vectors.T) @ vectors
    error: NDArray[np.float64] = np.sqrt((rest.astype(np.float64) ** 2).mean(axis=1))
    return error


def choose(textures: NDArray[np.uint8], persons: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Which photos enter the statistics, ``bool (N,)``."""
    found = measures(textures, persons)
    kept = (
        (found["sharpness"] > np.quantile(found["sharpness"], 0.10))
        & (found["colour"] > 5)
        & (found["bridge"] < np.quantile(found["bridge"], 0.82))
        & (found["bright"] > 70)
        & (found["area"] > 0.2)
        & (found["area"] < 0.8)
    )
    faces = np.stack([cv2.resize(t[FACE], (40, 42), interpolation=cv2.INTER_AREA).ravel() for t in textures]).astype(
        np.float32
    )
    faces = (faces - faces.mean(axis=1, keepdims=True)) / (faces.std(axis=1, keepdims=True) + 5)
    for share in (0.08, 0.05):
        error = np.full(len(textures), np.inf)
        error[kept] = reconstruction_error(faces[kept], 40)
        kept &= error < np.quantile(error[kept], 1 - share)
    outlines = persons.reshape(len(persons), -1).astype(np.float32)
    error = np.full(len(textures), np.inf)
    error[kept] = reconstruction_error(outlines[kept], 25)
    result: NDArray[np.bool_] = kept & (error < np.quantile(error[kept], 0.85))
    return result
