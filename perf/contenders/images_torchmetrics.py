"""The same by torchmetrics."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from torch import nn

from benchmark.torchvision_operators import provide_operators
from perf.contender import Contender, Outputs

provide_operators()  # where torchvision's own do not load
from torchmetrics.functional.image import structural_similarity_index_measure  # noqa: E402
from torchmetrics.image.fid import FrechetInceptionDistance  # noqa: E402
from torchmetrics.image.kid import KernelInceptionDistance  # noqa: E402

_BORDER = 5
"""Where the window reaches beyond the picture: torchmetrics mirrors it there, others leave these pixels out."""
_SETTINGS = {"sigma": 1.5, "kernel_size": 11, "data_range": 255.0, "reduction": "none"}


class Ssim(Contender):
    """Structural similarity of pairs of pictures."""

    def __init__(self, inputs: Path) -> None:
        super().__init__(inputs)
        arrays = np.load(inputs / "one.npy"), np.load(inputs / "other.npy")
        self._one, self._other = (torch.from_numpy(array) for array in arrays)

    def work(self) -> Outputs:
        """Of each pair, in batches of 16."""
        found = []
        for start in range(0, len(self._one), 16):
            pair = [side[start : start + 16].permute(0, 3, 1, 2).float() for side in (self._one, self._other)]
            _, maps = structural_similarity_index_measure(*pair, return_full_image=True, **_SETTINGS)
            found.append(maps[..., _BORDER:-_BORDER, _BORDER:-_BORDER].mean((1, 2, 3)))
        return {"value": torch.cat(found).numpy()}


class _Given(nn.Module):
    """Stands for the network whose features are compared: they are given."""

    def __init__(self, features: int) -> None:
        super().__init__()
        self.num_features = features

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        return features


class Frechet(Ssim):
    """Fréchet distance."""

    def work(self) -> Outputs:
        """Of both sets."""
        size = self._one.shape[1]
        metric = FrechetInceptionDistance(feature=_Given(size), input_img_size=(size,), normalize=False)
        metric = metric.set_dtype(torch.float64)
        metric.update(self._one, real=True)
        metric.update(self._other, real=False)
        return {"value": float(metric.compute())}


class Kernel(Ssim):
    """Kernel distance, over the whole sets."""

    def work(self) -> Outputs:
        """Of both sets."""
        metric = KernelInceptionDistance(feature=_Given(self._one.shape[1]), subsets=1, subset_size=len(self._one))
        metric.update(self._one, real=True)
        metric.update(self._other, real=False)
        return {"value": float(metric.compute()[0])}
