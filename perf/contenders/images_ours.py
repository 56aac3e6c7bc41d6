"""Likeness of pictures, and distance of sets of features."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from benchmark.verification.feature_distance import frechet_distance, kernel_distance
from benchmark.verification.image_quality import ssim_map
from perf.contender import Contender, Outputs


class Ssim(Contender):
    """Structural similarity of pairs of pictures."""

    def __init__(self, inputs: Path) -> None:
        super().__init__(inputs)
        self._one, self._other = np.load(inputs / "one.npy"), np.load(inputs / "other.npy")

    def work(self) -> Outputs:
        """Of each pair."""
        return {"value": ssim_map(self._one, self._other).mean(axis=(1, 2))}


class Frechet(Ssim):
    """Fréchet distance."""

    def work(self) -> Outputs:
        """Of both sets."""
        return {"value": frechet_distance(self._one, self._other)}


class Kernel(Ssim):
    """Kernel distance."""

    def work(self) -> Outputs:
        """Of both sets."""
        return {"value": kernel_distance(self._one, self._other)}
