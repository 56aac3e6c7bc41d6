"""The networks of "Globally and Locally Consistent Image Completion".

S. Iizuka, E. Simo-Serra and H. Ishikawa, ACM Transactions on Graphics 36(4), 2017: tables 1 (completion network) and 2
(context discriminators). The published widths are those of `width` 64 and 256 pixels; every width of a table is a
multiple of `width`.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

PUBLISHED_WIDTH = 64
MIN_SIDE = 16
_DILATIONS = (2, 4, 8, 16)
_DISCRIMINATOR_WIDTHS = (1, 2, 4, 8, 8, 8)
_LAST_MAP = 4
_COARSEST = 4
"""The completion network halves the face twice."""


class CompletionNetwork(nn.Sequential):
    """Table 1: face and hole in, painted face out; 6,072,131 parameters at the published width.

    Each convolution but the last is followed by batch normalisation (2,976 scales and as many offsets of those
    parameters) and ReLU. Where a dilated convolution's arms would reach beyond half of the map, as they do on faces
    below 128 pixels, they are shortened to half of it: they would see nothing but padding.

    Args:
        side: the side of the faces, pixels.
        width: channels of the first layer.
    """

    def __init__(self, side: int, width: int = PUBLISHED_WIDTH) -> None:
        half, quarter = 2 * width, 4 * width
        reach = max(1, side // _COARSEST // 2)
        super().__init__(
            *_layer(nn.Conv2d(4, width, 5, padding=2)),
            *_layer(nn.Conv2d(width, half, 3, stride=2, padding=1)),
            *_layer(nn.Conv2d(half, half, 3, padding=1)),
            *_layer(nn.Conv2d(half, quarter, 3, stride=2, padding=1)),
            *_layer(nn.Conv2d(quarter, quarter, 3, padding=1)),
            *_layer(nn.Conv2d(quarter, quarter, 3, padding=1)),
            *(part for d in _DILATIONS for part in _dilated(quarter, min(d, reach))),
            *_layer(nn.Conv2d(quarter, quarter, 3, padding=1)),
            *_layer(nn.Conv2d(quarter, quarter, 3, padding=1)),
            *_layer(nn.ConvTranspose2d(quarter, half, 4, stride=2, padding=1)),
            *_layer(nn.Conv2d(half, half, 3, padding=1)),
            *_layer(nn.ConvTranspose2d(half, width, 4, stride=2, padding=1)),
            *_layer(nn.Conv2d(width, width // 2, 3, padding=1)),
            nn.Conv2d(width // 2, 3, 3, padding=1),
            nn.Sigmoid(),
        )

    def forward(self, inputs: Tensor) -> Tensor:
        """Painted faces ``(B, 3, S, S)`` in [0, 1] of blanked faces and their holes ``(B, 4, S, S)``; any S."""
        side = inputs.shape[-1]
        missing = -side % _COARSEST
        features = functional.pad(inputs, (0, missing, 0, missing), mode="replicate") if missing else inputs
        for layer in self:
            features = layer(features)
        return features[..., :side, :side]


class ContextDiscriminators(nn.Module):
    """Table 2: one discriminator sees the whole face, one a crop round the hole, a last layer joins them.

    The global one halves the face, the local one a crop of half the side, by 5×5 convolutions down to 4×4 cells: six
    and five of them at 256 pixels, as published, and fewer on smaller faces.

    Args:
        side: the side of the faces, pixels.
        width: channels of the first layer of each.
        features: of each, that the last layer joins.
        normalised: batch normalisation and ReLU after each convolution, as published; otherwise leaky ReLU alone.
    """

    accuracy: Tensor
    """Running share of right answers; kept by the training task, here so that checkpoints hold it."""

    def __init__(
        self, side: int, *, width: int = PUBLISHED_WIDTH, features: int = 1024, normalised: bool = True
    ) -> None:
        super().__init__()
        self._crop = side // 2
        self.whole = _discriminator(side, width, features, normalised=normalised)
        self.local = _discriminator(self._crop, width, features, normalised=normalised)
        self.joined = nn.Linear(2 * features, 1)
        self.register_buffer("accuracy", torch.tensor(0.5))

    def forward(self, faces: Tensor, holes: Tensor) -> Tensor:
        """Logits ``(B, 1)`` of "real" for faces ``(B, 3, S, S)`` in [0, 1], judged round holes ``(B, 1, S, S)``."""
        faces = faces * 2 - 1
        around = crops(faces, *corners(holes, self._crop), self._crop)
        logits: Tensor = self.joined(torch.cat([self.whole(faces), self.local(around)], dim=1))
        return logits


def corners(holes: Tensor, crop: int) -> tuple[Tensor, Tensor]:
    """Top row and left column, each ``(B,)``, of crops of side `crop` centred on the holes' bounding boxes.

    A crop that would leave the face is moved inside; without a hole it is the face's middle.

    Args:
        holes: ``(B, 1, S, S)``, 1 = covered.
        crop: at most S.
    """
    side = holes.shape[-1]
    places = []
    for other_axis in (3, 2):
        covered = (holes[:, 0:1] > 0).any(dim=other_axis).flatten(1).float()
        first = covered.argmax(dim=1)
        last = side - 1 - covered.flip(1).argmax(dim=1)
        places.append(((first + last + 1 - crop) // 2).clamp(0, side - crop))
    return places[0], places[1]


def crops(images: Tensor, top: Tensor, left: Tensor, crop: int) -> Tensor:
    """Squares ``(B, C, crop, crop)`` of images ``(B, C, S, S)``, each with its own corner; differentiable."""
    reach = torch.arange(crop, device=images.device)
    batch = torch.arange(len(images), device=images.device)[:, None, None]
    rows, columns = (top[:, None] + reach)[:, :, None], (left[:, None] + reach)[:, None, :]
    return images.permute(0, 2, 3, 1)[batch, rows, columns].permute(0, 3, 1, 2)


def _layer(convolution: nn.Conv2d | nn.ConvTranspose2d) -> tuple[nn.Module, ...]:
    return convolution, nn.BatchNorm2d(convolution.out_channels), nn.ReLU()


def _dilated(channels: int, dilation: int) -> tuple[nn.Module, ...]:
    return _layer(nn.Conv2d(channels, channels, 3, padding=dilation, dilation=dilation))


def _discriminator(side: int, width: int, features: int, *, normalised: bool) -> nn.Sequential:
    layers: list[nn.Module] = []
    channels = 3
    for multiple in _DISCRIMINATOR_WIDTHS:
        if side <= _LAST_MAP:
            break
        layers.append(nn.Conv2d(channels, multiple * width, 5, stride=2, padding=2))
        layers += [nn.BatchNorm2d(multiple * width), nn.ReLU()] if normalised else [nn.LeakyReLU(0.2)]
        channels, side = multiple * width, math.ceil(side / 2)
    joined = nn.Linear(channels * side * side, features)
    return nn.Sequential(*layers, nn.Flatten(), joined, nn.ReLU() if normalised else nn.LeakyReLU(0.2))
