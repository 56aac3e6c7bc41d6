"""EdgeNeXt-XX-Small with an embedding in place of its classes, as EdgeFace-XXS uses it: our definition and its weights.

Maaz et al.: *EdgeNeXt: Efficiently Amalgamated CNN-Transformer Architecture for Mobile Vision Applications*, ECCV
Workshops 2022, figure 2 and table 2. Parameters are named as timm's ``edgenext_xx_small`` names them.
"""

from __future__ import annotations

import math
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional

from benchmark.recognisers.state_dict_file import fill, read_state_dict

EMBEDDING_SIZE = 512
_CHANNELS = (24, 48, 88, 168)
_ENCODERS = (2, 2, 6, 2)
"""Of each stage; from the second stage on the last one has attention."""
_KERNELS = (3, 5, 7, 9)
_SCALES = (2, 2, 3, 4)
"""Groups of channels in the attention encoder, each convolved after the one before was added to it."""
_STAGE_WITH_POSITIONS = 1
_HEADS = 4
_EXPANSION = 4
_EPSILON = 1e-6
_WAVES = 32
"""Sines and cosines a direction in the positional encoding."""
_LONGEST_WAVE = 10_000.0


class EdgeNeXt(nn.Module):
    """Chips in, embeddings out: 1,244,744 parameters."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, _CHANNELS[0], 4, stride=4), _ChannelNorm(_CHANNELS[0]))
        self.stages = nn.Sequential(*map(_Stage, range(len(_CHANNELS))))
        self.head = _Head(_CHANNELS[-1])

    def forward(self, chips: Tensor) -> Tensor:
        """Embeddings ``(N, 512)`` of chips ``(N, 3, height, width)``, RGB, (x − 127.5) / 127.5; sides multiples of 32
        or a little above, as 112."""
        embeddings: Tensor = self.head(self.stages(self.stem(chips)))
        return embeddings


class _ChannelNorm(nn.LayerNorm):
    """Layer normalisation over the channels of ``(N, C, H, W)``."""

    def __init__(self, channels: int) -> None:
        super().__init__(channels, eps=_EPSILON)

    def forward(self, inputs: Tensor) -> Tensor:
        return super().forward(inputs.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)


class _Stage(nn.Module):
    """Halves the picture (all stages but the first), then its encoders."""

    def __init__(self, number: int) -> None:
        super().__init__()
        channels, count = _CHANNELS[number], _ENCODERS[number]
        self.downsample: nn.Module = nn.Identity()
        if number > 0:
            before = _CHANNELS[number - 1]
            self.downsample = nn.Sequential(_ChannelNorm(before), nn.Conv2d(before, channels, 2, stride=2))
        with_attention = 1 if number > 0 else 0
        encoders: list[nn.Module] = [
            _ConvolutionEncoder(channels, _KERNELS[number]) for _ in range(count - with_attention)
        ]
        if with_attention:
            encoders.append(_AttentionEncoder(channels, _SCALES[number], positions=number == _STAGE_WITH_POSITIONS))
        self.blocks = nn.Sequential(*encoders)

    def forward(self, inputs: Tensor) -> Tensor:
        features: Tensor = self.blocks(self.downsample(inputs))
        return features


class _Perceptron(nn.Module):
    """Two layers applied to every place, on channels-last features."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.fc1 = nn.Linear(channels, _EXPANSION * channels)
        self.fc2 = nn.Linear(_EXPANSION * channels, channels)

    def forward(self, inputs: Tensor) -> Tensor:
        features: Tensor = self.fc2(functional.gelu(self.fc1(inputs)))
        return features


class _ConvolutionEncoder(nn.Module):
    """A depthwise convolution and a perceptron beside a shortcut."""

    def __init__(self, channels: int, kernel: int) -> None:
        super().__init__()
        self.conv_dw = nn.Conv2d(channels, channels, kernel, padding=kernel // 2, groups=channels)
        self.norm = nn.LayerNorm(channels, eps=_EPSILON)
        self.mlp = _Perceptron(channels)
        self.gamma = nn.Parameter(torch.ones(channels))

    def forward(self, inputs: Tensor) -> Tensor:
        features = self.norm(self.conv_dw(inputs).permute(0, 2, 3, 1))
        mixed: Tensor = self.gamma * self.mlp(features)
        return inputs + mixed.permute(0, 3, 1, 2)


class _AttentionEncoder(nn.Module):
    """Split depthwise transpose attention: groups of channels see ever more of the picture, then all see each other."""

    def __init__(self, channels: int, scales: int, *, positions: bool) -> None:
        super().__init__()
        width = math.ceil(channels / scales)
        self.convs = nn.ModuleList(nn.Conv2d(width, width, 3, padding=1, groups=width) for _ in range(scales - 1))
        self.pos_embd = _Positions(channels) if positions else None
        self.norm_xca = nn.LayerNorm(channels, eps=_EPSILON)
        self.gamma_xca = nn.Parameter(torch.ones(channels))
        self.xca = _CrossCovarianceAttention(channels)
        self.norm = nn.LayerNorm(channels, eps=_EPSILON)
        self.mlp = _Perceptron(channels)
        self.gamma = nn.Parameter(torch.ones(channels))

    def forward(self, inputs: Tensor) -> Tensor:
        *groups, last = inputs.chunk(len(self.convs) + 1, dim=1)
        convolved = [self.convs[0](groups[0])]
        for convolution, group in zip(self.convs[1:], groups[1:], strict=True):
            convolved.append(convolution(convolved[-1] + group))
        features = torch.cat([*convolved, last], dim=1)
        if self.pos_embd is not None:
            features = features + self.pos_embd(*features.shape[2:])
        places = features.permute(0, 2, 3, 1)
        tokens = places.flatten(1, 2)
        tokens = tokens + self.gamma_xca * self.xca(self.norm_xca(tokens))
        mixed: Tensor = self.gamma * self.mlp(self.norm(tokens.reshape(places.shape)))
        return inputs + mixed.permute(0, 3, 1, 2)


class _CrossCovarianceAttention(nn.Module):
    """Attention between channels instead of places (El-Nouby et al., *XCiT*, NeurIPS 2021, equation 3)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.temperature = nn.Parameter(torch.ones(_HEADS, 1, 1))
        self.qkv = nn.Linear(channels, 3 * channels)
        self.proj = nn.Linear(channels, channels)

    def forward(self, tokens: Tensor) -> Tensor:
        count, places, channels = tokens.shape
        split = self.qkv(tokens).reshape(count, places, 3, _HEADS, channels // _HEADS)
        query, key, value = split.permute(2, 0, 3, 4, 1)  # each (N, heads, channels a head, places)
        query, key = functional.normalize(query, dim=-1), functional.normalize(key, dim=-1)
        weights = (query @ key.transpose(-2, -1) * self.temperature).softmax(dim=-1)
        attended: Tensor = self.proj((weights @ value).permute(0, 3, 1, 2).reshape(count, places, channels))
        return attended


class _Positions(nn.Module):
    """Where each place is: waves along both directions (Carion et al., *DETR*, ECCV 2020, section A.4), projected."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.token_projection = nn.Conv2d(2 * _WAVES, channels, 1)

    def forward(self, height: int, width: int) -> Tensor:
        """``(1, channels, height, width)``."""
        weight = self.token_projection.weight
        down, across = (_waves(length, weight.device) for length in (height, width))
        waves = torch.cat(
            [
                down[:, :, None].expand(-1, -1, width),
                across[:, None, :].expand(-1, height, -1),
            ]
        )
        projected: Tensor = self.token_projection(waves[None].to(weight.dtype))
        return projected


def _waves(length: int, device: torch.device) -> Tensor:
    """``(waves, length)``: sine and cosine in turn, of ever longer waves."""
    place = torch.arange(1, length + 1, device=device, dtype=torch.float32) / (length + _EPSILON) * 2 * math.pi
    exponent = 2 * torch.arange(_WAVES // 2, device=device, dtype=torch.float32) / _WAVES
    phase = place / _LONGEST_WAVE ** exponent[:, None]
    return torch.stack([phase.sin(), phase.cos()], dim=1).flatten(0, 1)


class _Head(nn.Module):
    """The mean over all places, normalised and projected to the embedding."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(channels, eps=_EPSILON)
        self.fc = nn.Linear(channels, EMBEDDING_SIZE)

    def forward(self, features: Tensor) -> Tensor:
        embeddings: Tensor = self.fc(self.norm(features.mean(dim=(2, 3))))
        return embeddings


def read_edgeface(file: Path) -> EdgeNeXt:
    """The network whose state dict a safetensors or PyTorch file holds.

    Raises:
        PluginError: the file cannot be read, is cut short, belongs to another architecture, or holds NaN.
    """
    network = EdgeNeXt()
    fill(network, read_state_dict(file), file=file, architecture="an EdgeFace-XXS")
    return network
