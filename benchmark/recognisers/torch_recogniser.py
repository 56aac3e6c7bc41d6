"""What every recogniser that runs a PyTorch network would otherwise repeat: device, precision, fixed batches."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from numpy.typing import NDArray

from benchmark.recognisers.batches import BATCH_SIZES, batch_size, embed_in_batches
from benchmark.recognisers.network_recogniser import NetworkRecogniser

if TYPE_CHECKING:
    from torch import Tensor, nn


class TorchRecogniser(NetworkRecogniser):
    """A recogniser with a PyTorch network: a subclass gives `load_network`, `chip`, its card, and `forward` if need be.

    Args:
        device: a torch device name.
        precision: ``"float32"`` or ``"bfloat16"`` (by autocast: normalisation layers stay in float32).
        weights: as of `Recogniser`.

    Raises:
        RequestError: an unknown precision.
        PluginError: the weights are missing or damaged.
    """

    batch_sizes: ClassVar[Mapping[str, int]] = BATCH_SIZES

    def __init__(self, *, device: str = "cpu", precision: str = "float32", weights: Path | None = None) -> None:
        super().__init__(device=device, precision=precision, weights=weights)
        self.network = self.ready(self.load_network())

    def ready(self, network: nn.Module) -> nn.Module:
        """`network` as it is used here; its precision is autocast's."""
        import torch  # noqa: PLC0415  # recognisers are listed without it

        for parameter in network.parameters():  # a module of TorchScript has no requires_grad_()
            parameter.requires_grad_(False)
        prepared: nn.Module = network.eval().to(self.device)
        return prepared.to(memory_format=torch.channels_last)  # type: ignore[call-overload,no-any-return]  # missing from the stubs

    def load_network(self) -> nn.Module:
        """The network with its weights, on the processor in float32."""
        raise NotImplementedError

    def forward(self, pixels: Tensor) -> Tensor:
        """Embeddings ``(N, D)`` of chips ``float32 (N, 3, h, w)`` in [0, 1], RGB, on the recogniser's device.

        Normalise here, unless the network does. By default the network is simply called.
        """
        embeddings: Tensor = self.network(pixels)
        return embeddings

    def forward_in_precision(self, pixels: Tensor) -> Tensor:
        """As `forward`, in the recogniser's precision by autocast."""
        import torch  # noqa: PLC0415  # recognisers are listed without it

        rough = self.precision != "float32"
        with torch.autocast(pixels.device.type, dtype=getattr(torch, self.precision), enabled=rough):
            return self.forward(pixels).float()

    def embed(self, chips: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Embeddings ``float32 (N, D)`` of chips ``uint8 (N, h, w, 3)``."""
        return embed_in_batches(chips, self._embed_batch, batch_size(self.device, self.batch_sizes))

    def _embed_batch(self, chips: NDArray[np.uint8]) -> NDArray[np.float32]:
        import torch  # noqa: PLC0415  # recognisers are listed without it

        pixels = torch.from_numpy(chips).to(self.device).permute(0, 3, 1, 2)  # a view, and channels-last already
        with torch.inference_mode():
            embeddings: NDArray[np.float32] = self.forward_in_precision(pixels.float() / 255).cpu().numpy()
        return embeddings
