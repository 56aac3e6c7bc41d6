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

    def forward_in_precision(self, pixels: Tensor) -> Tensor:
        """As `forward`, computed in the recogniser's precision; gradients pass through. ``float32 (N, D)``."""
        import torch  # noqa: PLC0415  # recognisers are listed without it

        with torch.autocast(pixels.device.type, enabled=False):
            return self.forward(pixels).float()

    def chip_grid(self, landmarks: Tensor, side: int) -> Tensor:  # noqa: ARG002
        """Where the pixels of its chips are in crops, ``float32 (B, h, w, 2)`` for `chip_grids.sampled_chips`.

        What a loss needs in order to see a face as the recogniser does. Only for recognisers whose alignment follows
        from the 68 landmarks.

        Args:
            landmarks: ``(B, 68, 2)``, pixels of the crops.
            side: the side of the crops, pixels.

        Raises:
            RequestError: this recogniser cuts its chips in another way.
        """
        raise RequestError(
            f"{type(self).__name__} does not say where its chips are in a crop (chip_grid), so it cannot teach"
        )

    def in_precision(self: _Own, precision: str) -> _Own:
        """The same recogniser with a copy of its network in another precision, one of `PRECISIONS`."""
        if precision == self.precision:
            return self
        changed = copy.copy(self)
        changed.precision = precision
        changed.network = changed.ready(copy.deepcopy(self.network))
        return changed

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
