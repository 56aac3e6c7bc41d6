"""The networks of "A Novel GAN-Based Network for Unmasking of Masked Face", after its sections 3.1 to 3.3.

N. U. Din, K. Javed, S. Bae and J. Yi, IEEE Access 8, 2020. The building blocks are the paper's; the number of layers
and their widths follow from the arguments, so that the same design fits a processor.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from benchmark.masked_faces import resized
from benchmark.methods.enlarged_features import joined

MIN_SIDE = 16
_WIDEST = 8
_ATROUS_RATES = (2, 4, 8, 16)
_SQUEEZE = 8
_LAST_MAP = 4


class MapNetwork(nn.Module):
    """First stage: marks the mask's pixels. A U-Net whose first layer already halves the face.

    Args:
        side: the side of the faces, pixels; smaller faces are halved less often, down to 4 cells.
        width: channels of the first layer; each level doubles them, up to eight times.
        levels: times that the face is halved, at most.
    """

    def __init__(self, side: int, width: int, levels: int) -> None:
        super().__init__()
        widths = _widths(side, width, levels)
        self.down = nn.ModuleList(
            _block(nn.Conv2d(first, second, 4, stride=2, padding=1))
            for first, second in zip((3, *widths[:-1]), widths, strict=True)
        )
        above = tuple(reversed(widths[:-1]))
        self.up = nn.ModuleList(
            _block(nn.Conv2d(below + skip, skip, 3, padding=1))
            for below, skip in zip((widths[-1], *above[:-1]), above, strict=True)
        )
        self.head = nn.Conv2d(widths[0], 4, 1)

    def forward(self, faces: Tensor) -> Tensor:
        """Logits ``(B, 1, S, S)`` of "covered" for faces ``(B, 3, S, S)`` in [0, 1]."""
        features = faces * 2 - 1
        skips = []
        for block in self.down:
            features = block(features)
            skips.append(features)
        for block, skip in zip(self.up, reversed(skips[:-1]), strict=True):
            features = block(joined(features, skip))
        return resized(functional.pixel_shuffle(self.head(features).float(), 2), faces.shape[-1])


class EditingNetwork(nn.Module):
    """Second stage: paints what the map marks. Encoder, four atrous convolutions, decoder with skips; each block of the
    encoder and of the decoder weighs its channels (squeeze and excitation).

    The rates of the atrous convolutions are 2, 4, 8 and 16, shortened to half of the smallest map, beyond which they
    would see padding alone.

    Args:
        side: the side of the faces, pixels; smaller faces are halved less often, down to 4 cells.
        width: channels of the first layer; each level doubles them, up to eight times.
        levels: times that the face is halved, at most.
    """

    def __init__(self, side: int, width: int, levels: int) -> None:
        super().__init__()
        widths = _widths(side, width, levels)
        self.down = nn.ModuleList(
            _weighing_block(nn.Conv2d(first, second, 4, stride=2, padding=1))
            for first, second in zip((4, *widths[:-1]), widths, strict=True)
        )
        reach = max(1, side // 2 ** len(widths) // 2)
        rates = [min(rate, reach) for rate in _ATROUS_RATES]
        self.atrous = nn.Sequential(
            *(_block(nn.Conv2d(widths[-1], widths[-1], 3, padding=rate, dilation=rate)) for rate in rates)
        )
        above = tuple(reversed(widths[:-1]))
        self.up = nn.ModuleList(
            _weighing_block(nn.Conv2d(below + skip, skip, 3, padding=1))
            for below, skip in zip((widths[-1], *above[:-1]), above, strict=True)
        )
        self.head = nn.Sequential(
            _block(nn.Conv2d(widths[0] + 4, max(8, widths[0] // 2), 3, padding=1)),
            nn.Conv2d(max(8, widths[0] // 2), 3, 3, padding=1),
        )

    def forward(self, inputs: Tensor) -> Tensor:
        """Painted faces ``(B, 3, S, S)`` in [0, 1] of blanked faces and their maps ``(B, 4, S, S)``."""
        features = inputs
        skips = []
        for block in self.down:
            features = block(features)
            skips.append(features)
        features = self.atrous(features)
        for block, skip in zip(self.up, reversed(skips[:-1]), strict=True):
            features = block(joined(features, skip))
        painted: Tensor = self.head(joined(features, inputs))
        return painted.float().sigmoid()


class RegionDiscriminator(nn.Module):
    """Tells true faces from edited ones by the whole face, or by what is under the mask and nothing else.

    Args:
        side: the side of the faces, pixels.
        width: channels of the first layer.
        masked_only: what is outside the map is blanked.
    """

    accuracy: Tensor
    """Running share of right answers; kept by the training task, here so that checkpoints hold it."""

    def __init__(self, side: int, width: int, *, masked_only: bool) -> None:
        super().__init__()
        self._masked_only = masked_only
        layers: list[nn.Module] = []
        channels, multiple = 4, 1
        while side > _LAST_MAP:
            layers += [nn.Conv2d(channels, multiple * width, 4, stride=2, padding=1), nn.LeakyReLU(0.2)]
            channels, side, multiple = multiple * width, side // 2, min(2 * multiple, _WIDEST)
        self.layers = nn.Sequential(*layers, nn.Flatten(), nn.Linear(channels * side * side, 1))
        self.register_buffer("accuracy", torch.tensor(0.5))

    def forward(self, faces: Tensor, holes: Tensor) -> Tensor:
        """Logits ``(B, 1)`` of "real" for faces ``(B, 3, S, S)`` in [0, 1] and their maps ``(B, 1, S, S)``."""
        values = faces * 2 - 1
        if self._masked_only:
            values = values * holes
        logits: Tensor = self.layers(torch.cat([values, holes], dim=1))
        return logits


class SqueezeExcitation(nn.Module):
    """Weighs each channel by what all channels hold on average. Hu, Shen and Sun, 2018, equations 2 and 3.

    Args:
        channels: at least 1.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        narrow = max(4, channels // _SQUEEZE)
        self.weigh = nn.Sequential(nn.Linear(channels, narrow), nn.ReLU(), nn.Linear(narrow, channels), nn.Sigmoid())

    def forward(self, features: Tensor) -> Tensor:
        """Weighted features, ``(B, C, H, W)`` as given."""
        weights: Tensor = self.weigh(features.mean(dim=(2, 3)))
        return features * weights[:, :, None, None]


def opened_and_grown(covered: Tensor, *, opening: int, growth: int, smallest: float) -> Tensor:
    """The binary map without specks and gaps, grown a little; nothing at all where too little is left.

    An erosion and a dilation remove what is thinner than the opening, a dilation and an erosion close gaps of that
    size, a last dilation takes in the mask's soft edge.

    Args:
        covered: ``(B, 1, S, S)``, zeros and ones.
        opening: radius of the first four, pixels; 0 = none.
        growth: radius of the last, pixels.
        smallest: a map that covers a smaller share of the face than this, before it grows, is empty.
    """
    opened = _grown(-_grown(-covered, opening), opening)
    closed = -_grown(-_grown(opened, opening), opening)
    enough = closed.mean(dim=(1, 2, 3), keepdim=True) >= smallest
    return _grown(closed, growth) * enough


def _grown(values: Tensor, radius: int) -> Tensor:
    # padding never wins a maximum, so that the map's own edge is no gap
    return functional.max_pool2d(values, 2 * radius + 1, stride=1, padding=radius) if radius else values


def _widths(side: int, width: int, levels: int) -> tuple[int, ...]:
    deepest = max(1, min(levels, int(math.log2(side)) - 2))
    return tuple(width * min(2**level, _WIDEST) for level in range(deepest))


def _block(convolution: nn.Conv2d) -> nn.Sequential:
    return nn.Sequential(convolution, nn.BatchNorm2d(convolution.out_channels), nn.ReLU())


def _weighing_block(convolution: nn.Conv2d) -> nn.Sequential:
    return _block(convolution).append(SqueezeExcitation(convolution.out_channels))
