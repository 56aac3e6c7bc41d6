"""A recogniser in an ONNX file as a network of PyTorch, so that gradients pass through it."""

from __future__ import annotations

import importlib.util
from weakref import WeakKeyDictionary

import numpy as np
from torch import Tensor, nn

from benchmark.errors import RequestError
from benchmark.faces import FaceGeometry, Image
from benchmark.own_networks.onnx_session import one_line
from benchmark.recognisers.base import Recogniser
from benchmark.recognisers.network_output import embedding_in
from benchmark.recognisers.network_recogniser import NetworkRecogniser
from benchmark.recognisers.onnx_recogniser import OnnxRecogniserBase
from benchmark.recognisers.torch_recogniser import TorchRecogniser
from benchmark.torchvision_operators import provide_operators

_INSTALL = "pip install 'unmask-benchmark[onnx-train]'"
_TRIED_FACES = 3
_MOST_DIFFERENCE = 1e-3
"""Of an embedding from onnxruntime's, as a share of its length: rounding is about 1e-6."""
_converted: WeakKeyDictionary[OnnxRecogniserBase, OnnxInTorch] = WeakKeyDictionary()
"""By the recogniser in the file, as long as that is in use: whether one can be adapted is asked before it is."""


def differentiable(recogniser: Recogniser) -> NetworkRecogniser:
    """`recogniser` itself if it is a network of PyTorch; one in an ONNX file is converted, once.

    What is returned belongs to all who ask: train a copy of its network.

    Raises:
        RequestError: it is neither, or its file cannot be converted.
    """
    if isinstance(recogniser, NetworkRecogniser):
        return recogniser
    if not isinstance(recogniser, OnnxRecogniserBase):
        raise RequestError("it is no network of PyTorch and no ONNX file, so no gradients pass through it")
    if recogniser not in _converted:
        _converted[recogniser] = OnnxInTorch(recogniser)
    return _converted[recogniser]


class OnnxInTorch(TorchRecogniser):
    """An ONNX recogniser whose graph was converted by onnx2torch.

    It cuts the same chips and gives the same embeddings up to rounding, which is checked on three random images.

    Args:
        original: the recogniser; it is not changed.

    Raises:
        RequestError: onnx2torch is missing, does not know an operator of the file, or gives other embeddings.
    """

    def __init__(self, original: OnnxRecogniserBase) -> None:
        # nothing of onnxruntime's is kept: its sessions cannot be copied, as training does with a recogniser
        self._file = original.network.file
        self._channels_last = original.network.channels_last
        self._output = original.network.output_place
        self.spec = original.spec
        self.settings = original.settings
        self.card = original.card
        super().__init__(device=original.device)
        self._check(original)

    def load_network(self) -> nn.Module:
        """The converted graph with the file's weights."""
        if importlib.util.find_spec("onnx2torch") is None:
            raise RequestError(
                f"the package onnx2torch, which gives an ONNX file gradients, is not installed: {_INSTALL}"
            )
        provide_operators()  # onnx2torch imports torchvision
        from onnx2torch import convert  # noqa: PLC0415  # an optional package

        try:
            network: nn.Module = convert(str(self._file))
        except Exception as error:  # what it raises shares no base, e.g. NotImplementedError for an unknown operator
            raise self._refused(f"onnx2torch cannot convert it to PyTorch ({one_line(error)})") from error
        _make_arrays_trainable(network)
        return network

    def chip(self, image: Image, face: FaceGeometry) -> Image:
        """The face on the card's template, ``uint8 (height, width, 3)``."""
        return self.spec.cut(image, face)

    def chip_grid(self, landmarks: Tensor, side: int) -> Tensor:
        """Where the pixels of its chips are in crops, ``float32 (B, h, w, 2)``."""
        return self.spec.chip_grid(landmarks, side)

    def forward(self, pixels: Tensor) -> Tensor:
        """Embeddings ``(N, D)``, or ``(N, 2 D)`` where the card asks for the mirror image, too."""
        return self.spec.embedded(self._called, pixels)

    def _called(self, images: Tensor) -> Tensor:
        found = self.network(images.permute(0, 2, 3, 1) if self._channels_last else images)
        return embedding_in(found, len(images), named=self._output, network=str(self._file))

    def _check(self, original: OnnxRecogniserBase) -> None:
        chips = np.random.default_rng(0).integers(0, 256, (_TRIED_FACES, *self.spec.size, 3), dtype=np.uint8)
        try:
            found = self.embed(chips)
        except Exception as error:  # of any operator, for a graph that was traced for one image
            raise self._refused(f"converted to PyTorch it cannot be run ({one_line(error)})") from error
        wanted = original.embed(chips)
        off = np.linalg.norm(found - wanted, axis=1) / np.linalg.norm(wanted, axis=1).clip(min=1e-12)
        if not off.max() <= _MOST_DIFFERENCE:
            raise self._refused(f"converted to PyTorch it gives other embeddings ({off.max():.1e} of their length)")

    def _refused(self, reason: str) -> RequestError:
        return RequestError(
            f"{self._file}: {reason}; export it with an open batch size and opset 17 or older, or name the network as "
            "MODULE:ATTR of a PyTorch module"
        )


def _make_arrays_trainable(network: nn.Module) -> None:
    """Arrays that onnx2torch keeps as constants, as of matrix products, become parameters; single numbers do not."""
    constants = getattr(network, "initializers", None)
    if not isinstance(constants, nn.Module):
        return
    for name, values in list(constants.named_buffers(recurse=False)):
        if values.is_floating_point() and values.numel() > 1:
            delattr(constants, name)
            constants.register_parameter(name, nn.Parameter(values))
