"""What every recogniser offers: it aligns a face to its own template and turns it into an embedding."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from benchmark.cards import Availability, RecogniserCard, missing_package
from benchmark.errors import PluginError
from benchmark.faces import FaceGeometry, Image
from benchmark.model_files import ModelFile, available_with_file, located, sha256_of

_SMALLEST, _LARGEST = 1e-15, 1e15
"""Lengths whose squares float32 holds with all its digits."""


class Recogniser(ABC):
    """Face in, embedding out.

    `card` describes the class. An instance whose weights are known only now (a file that the user names) sets its own,
    with the digest of what it loaded: that digest is part of the key under which its embeddings are stored.

    Args:
        device: a torch device name, ``"cpu"`` or ``"cuda"``.
        precision: ``"float32"`` or ``"bfloat16"``.
        weights: the file that the user named with ``--weights``; None = the recogniser's own.
    """

    card: RecogniserCard = RecogniserCard()
    version: ClassVar[int] = 1
    """Raised whenever the same face would give another embedding; part of the artefact's key."""
    needs: ClassVar[Mapping[str, str]] = {}
    """Optional packages, by the name under which they are imported, each with the command that installs it."""
    settings: str = ""
    """What decides an embedding besides the weights and `version`, as a card that the user wrote: a part of the key."""
    embedding_width: int | None = None
    """Numbers in an embedding, where that is known without embedding a face."""
    model_file: ClassVar[ModelFile | None] = None
    """The weights, where they are a file to download or to name; None where they travel with a package."""

    def __init__(self, *, device: str = "cpu", precision: str = "float32", weights: Path | None = None) -> None:
        self.device = device
        self.precision = precision
        self.weights = weights

    @classmethod
    def availability(cls, weights: Path | None = None) -> Availability:
        """Whether weights and libraries are here; nothing is downloaded.

        Args:
            weights: the file that the user named.
        """
        return available_with_file(cls.needs, cls.model_file, weights)

    @classmethod
    def missing_package(cls) -> str:
        """The first of `needs` that is not installed, with the command; empty if all are."""
        return missing_package(cls.needs)

    @classmethod
    def accept(cls, weights: Path) -> None:
        """Refuse a download that is not this recogniser's, by loading it: asked where no digest was published.

        Raises:
            PluginError: what is wrong with the file.
        """

    def weights_path(self) -> Path:
        """The file to load: what the user named, else `model_file` where it was put before. Sets `card.sha256`.

        Raises:
            PluginError: it is not here, or damaged.
            RequestError: the named file is missing, or another one than `model_file`.
        """
        if self.model_file is None:
            raise PluginError(f"{type(self).__name__} declares no model_file, so it has no weights to look for")
        path = located(self.model_file, self.weights)
        if path is None:
            raise PluginError(self.model_file.how_to_get)
        self.card = replace(self.card, sha256=self.model_file.sha256 or sha256_of(path))
        return path

    @abstractmethod
    def chip(self, image: Image, face: FaceGeometry) -> Image:
        """The face aligned as the network wants it: ``uint8 (h, w, 3)``, with (h, w) the card's `chip_size`.

        Args:
            image: ``uint8 (H, W, 3)``, a whole photo or a crop.
            face: its geometry in pixels of `image`.

        Raises:
            ImageRefused: this face cannot be aligned: a failure to acquire.
        """

    @abstractmethod
    def embed(self, chips: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Embeddings ``float32 (N, D)`` of chips ``uint8 (N, h, w, 3)``; a refused chip gives a row of NaN or of zeros.

        An embedding must not depend on the chips beside it: `benchmark.recognisers.batches.embed_in_batches` sees to
        that, and `TorchRecogniser` uses it.
        """

    def scores(self, references: NDArray[np.float32], probes: NDArray[np.float32]) -> NDArray[np.float32]:
        """Scores ``float32 (P,)`` of P pairs of embeddings ``(P, D)``; higher = more alike; NaN where either is."""
        scored = _negative_distances if self.card.metric == "euclidean" else _cosines
        with np.errstate(all="ignore"):
            scores, sizes = scored(references, probes)
            outside = ~((sizes > _SMALLEST) & (sizes < _LARGEST))  # squares leave float32, or lose their digits
            if outside.any():
                scores[outside] = scored(references[outside].astype(np.float64), probes[outside].astype(np.float64))[0]
        return scores


def _cosines(
    references: NDArray[np.floating], probes: NDArray[np.floating]
) -> tuple[NDArray[np.float32], NDArray[np.floating]]:
    """Scores ``(P,)``, and the products of lengths ``(P,)`` that they are divided by."""
    lengths = np.linalg.norm(references, axis=1), np.linalg.norm(probes, axis=1)
    products = lengths[0] * lengths[1]
    shortest_and_longest = np.where(np.abs(np.log(lengths[0])) > np.abs(np.log(lengths[1])), *lengths)
    return ((references * probes).sum(axis=1) / products).astype(np.float32), shortest_and_longest


def _negative_distances(
    references: NDArray[np.floating], probes: NDArray[np.floating]
) -> tuple[NDArray[np.float32], NDArray[np.floating]]:
    """Scores ``(P,)``, and the distances."""
    distances = np.linalg.norm(references - probes, axis=1)
    return (-distances).astype(np.float32), distances
