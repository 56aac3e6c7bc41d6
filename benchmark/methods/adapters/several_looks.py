"""A recogniser that looks more than once: at the whole face, and at the upper face alone."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from benchmark.faces import FaceGeometry, Image
from benchmark.methods.adapters.correction import to_unit
from benchmark.recognisers.base import Recogniser
from benchmark.upper_face import upper_face


class SeveralLooks(Recogniser):
    """Joins embeddings of a face into one: of all of it, and of what is above a line below the eyes.

    A mask hides the same part of a reference's upper face as of a probe's, so that nothing of what only one of them
    shows is compared there; the first look compares all that there is.

    Args:
        whole: embeds the whole face.
        uppers: embed the face whose lower part is grey, all of them from the same chip; each with its share, 0 to 1:
            squared distances, or cosines, of the joined embeddings are the weighted means of all looks', the rest
            being the whole face's.
        depth: of the line, in distances between the eyes below them.
        sha256: tells this from every other one, for the key of its embeddings.
    """

    def __init__(
        self, whole: Recogniser, uppers: Sequence[tuple[Recogniser, float]], *, depth: float, sha256: str
    ) -> None:
        super().__init__(device=whole.device, precision=whole.precision)
        self._whole = whole
        self._uppers = [upper for upper, _ in uppers]
        self._depth = depth
        shares = [share for _, share in uppers]
        self._lengths = [math.sqrt(share) for share in (1 - sum(shares), *shares)]
        height, width = whole.card.chip_size
        self.card = replace(whole.card, sha256=sha256, chip_size=(2 * height, width))
        self.settings = whole.settings
        widths = [look.embedding_width for look in (whole, *self._uppers)]
        if None not in widths:
            self.embedding_width = sum(width for width in widths if width is not None)

    def chip(self, image: Image, face: FaceGeometry) -> Image:
        """The chip of the face above that of the upper face, ``uint8 (2 h, w, 3)``."""
        upper = upper_face(image, face.landmarks, depth=self._depth)
        return np.concatenate([self._whole.chip(image, face), self._uppers[0].chip(upper, face)])

    def embed(self, chips: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Embeddings ``float32 (N, L D)`` of chips ``uint8 (N, 2 h, w, 3)``, for L looks."""
        height = chips.shape[1] // 2
        whole, upper = (np.ascontiguousarray(part) for part in (chips[:, :height], chips[:, height:]))
        looks = [self._whole.embed(whole), *(look.embed(upper) for look in self._uppers)]
        if self.card.metric == "cosine":
            looks = [to_unit(look) for look in looks]
        scaled = [length * look for length, look in zip(self._lengths, looks, strict=True)]
        return np.concatenate(scaled, axis=1).astype(np.float32)
