"""``MODULE:ATTR``: a torch network of the user's own, described by a ``CARD`` beside it."""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np
from torch import Tensor, nn

from benchmark.errors import RequestError
from benchmark.faces import FaceGeometry, Image
from benchmark.own_networks.torch_target import find_target
from benchmark.plugin_code.guard import plugin_code
from benchmark.plugin_code.importer import origin_of
from benchmark.recognisers.base import Recogniser
from benchmark.recognisers.network_output import embedding_in
from benchmark.recognisers.recogniser_spec import RecogniserSpec, spec_from
from benchmark.recognisers.state_dict_file import fill, read_state_dict
from benchmark.recognisers.torch_recogniser import TorchRecogniser

log = logging.getLogger(__name__)

_CARD = "CARD"


class ModuleRecogniser(TorchRecogniser):
    """A `torch.nn.Module` that somebody names as ``MODULE:ATTR`` or ``FILE.py:ATTR``.

    ATTR is an instance, a class that needs no arguments, or a function without arguments that returns an instance. The
    module is imported from the working folder, from where Python finds packages, or from the folder of a ``--plugin``
    file. Its card is the dictionary ``CARD`` of the network, else of ATTR, else of the module, with the keys of
    `RecogniserSpec`; without one ArcFace's way with faces is taken, and that is said in the log.

    Stored embeddings are found again by the network's parameters and the code of the module: its file and what that
    imports (see `benchmark.plugin_code.digest`).

    Args:
        target: ``MODULE:ATTR``.
        device: a torch device name.
        precision: ``"float32"`` or ``"bfloat16"``.
        weights: a state dict to put into the network; None = as it is built.

    Raises:
        RequestError: there is no such module or attribute, it cannot be imported, is no network, or its card is wrong.
        PluginError: the network fails, gives anything but one row per face, or the weights do not fit it.
    """

    def __init__(
        self, target: str, *, device: str = "cpu", precision: str = "float32", weights: Path | None = None
    ) -> None:
        self._target = target
        super().__init__(device=device, precision=precision, weights=weights)
        self._check_output()

    def load_network(self) -> nn.Module:
        """The network that the target names, with its weights; sets the card."""
        target = find_target(self._target, flag="--recognisers")
        attribute = target.attribute
        if isinstance(attribute, type) and issubclass(attribute, Recogniser):
            raise RequestError(
                f"{target.named} is a recogniser already: register it with @register_recogniser, load it with "
                "--plugin and ask for its name"
            )
        network = target.built()
        if self.weights is not None:
            if not self.weights.is_file():
                raise RequestError(f"--weights {self._target}={self.weights}: no such file")
            fill(network, read_state_dict(self.weights), file=self.weights, architecture=self._target)
        target.check_parameters(network)
        owner = next((owner for owner in (network, attribute, target.module) if hasattr(owner, _CARD)), None)
        self._spec = (
            RecogniserSpec()
            if owner is None
            else spec_from(getattr(owner, _CARD), of=f"{_CARD} of {origin_of(target.module.__name__)}")
        )
        self.settings = self._spec.settings
        self.card = self._spec.card(
            summary=self._spec.summary or f"the network {self._target}",
            trained_on=self._spec.trained_on or ("unknown",),
            parameters={"network": sum(parameter.numel() for parameter in network.parameters())},
            weights_source=self.weights.name if self.weights else self._target,
            sha256=target.digest(network),
        )
        if owner is None:
            log.warning(
                "%s has no %s: assuming %d×%d pixels, %s, %s, %s",
                self._target,
                _CARD,
                *self.card.chip_size,
                self.card.normalisation,
                self.card.alignment,
                self.card.metric,
            )
        return network

    def chip(self, image: Image, face: FaceGeometry) -> Image:
        """The face on the card's template, ``uint8 (height, width, 3)``."""
        return self._spec.cut(image, face)

    def chip_grid(self, landmarks: Tensor, side: int) -> Tensor:
        """Where the pixels of its chips are in crops, ``float32 (B, h, w, 2)``."""
        return self._spec.chip_grid(landmarks, side)

    def forward(self, pixels: Tensor) -> Tensor:
        """Embeddings ``(N, D)``.

        Raises:
            PluginError: the network failed.
        """
        with plugin_code(f"{self._target} fails on faces of shape {tuple(pixels.shape)}"):
            return self._spec.embedded(self._called, pixels)

    def _called(self, inputs: Tensor) -> Tensor:
        return embedding_in(self.network(inputs), len(inputs), named=self._spec.output, network=self._target)

    def _check_output(self) -> None:
        """A network that does not fit is told of now, not after an hour of other work."""
        self.embed(np.zeros((1, *self._spec.size, 3), dtype=np.uint8))
