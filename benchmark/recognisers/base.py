"""What every recogniser offers: it aligns a face to its own template and turns it into an embedding."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from benchmark.cards import AVAILABLE, Availability, Card
from benchmark.faces import FaceGeometry, Image


@dataclass(frozen=True)
class RecogniserCard(Card):
    """Adds to a card what a recogniser must tell.

    Attributes:
        chip_size: (height, width) of the aligned chip, pixels.
        alignment: how the chip is aligned, one line.
        normalisation: what happens to pixels before the network, one line.
        metric: ``"cosine"`` (score = cosine similarity) or ``"euclidean"`` (score = −distance).
        weights_source: where the weights come from.
        sha256: of the weights file, empty if there is none.
    """

    chip_size: tuple[int, int] = (112, 112)
    alignment: str = ""
    normalisation: str = ""
    metric: str = "cosine"
    weights_source: str = ""
    sha256: str = ""


class Recogniser(ABC):
    """Face in, embedding out.

    Args:
        device: a torch device name, ``"cpu"`` or ``"cuda"``.
        precision: ``"float32"`` or ``"bfloat16"``.
    """

    card: ClassVar[RecogniserCard] = RecogniserCard()
    version: ClassVar[int] = 1
    """Raised whenever the same face would give another embedding; part of the artefact's key."""

    def __init__(self, *, device: str = "cpu", precision: str = "float32") -> None:
        self.device = device
        self.precision = precision

    @classmethod
    def availability(cls) -> Availability:
        """Whether weights and libraries are here."""
        return AVAILABLE

    @abstractmethod
    def chip(self, image: Image, face: FaceGeometry) -> Image:
        """The face aligned as the network wants it: ``uint8 (h, w, 3)``, with (h, w) the card's `chip_size`.

        Args:
            image: ``uint8 (H, W, 3)``, a whole photo or a crop.
            face: its geometry in pixels of `image`.
        """

    @abstractmethod
    def embed(self, chips: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Embeddings ``float32 (N, D)`` of chips ``uint8 (N, h, w, 3)``; a refused chip gives a row of NaN."""

    def scores(self, references: NDArray[np.float32], probes: NDArray[np.float32]) -> NDArray[np.float32]:
        """Scores ``float32 (P,)`` of P pairs of embeddings ``(P, D)``; higher = more alike; NaN where either is."""
        if self.card.metric == "euclidean":
            distances: NDArray[np.float32] = np.linalg.norm(references - probes, axis=1).astype(np.float32)
            return -distances
        with np.errstate(invalid="ignore", divide="ignore"):
            norms = np.linalg.norm(references, axis=1) * np.linalg.norm(probes, axis=1)
            cosine: NDArray[np.float32] = ((references * probes).sum(axis=1) / norms).astype(np.float32)
        return cosine
