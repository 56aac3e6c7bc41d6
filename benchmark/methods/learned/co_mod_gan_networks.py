"""The networks of the co-modulated GAN: encoder, mapping network, modulated synthesis, and the discriminator.

Zhao et al., *Large Scale Image Completion via Co-Modulated GANs*, ICLR 2021; layers of Karras et al., *Analyzing and
Improving the Image Quality of StyleGAN*, CVPR 2020 ("StyleGAN2" below). Pictures are halved by averaging and doubled
bilinearly, in place of StyleGAN2's four-tap filters: much the same blur, at a fraction of the cost on a processor.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from benchmark.methods.filling.completion import NEUTRAL
from benchmark.methods.filling.smooth_filling import smoothly_filled
from benchmark.methods.growing_networks import copy_common_layers

_FIRST_ADDITION = 0.1
"""How strong, to begin with, is what a network adds to a smooth start."""
_START = 4
"""Side at which the synthesis begins."""
_GAIN = math.sqrt(2)
"""Makes up for what a leaky rectifier of slope 0.2 takes away (StyleGAN2)."""


@dataclass(frozen=True)
class Widths:
    """How wide the networks are.

    Attributes:
        base: channels at side s are ``base / s``,
        most: but never more than these.
        latent: length of z and of what the mapping network makes of it.
        code: length of the encoder's image code.
        mapping_layers: of the mapping network.
        mapping_rate: its learning rate, as a share of the others'.
    """

    base: int
    most: int
    latent: int
    code: int
    mapping_layers: int
    mapping_rate: float = 0.01

    def at(self, side: int) -> int:
        """Channels of the pictures of `side` pixels.

        >>> Widths(base=32768, most=512, latent=512, code=1024, mapping_layers=8).at(256)
        128
        """
        return min(self.most, self.base // side)


class Generator(nn.Module):
    """Blanked face and latent in, painted face out; the latent and the image code modulate every layer together.

    Args:
        side: the side of the faces, a power of two.
        widths: the widths of the layers.
        smooth_start: the hole is shown filled with the colours around it, and the network adds to these; otherwise it
            is shown grey, as published.
    """

    def __init__(self, side: int, widths: Widths, *, smooth_start: bool = False) -> None:
        super().__init__()
        self.smooth_start = smooth_start
        self.encoder = _Encoder(side, widths)
        self.mapping = nn.Sequential(
            *(_Linear(widths.latent, widths.latent, rate=widths.mapping_rate) for _ in range(widths.mapping_layers))
        )
        style = widths.latent + widths.code
        self.start = _Linear(widths.code, widths.at(_START) * _START**2)
        self.first = _Modulated(widths.at(_START), widths.at(_START), style, side=_START)
        self.first_colours = _Modulated(widths.at(_START), 3, style, side=_START, colours=True)
        self.levels = nn.ModuleList(_Level(level, widths, style) for level in _sides_above_start(side))
        if smooth_start:
            for layer in self.modules():
                if isinstance(layer, _Modulated) and layer.colours:
                    layer.weight.data.mul_(_FIRST_ADDITION)

    def forward(self, shown: Tensor, latents: Tensor, *, fresh_noise: bool = False) -> Tensor:
        """Painted faces ``(B, 3, S, S)``, about [0, 1] but not clamped.

        Args:
            shown: ``(B, 4, S, S)`` of `benchmark.methods.filling.completion.blanked`.
            latents: ``(B, latent)``, standard normal.
            fresh_noise: the noise that is added to each layer is drawn anew (training); otherwise it is always the
                same picture.
        """
        background = torch.full_like(shown[:, :3], NEUTRAL)
        if self.smooth_start:
            background = smoothly_filled(shown[:, :3], shown[:, 3:])
            shown = torch.cat([background, shown[:, 3:]], dim=1)
        code, skips = self.encoder(shown * 2 - 1)
        latents = latents * (latents.square().mean(dim=1, keepdim=True) + 1e-8).rsqrt()
        style = torch.cat([self.mapping(latents), code], dim=1)
        features = self.start(code).view(len(code), -1, _START, _START) + skips[_START]
        features = self.first(features, style, fresh_noise=fresh_noise)
        colours = self.first_colours(features, style)
        for level in self.levels:
            features, colours = level(features, colours, skips, style, fresh_noise=fresh_noise)
        painted: Tensor = background + colours.float() / 2
        return painted

    def take_over(self, other: Generator) -> None:
        """Copy all layers but those of the largest pictures."""
        for name in ("mapping", "start", "first", "first_colours"):
            getattr(self, name).load_state_dict(getattr(other, name).state_dict())
        self.encoder.take_over(other.encoder)
        copy_common_layers(self.levels, other.levels)


class Discriminator(nn.Module):
    """One logit a face, above 0 = real; residual, told the hole, and shown how much the faces of a batch differ.

    Args:
        side: the side of the faces, a power of two.
        widths: the widths of the layers.
    """

    def __init__(self, side: int, widths: Widths) -> None:
        super().__init__()
        self.entrance = _Convolution(4, widths.at(side), kernel=1)
        self.levels = nn.ModuleList(
            _Halving(widths.at(level), widths.at(level // 2)) for level in reversed(_sides_above_start(side))
        )
        last = widths.at(_START)
        self.joint = _Convolution(last + 1, last, kernel=3)
        self.summary = _Linear(last * _START**2, last)
        self.verdict = _Linear(last, 1, active=False)

    def forward(self, faces: Tensor, holes: Tensor) -> Tensor:
        """Logits ``(B, 1)``.

        Args:
            faces: composited or true ones, ``(B, 3, S, S)`` in [0, 1].
            holes: ``(B, 1, S, S)``, 1 = painted, for true faces too.
        """
        features = self.entrance(torch.cat([faces * 2 - 1, holes * 2 - 1], dim=1))
        for level in self.levels:
            features = level(features)
        features = self.joint(torch.cat([features, batch_deviation(features)], dim=1))
        verdict: Tensor = self.verdict(self.summary(features.flatten(1)))
        return verdict


def batch_deviation(features: Tensor, group: int = 4) -> Tensor:
    """How much the faces of a batch differ: one number for each group of faces, as a map ``(B, 1, h, w)``.

    Karras et al., *Progressive Growing of GANs*, 2018, section 3: the standard deviation of each feature over the
    group, averaged over features and places. Groups are as large as the batch can be cut into, `group` at most.

    Args:
        features: ``(B, C, h, w)``.
        group: faces per group, at most.
    """
    count, _, height, width = features.shape
    size = next(size for size in range(min(group, count), 0, -1) if count % size == 0)
    grouped = features.float().reshape(size, count // size, -1)
    deviation = (grouped.var(dim=0, unbiased=False) + 1e-8).sqrt().mean(dim=1)
    return deviation.repeat(size).view(count, 1, 1, 1).expand(-1, 1, height, width).to(features.dtype)


class _Encoder(nn.Module):
    """From the blanked face to its code, keeping what it saw at every side."""

    def __init__(self, side: int, widths: Widths) -> None:
        super().__init__()
        self.entrance = _Convolution(4, widths.at(side), kernel=3)
        self.levels = nn.ModuleList(
            _Convolution(widths.at(level), widths.at(level // 2), kernel=3)
            for level in reversed(_sides_above_start(side))
        )
        self.code = _Linear(widths.at(_START) * _START**2, widths.code)

    def forward(self, shown: Tensor) -> tuple[Tensor, dict[int, Tensor]]:
        """The code ``(B, code)``, half of it dropped at random in training (Zhao et al., appendix A), and features by
        side."""
        features = self.entrance(shown)
        skips = {features.shape[-1]: features}
        for level in self.levels:
            features = level(functional.avg_pool2d(features, 2))
            skips[features.shape[-1]] = features
        return functional.dropout(self.code(features.flatten(1)), 0.5, training=self.training), skips

    def take_over(self, other: _Encoder) -> None:
        self.code.load_state_dict(other.code.state_dict())
        copy_common_layers(self.levels, other.levels, from_end=True)


class _Level(nn.Module):
    """Doubles the picture, adds what the encoder saw at this side, and adds to the colours (StyleGAN2, figure 7b)."""

    def __init__(self, side: int, widths: Widths, style: int) -> None:
        super().__init__()
        self.side = side
        self.doubled = _Modulated(widths.at(side // 2), widths.at(side), style, side=side)
        self.second = _Modulated(widths.at(side), widths.at(side), style, side=side)
        self.colours = _Modulated(widths.at(side), 3, style, side=side, colours=True)

    def forward(
        self, features: Tensor, colours: Tensor, skips: dict[int, Tensor], style: Tensor, *, fresh_noise: bool
    ) -> tuple[Tensor, Tensor]:
        features = self.doubled(_doubled(features), style, fresh_noise=fresh_noise) + skips[self.side]
        features = self.second(features, style, fresh_noise=fresh_noise)
        return features, _doubled(colours) + self.colours(features, style)


class _Halving(nn.Module):
    """A residual block that halves the picture (StyleGAN2, figure 7c); its sum is divided by √2, here each summand."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.first = _Convolution(inputs, inputs, kernel=3)
        self.second = _Convolution(inputs, outputs, kernel=3, gain=1.0)
        self.shortcut = _Convolution(inputs, outputs, kernel=1, active=False, gain=1 / _GAIN)

    def forward(self, features: Tensor) -> Tensor:
        small = functional.avg_pool2d(features, 2)
        main: Tensor = self.second(functional.avg_pool2d(self.first(features), 2))
        beside: Tensor = self.shortcut(small)
        return main + beside


class _Modulated(nn.Module):
    """A convolution whose inputs are scaled by the style, and whose outputs are brought back to unit variance.

    StyleGAN2, equations 1 and 3; scaling features in place of weights, so that one convolution serves the whole batch.

    Args:
        inputs: channels.
        outputs: channels.
        style: its length.
        side: the side of the picture, for its noise.
        colours: a 1×1 convolution to colours: no demodulation, noise or rectifier.
    """

    noise: Tensor

    def __init__(self, inputs: int, outputs: int, style: int, *, side: int, colours: bool = False) -> None:
        super().__init__()
        kernel = 1 if colours else 3
        self.weight = nn.Parameter(torch.randn(outputs, inputs, kernel, kernel))
        self.bias = nn.Parameter(torch.zeros(outputs))
        self.style = _Linear(style, inputs, active=False, bias=1.0)
        self.scale = 1 / math.sqrt(inputs * kernel**2)
        self.colours = colours
        if not colours:
            self.noise_strength = nn.Parameter(torch.zeros(()))
            self.register_buffer("noise", torch.randn(1, 1, side, side))

    def forward(self, features: Tensor, style: Tensor, *, fresh_noise: bool = False) -> Tensor:
        factors = self.style(style).float()
        weight = self.weight * self.scale
        scaled = features * factors[:, :, None, None].to(features.dtype)
        made = functional.conv2d(scaled, weight, padding=weight.shape[-1] // 2)
        if self.colours:
            return made + self.bias.view(1, -1, 1, 1).to(made.dtype)
        with torch.autocast(features.device.type, enabled=False):
            variance = factors.square() @ weight.float().square().sum(dim=(2, 3)).t()
            demodulation = (variance + 1e-8).rsqrt() * _GAIN
        noise = self.noise
        if fresh_noise:
            noise = torch.randn(len(made), 1, *made.shape[-2:]).to(made.device)
        # summed one by one: their sum, as large as all features, would cost more than the convolution
        bias, noise = (self.bias * _GAIN).view(1, -1, 1, 1), noise * (self.noise_strength * _GAIN)
        made = torch.addcmul(bias.to(made.dtype), made, demodulation[:, :, None, None].to(made.dtype))
        return functional.leaky_relu(made + noise.to(made.dtype), 0.2)


class _Convolution(nn.Module):
    """A convolution with an equalised learning rate (Karras et al. 2018, section 4.1).

    The rectifier's gain is in weight and bias: a rectifier of x times g is g times that of x, and the features, which
    are many times as many, need not be multiplied.

    Args:
        inputs: channels.
        outputs: channels.
        kernel: side of the convolution.
        active: a leaky rectifier follows.
        gain: what the outcome is multiplied by; None = the rectifier's.
    """

    def __init__(
        self, inputs: int, outputs: int, *, kernel: int, active: bool = True, gain: float | None = None
    ) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(outputs, inputs, kernel, kernel))
        self.bias = nn.Parameter(torch.zeros(outputs))
        self.gain = gain if gain is not None else _GAIN if active else 1.0
        self.scale = self.gain / math.sqrt(inputs * kernel**2)
        self.active = active

    def forward(self, features: Tensor) -> Tensor:
        weight = self.weight * self.scale
        made = functional.conv2d(features, weight, self.bias * self.gain, padding=weight.shape[-1] // 2)
        return functional.leaky_relu(made, 0.2) if self.active else made


class _Linear(nn.Module):
    """A linear layer with an equalised learning rate, times `rate`."""

    def __init__(self, inputs: int, outputs: int, *, active: bool = True, bias: float = 0.0, rate: float = 1.0) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(outputs, inputs) / rate)
        self.bias = nn.Parameter(torch.full((outputs,), bias / rate))
        self.scale, self.rate = rate / math.sqrt(inputs), rate
        self.active = active

    def forward(self, values: Tensor) -> Tensor:
        made = functional.linear(values, self.weight * self.scale, self.bias * self.rate)
        return functional.leaky_relu(made, 0.2) * _GAIN if self.active else made


def _sides_above_start(side: int) -> list[int]:
    return [_START << power for power in range(1, int(math.log2(side // _START)) + 1)]


def _doubled(images: Tensor) -> Tensor:
    return functional.interpolate(images, scale_factor=2, mode="bilinear", align_corners=False)
