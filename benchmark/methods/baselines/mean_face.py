"""The weakest completer that paints a face at all."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from benchmark.errors import BenchmarkError, RequestError, StorageError
from benchmark.masked_faces import resized
from benchmark.methods.base import MaskedFaces, MaskedPairs, MethodCard, Unmasker
from benchmark.methods.weights import load_arrays, save_arrays
from benchmark.plugins import register_method

_ARCHITECTURE = "mean-face 1"
_CHUNK = 256


@register_method("mean-face")
class MeanFace(Unmasker):
    """Fill the hole with the training set's mean face."""

    card = MethodCard(source="docs/methods.md", baseline=True)
    mean: NDArray[np.float32] | None = None
    """``float32 (S, S, 3)`` in [0, 1], at the training crops' size."""

    def fit(self, pairs: MaskedPairs, *, progress: Any) -> None:
        """Average the true faces, read a chunk at a time."""
        if not len(pairs):
            raise RequestError("mean-face has no training faces; choose a training set in which faces are found")
        total = np.zeros(pairs.true.shape[1:], dtype=np.int64)
        with progress.bar("fit mean-face", total=len(pairs)) as bar:
            for start in range(0, len(pairs), _CHUNK):
                chunk = pairs.true[start : start + _CHUNK]
                total += chunk.sum(axis=0, dtype=np.int64)
                bar.update(len(chunk))
        self.mean = (total / (255 * len(pairs))).astype(np.float32)

    def restore(self, faces: MaskedFaces) -> Tensor:
        """The mean face, resized where the crops have another size than in training."""
        if self.mean is None:
            raise BenchmarkError("mean-face was used before fit() or load()")
        mean = torch.from_numpy(self.mean).to(faces.pixels.device).permute(2, 0, 1)[None]
        return resized(mean, faces.pixels.shape[-1]).expand_as(faces.pixels)

    def save(self, folder: Path) -> None:
        """Write the mean."""
        if self.mean is None:
            raise BenchmarkError("mean-face has learned nothing to save")
        save_arrays(folder, _ARCHITECTURE, {"mean": self.mean})

    def load(self, folder: Path) -> None:
        """Read the mean."""
        arrays, _ = load_arrays(folder, _ARCHITECTURE)
        mean = arrays.get("mean")
        if mean is None or mean.ndim != 3 or mean.shape[2] != 3 or mean.shape[0] != mean.shape[1]:
            raise StorageError(f"the weights in {folder} hold no mean face; delete the folder and train again")
        self.mean = mean.astype(np.float32)
