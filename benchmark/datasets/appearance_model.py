"""The statistics that synthetic people are drawn from: what varies between people, and between photos of one person.

An active appearance model (Cootes, Edwards, Taylor, IEEE TPAMI 23(6), 2001) of shape, texture, face detail and
outline, with a two-covariance model (Brümmer, De Villiers, 2010) over its coefficients. The file is written by
``datasets/synthetic-people/fit.py``.

Coordinates are units of dlib's mean-shape square with the origin in the middle of dlib's face chip; a photo holds
`FRAME` units. "Mean frame" is a picture of `SIDE` pixels in which every face has the mean shape.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load_file

from benchmark.errors import StorageError

Floats = NDArray[np.float32]

FRAME = 2.45
"""Side of a photo, units: dlib's chip holds 1.5, the working crop 2.1."""
SIDE = 184
"""Side of a photo, pixels."""
BASE_SIDE = SIDE // 2
CHROMA_SIDE = SIDE // 4
OUTLINE_SIDE = SIDE // 4
STATISTICS_SIDE = SIDE // 8
"""Side of the maps of hair and skin statistics."""
DETAIL = (slice(24, 152), slice(36, 148))
"""Rows and columns of the mean frame whose luma has full resolution: the face."""
SCORE_RANGE = 2.75
"""The quantile tables reach from minus this to this."""
LIKELY_SCORES = 2.2
"""Normal scores beyond this are cut off: they would be caricatures."""
BLOCKS = ("shape", "base", "detail", "outline")
"""The kinds of measurement, in the order of the scores."""


@dataclass(frozen=True)
class Appearance:
    """One face before it is drawn.

    Attributes:
        shape: ``(68, 2)`` landmarks, units.
        luma: ``(SIDE, SIDE)``, mean frame, 0…1.
        chroma: ``(CHROMA_SIDE, CHROMA_SIDE, 2)``, Cr and Cb, 0…1.
        outline: ``(OUTLINE_SIDE, OUTLINE_SIDE)``, signed distance to the person's outline, units, positive inside.
        grain: ``(STATISTICS_SIDE, STATISTICS_SIDE)``, amplitude of the fine texture that the components leave out.
        flow: ``(STATISTICS_SIDE, STATISTICS_SIDE, 2)``, cosine and sine of twice the angle across the strands, times
            how well they are aligned (0…1).
    """

    shape: NDArray[np.float64]
    luma: Floats
    chroma: Floats
    outline: Floats
    grain: Floats
    flow: Floats


@dataclass(frozen=True)
class AppearanceModel:
    """The generator.

    Args:
        arrays: of the generator's file, by name.
    """

    arrays: dict[str, NDArray[np.generic]]

    @classmethod
    def load(cls, path: Path) -> AppearanceModel:
        """Read a generator's file; the same object for the same path within a process.

        Raises:
            StorageError: the file is missing or damaged.
        """
        return _load(str(path))

    @cached_property
    def mean_shape(self) -> NDArray[np.float64]:
        """``(68, 2)`` landmarks of the mean frame, units."""
        return self.arrays["shape_mean"].astype(np.float64).reshape(68, 2)

    @cached_property
    def jaw_distance(self) -> Floats:
        """``(SIDE, SIDE)``, signed distance to the mean face's outline from temple to temple, positive inside."""
        pixels = (self.mean_shape[:17] + FRAME / 2) * SIDE / FRAME - 0.5
        face = np.zeros((SIDE, SIDE), np.uint8)
        cv2.fillPoly(face, [np.round(pixels).astype(np.int32)], 1)
        inside, outside = (cv2.distanceTransform(part, cv2.DIST_L2, 5) for part in (face, 1 - face))
        return np.asarray((inside - outside) * (FRAME / SIDE) + 0.015, dtype=np.float32)

    @cached_property
    def counts(self) -> dict[str, int]:
        """Components of every block."""
        return {block: len(self.arrays[f"{block}_scales"]) for block in BLOCKS}

    def slice_of(self, block: str) -> slice:
        """Where a block is within the scores."""
        start = sum(self.counts[earlier] for earlier in BLOCKS[: BLOCKS.index(block)])
        return slice(start, start + self.counts[block])

    @cached_property
    def size(self) -> int:
        """Number of scores that make a face."""
        return sum(self.counts.values())

    def person(self, rng: np.random.Generator, *, spread: float) -> Floats:
        """Scores ``(size,)`` of a new person's neutral face.

        Args:
            rng: the person's stream.
            spread: standard deviations are multiplied by it; above 1, people differ more than the fitted ones.
        """
        draw: Floats = self._between @ rng.standard_normal(self.size, dtype=np.float32)
        return spread * draw

    def variation(self, rng: np.random.Generator, spreads: Floats) -> Floats:
        """Scores ``(size,)`` to add for one photo: expression, light, pose, hair of the day; `spreads` per score."""
        draw: Floats = self._within @ rng.standard_normal(self.size, dtype=np.float32)
        return spreads * draw

    def appearance(self, scores: Floats) -> Appearance:
        """The face that `scores` ``(size,)`` describe."""
        scores = np.clip(scores, -LIKELY_SCORES, LIKELY_SCORES, dtype=np.float32)
        values = self._values(scores)
        parts = {block: self._block(block, values[self.slice_of(block)]) for block in BLOCKS}
        luma = base_to_luma(parts["base"])
        luma[DETAIL] += parts["detail"].reshape(luma[DETAIL].shape)
        side = STATISTICS_SIDE
        statistics = (self._statistics_mean + scores @ self._statistics).reshape(side, side, 3)
        return Appearance(
            shape=self.mean_shape + parts["shape"].astype(np.float64).reshape(68, 2),
            luma=luma,
            chroma=parts["base"][BASE_SIDE**2 :].reshape(CHROMA_SIDE, CHROMA_SIDE, 2),
            outline=parts["outline"].reshape(OUTLINE_SIDE, OUTLINE_SIDE),
            grain=np.exp(statistics[:, :, 0] / 2),
            flow=np.ascontiguousarray(statistics[:, :, 1:]),
        )

    def _values(self, scores: Floats) -> Floats:
        """Normal scores to coefficients, through every component's own distribution."""
        table = self._quantiles
        steps = table.shape[1] - 1
        at = (scores + SCORE_RANGE) * (steps / (2 * SCORE_RANGE))
        low = np.minimum(at.astype(int), steps - 1)
        rows = np.arange(len(scores))
        share = (at - low).astype(np.float32)
        return np.asarray(table[rows, low] * (1 - share) + table[rows, low + 1] * share, dtype=np.float32)

    def _block(self, block: str, values: Floats) -> Floats:
        mean = self._block_means[block]
        result = np.asarray((values * self._block_scales[block]) @ self._block_vectors[block], dtype=np.float32)
        return result if block == "shape" else result + mean

    @cached_property
    def _block_vectors(self) -> dict[str, Floats]:
        return {block: self.arrays[f"{block}_vectors"].astype(np.float32) for block in BLOCKS}

    @cached_property
    def _block_scales(self) -> dict[str, Floats]:
        return {block: self.arrays[f"{block}_scales"].astype(np.float32) for block in BLOCKS}

    @cached_property
    def _block_means(self) -> dict[str, Floats]:
        return {block: self.arrays[f"{block}_mean"].astype(np.float32) for block in BLOCKS}

    @cached_property
    def _between(self) -> Floats:
        return self.arrays["between"].astype(np.float32)

    @cached_property
    def _within(self) -> Floats:
        return self.arrays["within"].astype(np.float32)

    @cached_property
    def _quantiles(self) -> Floats:
        return self.arrays["quantiles"].astype(np.float32)

    @cached_property
    def _statistics(self) -> Floats:
        return self.arrays["statistics"].astype(np.float32)

    @cached_property
    def _statistics_mean(self) -> Floats:
        return self.arrays["statistics_mean"].astype(np.float32)


@lru_cache(maxsize=2)
def _load(path: str) -> AppearanceModel:
    try:
        return AppearanceModel(load_file(path))
    except Exception as error:  # safetensors raises its own types, one of them not public
        raise StorageError(f"{path} cannot be read as a generator of synthetic people ({error}); restore it") from error


def frame_grid(side: int) -> NDArray[np.float64]:
    """Centres ``(side², 2)`` of the pixels of a frame with `side` pixels, units."""
    at = (np.arange(side) + 0.5) * FRAME / side - FRAME / 2
    x, y = np.meshgrid(at, at)
    return np.stack([x.ravel(), y.ravel()], axis=1)


def base_to_luma(base: Floats) -> Floats:
    """Full-resolution luma ``(SIDE, SIDE)`` of base values (luma at half, chroma at quarter resolution)."""
    luma = base[: BASE_SIDE**2].reshape(BASE_SIDE, BASE_SIDE)
    return resized(luma, cv2.INTER_CUBIC)


def resized(picture: Floats, interpolation: int) -> Floats:
    """`picture` ``(h, w)`` or ``(h, w, C)`` at the size of a photo."""
    return np.asarray(cv2.resize(picture, (SIDE, SIDE), interpolation=interpolation), dtype=np.float32)
