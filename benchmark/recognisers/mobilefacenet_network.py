"""MobileFaceNet, our definition of the published architecture, and its weights.

Chen, Liu, Gao, Han: MobileFaceNets: Efficient CNNs for Accurate Real-Time Face Verification on Mobile Devices, CCBR
2018, table 1: inverted residual bottlenecks (MobileNetV2) with PReLU, and a global depthwise convolution, which weighs
every place of the last feature map, instead of an average.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from benchmark.recognisers.state_dict_file import fill, read_state_dict

EMBEDDING_SIZE = 128
_STEM = 64
_WIDE = 512
_STRIDE = 16
"""Of the whole network: a chip of 112 × 96 pixels ends in a map of 7 × 6."""
_BOTTLENECKS = ((2, 64, 5, 2), (4, 128, 1, 2), (2, 128, 6, 1), (4, 128, 1, 2), (2, 128, 2, 1))
"""(expansion, channels, repeats, stride of the first) of each group: table 1."""
_INPUT_SIZES = ((112, 112), (112, 96))


class MobileFaceNet(nn.Module):
    """Chips in, embeddings out; about a million parameters.

    Args:
        size: (height, width) of a chip, pixels, multiples of 16.
    """

    def __init__(self, size: tuple[int, int] = (112, 112)) -> None:
        super().__init__()
        last_map = (size[0] // _STRIDE, size[1] // _STRIDE)
        self.conv1 = _ConvBlock(3, _STEM, kernel=(3, 3), stride=2, padding=1)
        self.dw_conv1 = _ConvBlock(_STEM, _STEM, kernel=(3, 3), padding=1, groups=_STEM)
        self.blocks = nn.Sequential(*_bottlenecks())
        self.conv2 = _ConvBlock(_BOTTLENECKS[-1][1], _WIDE, kernel=(1, 1))
        self.linear7 = _ConvBlock(_WIDE, _WIDE, kernel=last_map, groups=_WIDE, linear=True)
        self.linear1 = _ConvBlock(_WIDE, EMBEDDING_SIZE, kernel=(1, 1), linear=True)

    def forward(self, chips: Tensor) -> Tensor:
        """Embeddings ``(N, 128)`` of chips ``(N, 3, height, width)``, RGB, (x − 127.5) / 128."""
        features = self.blocks(self.dw_conv1(self.conv1(chips)))
        embeddings: Tensor = self.linear1(self.linear7(self.conv2(features))).flatten(1)
        return embeddings


class _ConvBlock(nn.Module):
    """Convolution, batch normalisation, and PReLU unless `linear`."""

    def __init__(
        self,
        inputs: int,
        outputs: int,
        *,
        kernel: tuple[int, int],
        stride: int = 1,
        padding: int = 0,
        groups: int = 1,
        linear: bool = False,
    ) -> None:
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, kernel, stride, padding, groups=groups, bias=False)
        self.bn: nn.Module = nn.BatchNorm2d(outputs)
        self.prelu = nn.Identity() if linear else nn.PReLU(outputs)

    def forward(self, inputs: Tensor) -> Tensor:
        """Features ``(N, outputs, h, w)``."""
        features: Tensor = self.prelu(self.bn(self.conv(inputs)))
        return features


class _Bottleneck(nn.Module):
    """Widen, convolve each channel by itself, narrow without a non-linearity; a shortcut where the shape is kept."""

    def __init__(self, inputs: int, outputs: int, *, expansion: int, stride: int) -> None:
        super().__init__()
        wide = inputs * expansion
        self.keeps_shape = stride == 1 and inputs == outputs
        self.conv = nn.Sequential(
            nn.Conv2d(inputs, wide, 1, bias=False),
            nn.BatchNorm2d(wide),
            nn.PReLU(wide),
            nn.Conv2d(wide, wide, 3, stride, 1, groups=wide, bias=False),
            nn.BatchNorm2d(wide),
            nn.PReLU(wide),
            nn.Conv2d(wide, outputs, 1, bias=False),
            nn.BatchNorm2d(outputs),
        )

    def forward(self, inputs: Tensor) -> Tensor:
        """Features ``(N, outputs, h, w)``."""
        features: Tensor = self.conv(inputs)
        return inputs + features if self.keeps_shape else features


def _bottlenecks() -> Iterator[_Bottleneck]:
    inputs = _STEM
    for expansion, channels, repeats, stride in _BOTTLENECKS:
        for repeat in range(repeats):
            yield _Bottleneck(inputs, channels, expansion=expansion, stride=1 if repeat else stride)
            inputs = channels


def folded(network: nn.Module) -> nn.Module:
    """`network` with every batch normalisation made part of the convolution before it; faster, and no longer to train.

    Works on modules in which the one follows the other: the blocks and the `nn.Sequential`s above. Changes them.
    """
    for module in network.modules():
        if isinstance(module, _ConvBlock) and isinstance(module.bn, nn.BatchNorm2d):
            module.conv, module.bn = fuse_conv_bn_eval(module.conv, module.bn), nn.Identity()
        elif isinstance(module, nn.Sequential):
            for place, (first, second) in enumerate(pairwise(module)):
                if isinstance(first, nn.Conv2d) and isinstance(second, nn.BatchNorm2d):
                    module[place], module[place + 1] = fuse_conv_bn_eval(first, second), nn.Identity()
    return network


def read_mobilefacenet(file: Path) -> tuple[MobileFaceNet, tuple[int, int]]:
    """The network whose state dict a PyTorch file holds.

    Returns:
        The network and the (height, width) of its chips, told from the file.

    Raises:
        PluginError: the file cannot be read, is cut short, belongs to another architecture, or holds NaN.
    """
    state = read_state_dict(file)
    last = state.get("linear7.conv.weight")
    size = _INPUT_SIZES[0]
    if last is not None and last.ndim == 4:
        size = (last.shape[2] * _STRIDE, last.shape[3] * _STRIDE)
    network = MobileFaceNet(size if size in _INPUT_SIZES else _INPUT_SIZES[0])
    fill(network, state, file=file, architecture="a MobileFaceNet for 112×112 or 112×96 pixels")
    return network, size
