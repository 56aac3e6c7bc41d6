"""dlib's network as PyTorch runs it here."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from benchmark.recognisers.face_recognition import FaceRecognition
from perf.contender import Contender, Outputs


class Float32(Contender):
    """Aligned chips in, embeddings out."""

    precision = "float32"

    def __init__(self, inputs: Path) -> None:
        super().__init__(inputs)
        self._chips = np.load(inputs / "chips.npy")
        self._recogniser = FaceRecognition(precision=self.precision)

    def work(self) -> Outputs:
        """Every chip."""
        return {"embeddings": self._recogniser.embed(self._chips)}


class Bfloat16(Float32):
    """The same in half the digits."""

    precision = "bfloat16"
