"""EdgeFace-XXS, from a file of weights: a small network that is a strong judge."""

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
    size=(112, 112),
    summary="EdgeFace-XXS (1.2 M parameters): convolutions and cross-covariance attention; small and strong",
    licence="code: MIT (our definition of the network); weights: CC BY-NC-SA 4.0, as Idiap publishes them",
    source="George et al., EdgeFace, IEEE T-BIOM 2024; Maaz et al., EdgeNeXt, ECCV Workshops 2022",
    trained_on=("webface260m",),
)
_KNOWN = "0c8b597204be4bb423c7e434d530899bfff7f070e877bd84683ed52a170093bc"
"""SHA-256 of the file whose origin is known."""


@register_recogniser("edgeface-xxs")
class EdgeFaceRecogniser(TorchRecogniser):
    """EdgeFace-XXS: chips of 112 × 112 on ArcFace's template, embeddings of 512 numbers, cosine.

    Args:
        device: a torch device name.
        precision: ``"float32"`` or ``"bfloat16"``.
        weights: a state dict of the network that `edgeface_network` defines, which is timm's ``edgenext_xx_small`` with
            ``num_classes=512``; a safetensors or PyTorch file.

    Raises:
        PluginError: the file is missing, damaged, or of another architecture.
        RequestError: an unknown precision.
    """

    model_file = ModelFile("edgeface-xxs", "edgeface-xxs.safetensors", megabytes=5)
    card = _SPEC.card(parameters={"network": 1_244_744}, weights_source="a file: --weights edgeface-xxs=FILE")

    @classmethod
    def accept(cls, weights: Path) -> None:
        """Refuse what is not an EdgeFace-XXS."""
        from benchmark.recognisers.edgeface_network import read_edgeface  # noqa: PLC0415  # PyTorch

        read_edgeface(weights)

    def load_network(self) -> nn.Module:
        """The network in its file; of another file than the known one nobody knows what it was trained on."""
        from benchmark.recognisers.edgeface_network import read_edgeface  # noqa: PLC0415  # PyTorch

        network = read_edgeface(self.weights_path())
        if self.card.sha256 != _KNOWN:
            self.card = replace(self.card, trained_on=("unknown",), licence="code: MIT; weights: their file's own")
        return network

    def chip(self, image: Image, face: FaceGeometry) -> Image:
        """The face on ArcFace's template, ``uint8 (112, 112, 3)``."""
        return _SPEC.cut(image, face)

    def chip_grid(self, landmarks: Tensor, side: int) -> Tensor:
        """Where the pixels of its chips are in crops, ``float32 (B, h, w, 2)``."""
        return _SPEC.chip_grid(landmarks, side)

    def forward(self, pixels: Tensor) -> Tensor:
        """Embeddings ``(N, 512)``."""
        return _SPEC.embedded(self.network, pixels)
