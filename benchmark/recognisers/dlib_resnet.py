"""dlib's face recognition network in plain PyTorch: the same weights, differentiable, batched, on any device.

The architecture is ResNet-34 of He et al. 2016 with fewer layers and half the filters, as dlib's example
``dnn_face_recognition_ex.cpp`` (Davis King, 2017) gives it. dlib stores 29 convolutions, each followed by an affine
layer (a frozen batch normalisation), and one 256×128 matrix. The affines are folded into the convolutions here.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

EMBEDDING_SIZE = 128
CHANNEL_MEANS = (122.782, 117.001, 104.298)
"""Red, green, blue; dlib's ``input_rgb_image_sized<150>`` subtracts them and divides by 256."""

_BLOCKS: tuple[tuple[int, bool], ...] = (
    *((32, False),) * 3,
    *((64, True), *((64, False),) * 3),
    *((128, True), *((128, False),) * 2),
    *((256, True), *((256, False),) * 2),
    (256, True),
)
"""(filters, whether it halves the picture) of each residual block, from the input to the output."""


@dataclass(frozen=True)
class DlibWeights:
    """What the file holds, in the order of the network.

    Attributes:
        convolutions: ``(weight (O, I, k, k), bias (O,))`` of each, its affine layer folded in.
        matrix: ``float32 (256, 128)``, pooled features to embedding.
    """

    convolutions: Sequence[tuple[NDArray[np.float32], NDArray[np.float32]]]
    matrix: NDArray[np.float32]


def parse_dlib_weights(content: bytes) -> DlibWeights:
    """Read dlib's serialised network.

    dlib writes, from the input to the output, each layer's name and its tensor: four dimensions as variable-length
    integers, then little-endian float32. A convolution holds its filters, then its biases; an affine layer its
    factors, then its summands.

    Args:
        content: bytes of ``dlib_face_recognition_resnet_model_v1.dat``.

    Raises:
        ValueError: the bytes are not this network.
    """
    reader = _Reader(content)
    convolutions: list[tuple[NDArray[np.float32], NDArray[np.float32]]] = []
    for filters, channels, kernel in _convolution_shapes():
        values = reader.tensor(b"\x01\x05con_4")
        affine = reader.tensor(b"\x01\x07affine_")
        if len(values) != filters * channels * kernel * kernel + filters or len(affine) != 2 * filters:
            raise ValueError(f"convolution {len(convolutions)} has another shape than dlib's network")
        factor, summand = affine[:filters].astype(np.float64), affine[filters:].astype(np.float64)
        weight = values[:-filters].reshape(filters, channels, kernel, kernel) * factor[:, None, None, None]
        bias = values[-filters:] * factor + summand
        convolutions.append((weight.astype(np.float32), bias.astype(np.float32)))
    matrix = reader.tensor(b"\x01\x04fc_2", integers_before=2)
    if len(matrix) != _BLOCKS[-1][0] * EMBEDDING_SIZE:
        raise ValueError("the last matrix has another shape than dlib's network")
    return DlibWeights(convolutions, matrix.reshape(_BLOCKS[-1][0], EMBEDDING_SIZE))


class DlibResNet(nn.Module):
    """Chips in, embeddings out: 5,607,488 numbers, frozen, differentiable with respect to the chips.

    Args:
        weights: of `parse_dlib_weights`.
    """

    means: Tensor
    matrix: Tensor

    def __init__(self, weights: DlibWeights) -> None:
        super().__init__()
        layers = [
            _convolution(*pair, stride=stride) for pair, stride in zip(weights.convolutions, _strides(), strict=True)
        ]
        self.stem = layers[0]
        self.blocks = nn.Sequential(
            *(
                _ResidualBlock(layers[1 + 2 * index], layers[2 + 2 * index], halves=halves)
                for index, (_, halves) in enumerate(_BLOCKS)
            )
        )
        self.register_buffer("means", torch.tensor(CHANNEL_MEANS).reshape(1, 3, 1, 1))
        self.register_buffer("matrix", torch.from_numpy(weights.matrix.copy()))
        self.requires_grad_(False)

    def forward(self, chips: Tensor) -> Tensor:
        """Embeddings ``float32 (N, 128)`` of chips ``float32 (N, 3, 150, 150)`` in [0, 1], RGB.

        The convolutions run in the weights' own precision (bfloat16 after ``network.stem.bfloat16()`` and
        ``network.blocks.bfloat16()``); what enters and leaves is float32.
        """
        normalised = (chips * 255 - self.means) / 256
        features = functional.relu(self.stem(normalised.to(self.stem.weight.dtype)))
        features = self.blocks(functional.max_pool2d(features, 3, stride=2))
        embeddings: Tensor = features.float().mean(dim=(2, 3)) @ self.matrix
        return embeddings


class _ResidualBlock(nn.Module):
    """Two convolutions beside a shortcut; where their sums differ in shape, the smaller is padded with zeros."""

    def __init__(self, first: nn.Conv2d, second: nn.Conv2d, *, halves: bool) -> None:
        super().__init__()
        self.first = first
        self.second = second
        self.halves = halves

    def forward(self, inputs: Tensor) -> Tensor:
        """Features of this block, ``(N, O, h, w)``."""
        main = self.second(functional.relu(self.first(inputs)))
        shortcut = functional.avg_pool2d(inputs, 2) if self.halves else inputs
        shape = [max(pair) for pair in zip(main.shape[1:], shortcut.shape[1:], strict=True)]
        return functional.relu(_grown(main, shape) + _grown(shortcut, shape))


def _grown(features: Tensor, shape: Sequence[int]) -> Tensor:
    """Pad channels, bottom and right with zeros up to (channels, height, width)."""
    channels, height, width = (wanted - have for wanted, have in zip(shape, features.shape[1:], strict=True))
    if channels == height == width == 0:
        return features
    return functional.pad(features, (0, width, 0, height, 0, channels))


def _convolution_shapes() -> Iterator[tuple[int, int, int]]:
    """(filters, input channels, kernel side) of the 29 convolutions in the order of the file."""
    yield 32, 3, 7
    channels = 32
    for filters, _ in _BLOCKS:
        yield filters, channels, 3
        yield filters, filters, 3
        channels = filters


def _strides() -> Iterator[int]:
    yield 2
    for _, halves in _BLOCKS:
        yield 2 if halves else 1
        yield 1


def _convolution(weight: NDArray[np.float32], bias: NDArray[np.float32], *, stride: int) -> nn.Conv2d:
    filters, channels, kernel, _ = weight.shape
    layer = nn.Conv2d(channels, filters, kernel, stride=stride, padding=0 if stride > 1 else kernel // 2)
    layer.weight.data = torch.from_numpy(weight.copy())
    layer.bias = nn.Parameter(torch.from_numpy(bias.copy()))
    return layer


class _Reader:
    """Walks dlib's bytes from tensor to tensor."""

    _TENSOR_VERSION = 2

    def __init__(self, content: bytes) -> None:
        self._content = content
        self._at = 0

    def tensor(self, layer: bytes, *, integers_before: int = 0) -> NDArray[np.float32]:
        """The tensor of the next layer called `layer` (its name with dlib's length prefix), flat."""
        found = self._content.find(layer, self._at)
        if found < 0:
            raise ValueError(f"there is no further layer '{layer[2:].decode()}'")
        self._at = found + len(layer)
        for _ in range(integers_before):
            self._integer()
        if self._integer() != self._TENSOR_VERSION:
            raise ValueError(f"the tensor of layer '{layer[2:].decode()}' is stored in an unknown version")
        count = int(np.prod([self._integer() for _ in range(4)]))
        if not 0 < count * 4 <= len(self._content) - self._at:
            raise ValueError(f"the file ends inside layer '{layer[2:].decode()}'")
        values = np.frombuffer(self._content, dtype="<f4", count=count, offset=self._at)
        self._at += count * 4
        return values

    def _integer(self) -> int:
        """dlib's variable-length integer: a byte with the sign (top bit) and the count of the bytes that follow."""
        control = self._content[self._at]
        length = control & 0x0F
        value = int.from_bytes(self._content[self._at + 1 : self._at + 1 + length], "little")
        self._at += 1 + length
        return -value if control & 0x80 else value
