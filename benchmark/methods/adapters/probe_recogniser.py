"""A recogniser for probes: the network of an adapter, perhaps on the mirrored face as well, and its correction."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from benchmark.faces import FaceGeometry, Image
from benchmark.methods.adapters.correction import Correction, to_unit
from benchmark.recognisers.base import Recogniser


class ProbeRecogniser(Recogniser):
    """Cuts the same chips as the unchanged recogniser, and embeds them as the adapter does.

    Args:
        adapted: the recogniser with the adapter's network.
        correction: of its embeddings.
        mirror: whether the mean of the embeddings of the face and of its mirror image is taken.
        sha256: tells this from every other one, for the key of its embeddings.
    """

    def __init__(self, adapted: Recogniser, correction: Correction, *, mirror: bool, sha256: str) -> None:
        super().__init__(device=adapted.device, precision=adapted.precision)
        self._adapted = adapted
        self._correction = correction
        self._mirror = mirror
        self.card = replace(adapted.card, sha256=sha256)
        self.settings = adapted.settings
        self.embedding_width = adapted.embedding_width

    def chip(self, image: Image, face: FaceGeometry) -> Image:
        """The unchanged recogniser's."""
        return self._adapted.chip(image, face)

    def embed(self, chips: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Embeddings ``float32 (N, D)`` of chips ``uint8 (N, h, w, 3)``, comparable to the unchanged recogniser's."""
        return self._correction(self.uncorrected(chips, mirror=self._mirror))

    def uncorrected(self, chips: NDArray[np.uint8], *, mirror: bool) -> NDArray[np.float32]:
        """The same before the correction, with or without the mirror image."""
        own = self._adapted.embed(chips)
        if not mirror:
            return own
        mirrored = self._adapted.embed(np.ascontiguousarray(chips[:, :, ::-1]))
        if self.card.metric == "cosine":
            own, mirrored = to_unit(own), to_unit(mirrored)
        return np.asarray((own + mirrored) / 2, dtype=np.float32)
