"""The search of `gan-prior` for the face behind a mask."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from benchmark.methods.learned.gan_prior import GanPrior
from benchmark.methods.shipped_weights import shipped_folder
from perf.contender import Contender, Outputs

SIZE = 128


class Search(Contender):
    """Masked faces of 128 px in, completed ones out; the holes are known."""

    def __init__(self, inputs: Path) -> None:
        super().__init__(inputs)
        self._pixels = np.load(inputs / "pixels.npy")
        self._holes = np.zeros(self._pixels.shape[:3], np.uint8)
        self._holes[:, SIZE // 2 :, SIZE // 5 : -SIZE // 5] = 255
        self._method = GanPrior()
        weights = shipped_folder("face-generator", "tuned", SIZE)
        if weights is not None:
            self._method.load(weights)

    def work(self) -> Outputs:
        """Every face."""
        landmarks = np.zeros((len(self._pixels), 68, 2), np.float32)
        names = tuple(str(number) for number in range(len(self._pixels)))
        return {"restored": self._method.unmask(self._pixels, self._holes, landmarks, names).pixels}
