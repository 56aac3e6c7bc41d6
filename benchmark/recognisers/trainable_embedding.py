"""A copy of a recogniser's network, to be trained."""

from __future__ import annotations

import copy

import torch
from torch import Tensor, nn

from benchmark.recognisers.network_recogniser import NetworkRecogniser


class TrainableEmbedding(nn.Module):
    """A copy of a recogniser's network, in float32 and trainable, behind all that the recogniser does to pixels.

    Its normalisation layers keep their statistics in training: few faces per batch would give them poor ones.

    Args:
        recogniser: whose network is copied; it is not changed.
    """

    def __init__(self, recogniser: NetworkRecogniser) -> None:
        super().__init__()
        with torch.inference_mode(False):
            self.network = copy.deepcopy(recogniser.network).float().requires_grad_(True)
        self.eval()
        self._recogniser = copy.copy(recogniser)
        self._recogniser.network = self.network

    def forward(self, pixels: Tensor) -> Tensor:
        """Embeddings ``(N, D)`` of chips ``float32 (N, 3, h, w)`` in [0, 1], RGB."""
        return self._recogniser.forward(pixels)

    def train(self, mode: bool = True) -> TrainableEmbedding:  # noqa: ARG002
        """Nothing changes: see above."""
        super().train(False)
        return self
