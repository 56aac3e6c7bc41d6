"""FaceNet as the package facenet-pytorch gives it: Inception-ResNet-v1, trained on VGGFace2 or CASIA-WebFace.

Schroff, Kalenichenko and Philbin 2015 gave the idea and the name; David Sandberg trained these weights in TensorFlow
(2018, with a softmax loss), Tim Esler brought them to PyTorch.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PillowImage

from benchmark.cards import RecogniserCard
from benchmark.errors import ImageRefused
from benchmark.faces import FaceGeometry, Image, Points
from benchmark.model_files import ModelFile, remember
from benchmark.plugins import register_recogniser
from benchmark.recognisers.torch_recogniser import TorchRecogniser

if TYPE_CHECKING:
    from torch import Tensor, nn

CHIP_SIZE = 160
MARGIN = 14
"""Pixels of the chip outside the face's box, both sides together, as in the package's own example (99.37 % on LFW)."""
BOX_SIDES, BOX_TOP, BOX_BOTTOM = -0.017, 0.341, -0.020
"""How far MTCNN's box reaches beyond that of dlib's 68 points, as shares of the latter's width and height: medians over
400 of the training faces; ``docs/measure_facenet_box.py``, and ``docs/recognisers.md`` says how well they fit."""
_INSTALL = "pip install facenet-pytorch==2.5.3 torchvision"  # 2.6.0 holds PyTorch back below 2.3
_PARAMETERS = 23_482_624
_RELEASE = "https://github.com/timesler/facenet-pytorch/releases/download/v2.2.9/"
_UNVERIFIED = "; SHA-256 not verified here: the first download that is this network is trusted and remembered"
_CLASSIFIER = ("logits.weight", "logits.bias")
"""The last layer of the training: the files hold it, a recogniser has no use for it."""
_SOURCE = (
    "Schroff et al., CVPR 2015; Szegedy et al., AAAI 2017; github.com/davidsandberg/facenet, "
    "github.com/timesler/facenet-pytorch 2.5.3"
)


class FaceNet(TorchRecogniser):
    """Inception-ResNet-v1: 160×160 pixels in, a unit vector of 512 numbers out.

    Raises:
        PluginError: the package or the weights are missing, damaged, or of another network.
        RequestError: an unknown precision, or a named file that is not there.
    """

    needs: ClassVar[Mapping[str, str]] = {"facenet_pytorch": _INSTALL, "torchvision": _INSTALL}

    def load_network(self) -> nn.Module:
        """The network with the weights of `weights_path`."""
        network = _loaded(self.weights_path())
        if self.model_file is not None and self.weights is None:
            remember(self.model_file)
        return network

    @classmethod
    def accept(cls, weights: Path) -> None:
        """Refuse a file that does not hold exactly this network."""
        _loaded(weights)

    def chip(self, image: Image, face: FaceGeometry) -> Image:
        """The box that MTCNN would find, with margin, stretched to a square as in training: ``uint8 (160, 160, 3)``.

        Raises:
            ImageRefused: nothing of the box is inside `image`.
        """
        return facenet_chip(image, face.landmarks)

    def forward(self, pixels: Tensor) -> Tensor:
        """Unit vectors ``(N, 512)`` of chips ``float32 (N, 3, 160, 160)`` in [0, 1]."""
        embeddings: Tensor = self.network((pixels * 255 - 127.5) / 128)
        return embeddings


def _card(summary: str, trained_on: str, licence: str, weights_source: str) -> RecogniserCard:
    return RecogniserCard(
        summary=summary,
        source=_SOURCE,
        licence=f"code: MIT; weights: {licence}",
        trained_on=(trained_on,),
        parameters={"network": _PARAMETERS},
        chip_size=(CHIP_SIZE, CHIP_SIZE),
        alignment="MTCNN's box as dlib's 68 points predict it, margin 14, stretched to a square",
        normalisation="(RGB − 127.5) / 128",
        metric="euclidean",
        weights_source=weights_source,
    )


@register_recogniser("facenet-vggface2")
class FaceNetVggFace2(FaceNet):
    """FaceNet trained on VGGFace2."""

    model_file = ModelFile(
        "facenet-vggface2",
        "20180402-114759-vggface2.pt",
        _RELEASE + "20180402-114759-vggface2.pt",
        megabytes=112,
        stated_sha256="281cebca8662831adb987a874bdcb36e73f5b1c6dc5ee5878f305e985625d99b",
    )
    card = _card(
        "FaceNet (Inception-ResNet-v1) trained on VGGFace2, published 99.65 % on LFW",
        "vggface2",
        "released under MIT; trained on VGGFace2, whose owners' terms apply",
        model_file.url + _UNVERIFIED,
    )


@register_recogniser("facenet-casia")
class FaceNetCasia(FaceNet):
    """FaceNet trained on CASIA-WebFace."""

    model_file = ModelFile(
        "facenet-casia",
        "20180408-102900-casia-webface.pt",
        _RELEASE + "20180408-102900-casia-webface.pt",
        megabytes=116,
    )
    card = _card(
        "FaceNet (Inception-ResNet-v1) trained on CASIA-WebFace, published 99.05 % on LFW",
        "casia-webface",
        "released under MIT; trained on CASIA-WebFace, whose owners' terms apply (research)",
        model_file.url + _UNVERIFIED,
    )


def facenet_chip(image: Image, landmarks: Points) -> Image:
    """Cut the chip out of `image`.

    The training photos were cut to MTCNN's box with a margin and resized to a square, whatever the shape of the box: a
    face becomes about a third wider, and the network expects that. The box ends at the edge of the image, as there.

    Args:
        image: ``uint8 (H, W, 3)``.
        landmarks: ``float32 (68, 2)``, pixels of `image`.

    Raises:
        ImageRefused: nothing of the box is inside `image`.
    """
    box = mtcnn_box(landmarks)
    extent = np.concatenate([box[2:] - box[:2]] * 2)
    reach = MARGIN / (CHIP_SIZE - MARGIN) / 2 * extent * (-1, -1, 1, 1)
    height, width = image.shape[:2]
    left, top, right, bottom = np.clip(box + reach, 0, (width, height, width, height))
    if not (right - left >= 1 and bottom - top >= 1):
        raise ImageRefused("the face is outside the picture")
    cut = PillowImage.fromarray(image).resize(
        (CHIP_SIZE, CHIP_SIZE), PillowImage.Resampling.BILINEAR, box=(left, top, right, bottom)
    )
    return np.asarray(cut)


def mtcnn_box(landmarks: Points) -> NDArray[np.float64]:
    """Left, top, right, bottom of the box that MTCNN would find, ``float64 (4,)``, from the face's 68 points.

    The recogniser must be shown the same region in every condition; a second detector would add failures of its own on
    masked faces, and would have to run again for every method.
    """
    points = landmarks.astype(np.float64)
    (left, top), (right, bottom) = points.min(axis=0), points.max(axis=0)
    width, height = right - left, bottom - top
    return np.array(
        [
            left - BOX_SIDES * width,
            top - BOX_TOP * height,
            right + BOX_SIDES * width,
            bottom + BOX_BOTTOM * height,
        ]
    )


def _loaded(weights: Path) -> nn.Module:
    from benchmark.recognisers.state_dict_file import fill, read_state_dict  # noqa: PLC0415  # PyTorch
    from benchmark.torchvision_operators import provide_operators  # noqa: PLC0415  # PyTorch: not for `list`

    provide_operators()
    from facenet_pytorch import InceptionResnetV1  # noqa: PLC0415  # it must find the operators in place

    network: nn.Module = InceptionResnetV1()  # downloads only where it is asked for `pretrained`
    state = {name: tensor for name, tensor in read_state_dict(weights).items() if name not in _CLASSIFIER}
    fill(network, state, file=weights, architecture="FaceNet's Inception-ResNet-v1")
    return network
