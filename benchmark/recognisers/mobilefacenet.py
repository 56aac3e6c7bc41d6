"""MobileFaceNet trained with ArcFace's loss, from a file of weights: the judge that no method here has seen."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from benchmark.faces import FaceGeometry, Image
from benchmark.model_files import ModelFile
from benchmark.plugins import register_recogniser
from benchmark.recognisers.recogniser_spec import RecogniserSpec
from benchmark.recognisers.torch_recogniser import TorchRecogniser

if TYPE_CHECKING:
    from torch import Tensor, nn

_SPEC = RecogniserSpec(
    size=(112, 96),
    mean=(127.5,) * 3,
    std=(128.0,) * 3,
    flip=True,
    summary="MobileFaceNet (1 M parameters) trained with ArcFace's loss; an independent judge: in no loss here",
    licence="code: MIT; weights: their file's own; CASIA-WebFace is for research",
    source="Chen et al., MobileFaceNets, CCBR 2018; Deng et al., ArcFace, CVPR 2019",
    trained_on=("casia-webface",),
)
_TRAINED_ON_CASIA = "e839247cdbdfc023fb7cadeaf53a4549d50c8fc24ad154c02e35920ea8910d99"
"""SHA-256 of the file whose origin is known: ArcFace on CASIA-WebFace, for 112 × 96 pixels."""


@register_recogniser("mobilefacenet")
class MobileFaceNetRecogniser(TorchRecogniser):
    """MobileFaceNet, 112 × 112 or 112 × 96 as its file says; the embeddings of face and mirror image are appended.

    No method may use it in a loss, as features or for choosing anything, so that it stays an independent judge.

    Args:
        device: a torch device name.
        precision: ``"float32"`` or ``"bfloat16"``.
        weights: a state dict of the network that `mobilefacenet_network` defines.

    Raises:
        PluginError: the file is missing, damaged, or of another architecture.
        RequestError: an unknown precision.
    """

    version = 2
    model_file = ModelFile("mobilefacenet", "mobilefacenet.ckpt", megabytes=4)
    card = _SPEC.card(parameters={"network": 999_552}, weights_source="a file: --weights mobilefacenet=FILE")

    @classmethod
    def accept(cls, weights: Path) -> None:
        """Refuse what is not a MobileFaceNet."""
        from benchmark.recognisers.mobilefacenet_network import read_mobilefacenet  # noqa: PLC0415  # PyTorch

        read_mobilefacenet(weights)

    def load_network(self) -> nn.Module:
        """The network in its file; sets the card to what the file is."""
        from benchmark.recognisers.mobilefacenet_network import folded, read_mobilefacenet  # noqa: PLC0415  # PyTorch

        file = self.weights_path()
        network, size = read_mobilefacenet(file)
        self._spec = _SPEC.model_copy(update={"size": size})
        known = self.card.sha256 == _TRAINED_ON_CASIA
        self.card = replace(
            self.card,
            chip_size=size,
            parameters={"network": sum(parameter.numel() for parameter in network.parameters())},
            trained_on=_SPEC.trained_on if known else ("unknown",),
        )
        return folded(network.eval())

    def chip(self, image: Image, face: FaceGeometry) -> Image:
        """The face on ArcFace's template, ``uint8 (112, 112 or 96, 3)``."""
        return self._spec.cut(image, face)

    def forward(self, pixels: Tensor) -> Tensor:
        """Embeddings ``(N, 256)``."""
        return self._spec.embedded(self.network, pixels)
