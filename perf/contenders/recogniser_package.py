"""dlib's network as the package `face_recognition` runs it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from face_recognition import api

from perf.contender import Contender, Outputs


class Package(Contender):
    """Aligned chips in, embeddings out, one at a time: the package's encoder without its own search for the face."""

    def __init__(self, inputs: Path) -> None:
        super().__init__(inputs)
        self._chips = np.load(inputs / "chips.npy")

    def work(self) -> Outputs:
        """Every chip."""
        return {"embeddings": np.array([api.face_encoder.compute_face_descriptor(chip) for chip in self._chips])}
