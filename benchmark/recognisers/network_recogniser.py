"""Recognisers whose network is a PyTorch module: gradients pass through it, and another one can take its place."""

from __future__ import annotations

import copy
from abc import abstractmethod
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from benchmark.errors import RequestError
from benchmark.recognisers.base import Recogniser

if TYPE_CHECKING:
    from torch import Tensor, nn

PRECISIONS = ("float32", "bfloat16")
_Own = TypeVar("_Own", bound="NetworkRecogniser")


class NetworkRecogniser(Recogniser):
    """A recogniser with a network of its own.

    Args:
        device: a torch device name.
        precision: ``"float32"`` or ``"bfloat16"``.
        weights: as of `Recogniser`.

    Raises:
        RequestError: an unknown precision.
        PluginError: the weights are missing or damaged.
    """

    network: nn.Module

    def __init__(self, *, device: str = "cpu", precision: str = "float32", weights: Path | None = None) -> None:
        super().__init__(device=device, precision=precision, weights=weights)
        if precision not in PRECISIONS:
            raise RequestError(f"unknown precision '{precision}'; recognisers take {', '.join(PRECISIONS)}")

    @abstractmethod
    def forward(self, pixels: Tensor) -> Tensor:
        """Embeddings ``(N, D)`` of chips ``float32 (N, 3, h, w)`` in [0, 1], RGB, on the recogniser's device."""

    @abstractmethod
    def ready(self, network: nn.Module) -> nn.Module:
        """`network` as it is used here: not to be trained, on the device, in the precision; changed in place."""

    def with_network(self: _Own, network: nn.Module, *, sha256: str) -> _Own:
        """The same recogniser with another network of the same inputs and outputs.

        Args:
            network: in float32; becomes the new recogniser's.
            sha256: of what tells it from every other network.
        """
        changed = copy.copy(self)
        changed.network = self.ready(network)
        changed.card = replace(self.card, sha256=sha256)
        return changed
