"""The recogniser of the Python package ``face_recognition``: dlib's network and aligner, run by PyTorch."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, cast

import dlib
import numpy as np
from numpy.typing import NDArray

from benchmark.acquisition.dlib_models import (
    CHIP_SIZE,
    RECOGNISER_FILE,
    SHA256,
    model_path,
    read_verified,
    recogniser_availability,
)
from benchmark.cards import Availability, RecogniserCard
from benchmark.faces import FaceGeometry, Image, Points
from benchmark.plugins import register_recogniser
from benchmark.recognisers.batches import batch_size, embed_in_batches
from benchmark.recognisers.dlib_chip_template import CHIP_PADDING, MEAN_FIVE_POINTS
from benchmark.recognisers.network_recogniser import NetworkRecogniser

if TYPE_CHECKING:
    from torch import Tensor, nn

    from benchmark.recognisers.dlib_resnet import DlibResNet


@register_recogniser("face_recognition")
class FaceRecognition(NetworkRecogniser):
    """dlib's ResNet with its 5-point aligner, as `face_recognition.face_encodings` runs it by default.

    One chip a face, without jitter: dlib's author reports 99.13 % on LFW so, and 99.38 % from the mean of 100 jittered
    copies of each chip (dnn_face_recognition_ex.cpp).

    Args:
        device: a torch device name.
        precision: ``"float32"`` (agrees with dlib's C++ to 1e-6) or ``"bfloat16"`` (faster, about 1e-2 off).

    Raises:
        PluginError: the weights are missing or damaged.
        RequestError: an unknown precision.
    """

    card = RecogniserCard(
        summary="dlib's ResNet-29 with its 5-point aligner, as the package face_recognition runs it",
        source="King, dlib 19.3 (2017), dnn_face_recognition_ex.cpp; Geitgey, face_recognition (2017)",
        licence="code: Boost 1.0 (dlib), MIT (face_recognition); weights: CC0 1.0",
        trained_on=("face-scrub", "vgg-face", "dlib-web-scrape"),
        parameters={"network": 5_607_488},
        chip_size=(CHIP_SIZE, CHIP_SIZE),
        alignment="similarity on dlib's 5 points, padding 0.25",
        normalisation="(RGB − (122.782, 117.001, 104.298)) / 256",
        metric="euclidean",
        weights_source="PyPI package face_recognition_models 0.3.0",
        sha256=SHA256[RECOGNISER_FILE],
    )

    embedding_width = 128

    def __init__(self, *, device: str = "cpu", precision: str = "float32", weights: Path | None = None) -> None:
        super().__init__(device=device, precision=precision, weights=weights)
        self.network = self.ready(load_network())

    def ready(self, network: nn.Module) -> nn.Module:
        """`network`, a `DlibResNet`, as it is used here: all but its last matrix in the recogniser's precision."""
        import torch  # noqa: PLC0415  # recognisers are listed without it

        prepared = cast("DlibResNet", network.eval().requires_grad_(False).to(self.device))
        for part in (prepared.stem, prepared.blocks):
            part.to(getattr(torch, self.precision))
        return prepared.to(memory_format=torch.channels_last)  # type: ignore[call-overload,no-any-return]  # missing from the stubs

    @classmethod
    def availability(cls, weights: Path | None = None) -> Availability:
        """Whether the weights are here (their digest is checked when they are loaded)."""
        found = recogniser_availability()
        return super().availability(weights) if found.available else found

    def chip(self, image: Image, face: FaceGeometry) -> Image:
        """dlib's face chip, ``uint8 (150, 150, 3)``, from the face's five points; black outside `image`."""
        return face_chip(image, face.five_points)

    def embed(self, chips: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Embeddings ``float32 (N, 128)`` of chips ``uint8 (N, 150, 150, 3)``."""
        return embed_in_batches(chips, self._embed_batch, batch_size(self.device))

    def forward(self, pixels: Tensor) -> Tensor:
        """Embeddings ``float32 (N, 128)`` of chips ``float32 (N, 3, 150, 150)`` in [0, 1], RGB."""
        embeddings: Tensor = self.network(pixels)
        return embeddings

    def chip_grid(self, landmarks: Tensor, side: int) -> Tensor:
        """Where the pixels of dlib's chip are in a crop, ``float32 (B, 150, 150, 2)``."""
        from benchmark.recognisers.chip_grids import dlib_chip_grid  # noqa: PLC0415  # PyTorch

        return dlib_chip_grid(landmarks, side)

    def _embed_batch(self, chips: NDArray[np.uint8]) -> NDArray[np.float32]:
        import torch  # noqa: PLC0415  # recognisers are listed without it

        pixels = torch.from_numpy(chips).to(self.device).permute(0, 3, 1, 2)  # a view, and channels-last already
        with torch.inference_mode():
            embeddings: NDArray[np.float32] = self.forward(pixels.float() / 255).cpu().numpy()
        return embeddings


def load_network() -> DlibResNet:
    """dlib's network on the processor in float32, ready for use in a loss.

    Raises:
        PluginError: the weights are missing or damaged.
    """
    from benchmark.recognisers.dlib_resnet import DlibResNet, parse_dlib_weights  # noqa: PLC0415  # PyTorch

    content = read_verified(model_path(RECOGNISER_FILE), SHA256[RECOGNISER_FILE])
    return DlibResNet(parse_dlib_weights(content)).eval()


def face_chip(image: Image, five_points: Points, *, size: int = CHIP_SIZE, padding: float = CHIP_PADDING) -> Image:
    """What ``dlib.get_face_chip`` cuts out, for points that need not be whole pixels.

    dlib finds the similarity between the five points and their mean places, shrinks by halves as long as the face is
    more than twice the chip, and samples bilinearly. `dlib.get_face_chip` rounds the points to whole pixels first,
    which in a crop of 64 pixels moves an eye by up to 1 % of the face: the same functions are called one level lower.

    Args:
        image: ``uint8 (H, W, 3)``.
        five_points: ``float32 (5, 2)``, pixels of `image`, in dlib's order.
        size: side of the chip, pixels.
        padding: margin as a share of the mean-shape square.
    """
    scale = size / (2 * padding + 1)
    places = dlib.dpoints([dlib.dpoint((padding + x) * scale, (padding + y) * scale) for x, y in MEAN_FIVE_POINTS])
    points = dlib.dpoints([dlib.dpoint(float(x), float(y)) for x, y in five_points])
    details = dlib.chip_details(places, points, dlib.chip_dims(size, size))
    chip: Image = dlib.extract_image_chip(np.ascontiguousarray(image), details)
    return chip
