"""What every unmasking approach offers. The pipeline knows four kinds, by what they touch:

* `Unmasker`: the probe's photo (most methods);
* `ReferenceMasker`: the reference's photo;
* `CropTransform`: both crops;
* `TemplateMapper`: the template (embedding).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from benchmark.cards import AVAILABLE, Availability, Card
from benchmark.faces import AlignedFaces, Points


@dataclass(frozen=True)
class MethodCard(Card):
    """Adds to a card what a method must tell.

    Attributes:
        privileged: the method is given what a deployed system lacks (true mask or true pixels).
        slow: too slow for ``--methods all``.
    """

    privileged: bool = False
    slow: bool = False


class Method(ABC):
    """Base of the four kinds.

    Args:
        preset: one of `presets`.
        seed: of the run.
        device: a torch device name.
    """

    card: ClassVar[MethodCard] = MethodCard()
    version: ClassVar[int] = 1
    """Raised whenever the same input would give another output; part of the artefact's key."""
    presets: ClassVar[Mapping[str, Any]] = {"default": None}
    """Settings by name, the default first; a value is whatever the method wants (a frozen dataclass, say)."""
    trains: ClassVar[bool] = False
    """Whether the pipeline must call `fit` (or `load`) before use."""

    def __init__(self, *, preset: str | None = None, seed: int = 0, device: str = "cpu") -> None:
        self.preset = next(iter(self.presets)) if preset is None else preset
        self.settings = self.presets[self.preset]
        self.seed = seed
        self.device = device

    @classmethod
    def availability(cls) -> Availability:
        """Whether libraries and weights are here."""
        return AVAILABLE

    def save(self, folder: Path) -> None:
        """Write what `fit` learned into an empty folder (safetensors or `.npy`; never a pickle)."""

    def load(self, folder: Path) -> None:
        """Read what `save` wrote.

        Raises:
            StorageError: the files are truncated, or of another architecture or size.
        """


@dataclass(frozen=True)
class MaskedFaces:
    """A batch of aligned masked faces, as an `Unmasker` sees them.

    Attributes:
        pixels: ``float32 (B, 3, H, W)`` in [0, 1], on the method's device.
        holes: ``float32 (B, 1, H, W)``, 1 = covered; all zeros for a method that declares ``needs_holes = False``.
        landmarks: ``float32 (B, 68, 2)``, pixels of the crop.
        image_ids: one a row.
        true_pixels: ``float32 (B, 3, H, W)``; only for a method whose card says `privileged`, else None.
    """

    pixels: Tensor
    holes: Tensor
    landmarks: Tensor
    image_ids: tuple[str, ...]
    true_pixels: Tensor | None = None


@dataclass(frozen=True)
class MaskedPairs:
    """Training data: masked faces and the truth under the mask, row by row.

    Attributes:
        masked: ``uint8 (N, S, S, 3)``.
        true: ``uint8 (N, S, S, 3)``.
        holes: ``uint8 (N, S, S)``, 255 = covered.
        landmarks: ``float32 (N, 68, 2)``.
        subject_ids: one a row.
        validation: pairs of other people, for early stopping; never trained on.
    """

    masked: NDArray[np.uint8]
    true: NDArray[np.uint8]
    holes: NDArray[np.uint8]
    landmarks: Points
    subject_ids: tuple[str, ...]
    validation: MaskedPairs | None = None

    def __len__(self) -> int:
        return len(self.masked)


class Unmasker(Method):
    """Restores the probe's photo. An author writes `restore`, and `fit` where there is something to learn.

    The base class batches, moves pixels to the device and to the method's working size and back, and pastes the
    known pixels back where the method declares so.
    """

    needs_holes: ClassVar[bool] = True
    """Whether `restore` reads `MaskedFaces.holes`; the pipeline then asks a detector for them."""
    keeps_known_pixels: ClassVar[bool] = True
    """Whether pixels outside the hole are pasted back; a blind method may rewrite the whole face."""
    working_size: int | None = None
    """Side that `restore` works at; None = the run's."""
    batch_size: int = 32

    def fit(self, pairs: MaskedPairs, *, progress: Any) -> None:
        """Learn from pairs. `progress` is a `benchmark.progress.Progress`."""

    @abstractmethod
    def restore(self, faces: MaskedFaces) -> Tensor:
        """Restored faces, ``float32 (B, 3, H, W)`` in [0, 1]."""


class ReferenceMasker(Method):
    """Masks the reference's photo instead of unmasking the probe's: the pipeline draws the probe's mask type on it."""


class CropTransform(Method):
    """Changes both crops in the same way before the recogniser sees them."""

    @abstractmethod
    def transform(self, faces: AlignedFaces) -> NDArray[np.uint8]:
        """Changed crops, ``uint8 (N, S, S, 3)``; `faces` is not changed."""


class TemplateMapper(Method):
    """Repairs the masked embedding of one recogniser."""

    trains = True

    @abstractmethod
    def fit(
        self, masked: NDArray[np.float32], true: NDArray[np.float32], subject_ids: tuple[str, ...], *, progress: Any
    ) -> None:
        """Learn from embeddings ``float32 (N, D)`` of masked faces and of the same faces without mask."""

    @abstractmethod
    def map(self, masked: NDArray[np.float32]) -> NDArray[np.float32]:
        """Repaired embeddings ``float32 (N, D)``; NaN rows stay NaN."""


def to_tensor(pixels: NDArray[np.uint8], device: str) -> Tensor:
    """``uint8 (N, H, W, 3)`` to ``float32 (N, 3, H, W)`` in [0, 1] on `device`."""
    return torch.from_numpy(np.ascontiguousarray(pixels)).to(device).permute(0, 3, 1, 2).float().div_(255)


def to_pixels(images: Tensor) -> NDArray[np.uint8]:
    """``float32 (N, 3, H, W)`` in [0, 1] to ``uint8 (N, H, W, 3)``, rounded and clipped."""
    rounded = images.detach().clamp(0, 1).mul(255).round().to(torch.uint8)
    return rounded.permute(0, 2, 3, 1).contiguous().cpu().numpy()
