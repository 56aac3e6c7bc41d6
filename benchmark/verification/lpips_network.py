"""The network behind LPIPS: torchvision's backbone with weights from a file, torchmetrics' linear layers above it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from benchmark.errors import PluginError
from benchmark.recognisers.state_dict_file import fill, read_state_dict
from benchmark.torchvision_operators import provide_operators


@dataclass(frozen=True)
class PublishedBackbone:
    """A backbone as torchvision publishes it.

    Attributes:
        title: what it is called.
        first: shape of its first convolution's weights, which tells it from the others.
        digests: how the SHA-256 of its files begins, as their names say; the first is the current one.
    """

    title: str
    first: tuple[int, ...]
    digests: tuple[str, ...]


Backbone = Literal["alex", "vgg", "squeeze"]
PUBLISHED: Mapping[Backbone, PublishedBackbone] = {
    "alex": PublishedBackbone("AlexNet", (64, 3, 11, 11), ("7be5be79", "4df8aa71")),
    "vgg": PublishedBackbone("VGG16", (64, 3, 3, 3), ("397923af",)),
    "squeeze": PublishedBackbone("SqueezeNet 1.1", (64, 3, 3, 3), ("b8a52dc0", "f364aa15")),
}
"""By the name that torchmetrics gives them."""
_OF_SQUEEZENET = "features.3.squeeze.weight"


def lpips_network(file: Path, *, device: str = "cpu") -> tuple[nn.Module, Backbone]:
    """The network, and which backbone the file holds.

    Args:
        file: a state dict of torchvision's ``alexnet``, ``vgg16`` or ``squeezenet1_1``; its classifier is not used and
            may be absent.
        device: a torch device name.

    Raises:
        PluginError: the file is damaged or holds none of the three.
    """
    state = read_state_dict(file)
    backbone = _backbone(state, file)
    provide_operators()  # before torchmetrics imports torchvision
    from torchmetrics.functional.image.lpips import _LPIPS  # noqa: PLC0415  # slow, and an extra

    network = _LPIPS(net=backbone, pnet_rand=True)  # else it would download the backbone
    places = {_name_in_backbone(name): name for name in network.net.state_dict()}
    features = {name: tensor for name, tensor in state.items() if name.startswith("features.")}
    fill(
        network.net,
        {places.get(name, name): tensor for name, tensor in features.items()},
        file=file,
        architecture=f"torchvision's {PUBLISHED[backbone].title}",
    )
    return network.eval().to(device), backbone


def lpips_distances(network: nn.Module, true: NDArray[np.uint8], restored: NDArray[np.uint8]) -> NDArray[np.float64]:
    """LPIPS of each pair of images, ``(N,)``: 0 or more, 0 = identical, lower = more alike.

    Zhang et al., *The Unreasonable Effectiveness of Deep Features as a Perceptual Metric*, CVPR 2018, equation 1: the
    features of each layer are normalised to length 1 at every place, their squared differences are weighted by the
    linear layer, averaged over the places, and summed over the layers. Images are seen at the size they have.

    Args:
        network: of `lpips_network`.
        true: ``uint8 (N, S, S, 3)``.
        restored: likewise.
    """
    with torch.inference_mode():
        device = next(network.parameters()).device
        one, other = (
            torch.from_numpy(np.array(images)).permute(0, 3, 1, 2).to(device).float() / 127.5 - 1
            for images in (true, restored)
        )
        return np.asarray(network(one, other).flatten().double().cpu().numpy())


def _backbone(state: Mapping[str, Tensor], file: Path) -> Backbone:
    first = state.get("features.0.weight")
    shape = () if first is None else tuple(first.shape)
    fitting: list[Backbone] = [name for name, one in PUBLISHED.items() if one.first == shape]
    if len(fitting) > 1:
        fitting = ["squeeze" if _OF_SQUEEZENET in state else "vgg"]
    if not fitting:
        raise PluginError(
            f"{file} holds none of LPIPS's backbones; give the state dict of torchvision's alexnet, vgg16 or "
            "squeezenet1_1, trained on ImageNet"
        )
    return fitting[0]


def _name_in_backbone(name: str) -> str:
    """What torchvision calls a tensor that torchmetrics keeps in a slice of the network.

    >>> _name_in_backbone("slice1.0.weight"), _name_in_backbone("slices.1.3.squeeze.weight")
    ('features.0.weight', 'features.3.squeeze.weight')
    """
    head, _, rest = name.partition(".")
    if head == "slices":
        rest = rest.partition(".")[2]
    return f"features.{rest}"
