"""A recogniser that looks twice: at the whole face, and at the upper face alone."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from benchmark.faces import FaceGeometry, Image
from benchmark.methods.adapters.correction import to_unit
from benchmark.recognisers.base import Recogniser
from benchmark.upper_face import upper_face


class TwoLooks(Recogniser):
    """Joins two embeddings of a face into one: of all of it, and of what is above a line below the eyes.

    A mask hides the same part of a reference's second look as of a probe's, so that nothing of what only one of them
    shows is compared there; the first look compares all that there is.

    Args:
        whole: embeds the whole face.
        upper: embeds the face whose lower part is grey.
        depth: of the line, in distances between the eyes below them.
        share: of the upper face, 0 to 1: squared distances, or cosines, of the joined embeddings are the weighted
            means of both looks'.
        sha256: tells this from every other one, for the key of its embeddings.
    """

    def __init__(self, whole: Recogniser, upper: Recogniser, *, depth: float, share: float, sha256: str) -> None:
        super().__init__(device=whole.device, precision=whole.precision)
        self._whole = whole
        self._upper = upper
        self._depth = depth
        self._lengths = math.sqrt(1 - share), math.sqrt(share)
        height, width = whole.card.chip_size
        self.card = replace(whole.card, sha256=sha256, chip_size=(2 * height, width))
        self.settings = whole.settings
        if whole.embedding_width is not None and upper.embedding_width is not None:
            self.embedding_width = whole.embedding_width + upper.embedding_width

    def chip(self, image: Image, face: FaceGeometry) -> Image:
        """The chip of the face above that of the upper face, ``uint8 (2 h, w, 3)``."""
        upper = upper_face(image, face.landmarks, depth=self._depth)
        return np.concatenate([self._whole.chip(image, face), self._upper.chip(upper, face)])

    def embed(self, chips: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Embeddings ``float32 (N, 2 D)`` of chips ``uint8 (N, 2 h, w, 3)``."""
        height = chips.shape[1] // 2
        whole, upper = (np.ascontiguousarray(part) for part in (chips[:, :height], chips[:, height:]))
        looks = [self._whole.embed(whole), self._upper.embed(upper)]
        if self.card.metric == "cosine":
            looks = [to_unit(look) for look in looks]
        scaled = [length * look for length, look in zip(self._lengths, looks, strict=True)]
        return np.concatenate(scaled, axis=1).astype(np.float32)
