"""The networks of the identity completer: a slim U-Net that paints, and a critic of patches."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.parametrizations import spectral_norm

_WIDTHS = (16, 32, 64, 128, 208)
_CRITIC_WIDTHS = (32, 64, 128)
SIDE_STEP = 16
"""The U-Net halves its picture four times."""


class _Block(nn.Module):
    """Two 3×3 convolutions, each normalised over the batch."""

    def __init__(self, inputs: int, outputs: int, *, dilation: int = 1) -> None:
        super().__init__()
        self.first = nn.Conv2d(inputs, outputs, 3, padding=1, bias=False)
        self.second = nn.Conv2d(outputs, outputs, 3, padding=dilation, dilation=dilation, bias=False)
        self.norms = nn.ModuleList([nn.BatchNorm2d(outputs), nn.BatchNorm2d(outputs)])

    def forward(self, features: Tensor) -> Tensor:
        """Features ``(B, outputs, h, w)``."""
        for convolution, norm in zip((self.first, self.second), self.norms, strict=True):
            features = functional.leaky_relu(norm(convolution(features)), 0.2)
        return features


class SlimUNet(nn.Module):
    """Four halvings, a skip from each level, few channels where the picture is large: 1,653,427 parameters.

    Ronneberger, Fischer and Brox, *U-Net*, MICCAI 2015, made slim. At the bottom, where a face of 64 px has 4 × 4
    cells, a dilated convolution lets each cell see all of it: what the eyes say must reach the mouth.
    """

    def __init__(self) -> None:
        super().__init__()
        levels = zip((4, *_WIDTHS[:-1]), _WIDTHS, strict=True)
        bottom = len(_WIDTHS) - 1
        self.down = nn.ModuleList(
            _Block(inputs, outputs, dilation=2 if level == bottom else 1)
            for level, (inputs, outputs) in enumerate(levels)
        )
        self.up = nn.ModuleList(
            _Block(_WIDTHS[level + 1] + _WIDTHS[level], _WIDTHS[level]) for level in reversed(range(bottom))
        )
        self.head = nn.Conv2d(_WIDTHS[0], 3, 3, padding=1)

    def forward(self, shown: Tensor) -> Tensor:
        """Painted faces ``(B, 3, S, S)`` in [0, 1].

        Args:
            shown: ``(B, 4, S, S)`` of `benchmark.methods.completion.blanked`; S divisible by `SIDE_STEP`.
        """
        features = shown * 2 - 1
        skips = []
        for level, block in enumerate(self.down):
            features = block(features if level == 0 else functional.avg_pool2d(features, 2))
            skips.append(features)
        for block, skip in zip(self.up, reversed(skips[:-1]), strict=True):
            enlarged = functional.interpolate(features, size=skip.shape[-2:], mode="bilinear", align_corners=False)
            features = block(torch.cat([enlarged, skip], dim=1))
        return torch.sigmoid(self.head(features).float())


class PatchCritic(nn.Module):
    """Says of each patch whether it was painted: three halvings, spectrally normalised, 167,265 parameters.

    Isola et al., *Image-to-Image Translation with Conditional Adversarial Networks*, 2017, section 3.2.2, with the
    normalisation of Miyato et al. 2018. It is told where the hole is.
    """

    def __init__(self) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for inputs, outputs in zip((4, *_CRITIC_WIDTHS[:-1]), _CRITIC_WIDTHS, strict=True):
            layers += [spectral_norm(nn.Conv2d(inputs, outputs, 4, stride=2, padding=1)), nn.LeakyReLU(0.2)]
        self.layers = nn.Sequential(*layers, spectral_norm(nn.Conv2d(_CRITIC_WIDTHS[-1], 1, 3, padding=1)))

    def forward(self, faces: Tensor, holes: Tensor) -> Tensor:
        """Logits ``(B, 1, S / 8, S / 8)``, above 0 = real.

        Args:
            faces: composited or true ones, ``(B, 3, S, S)`` in [0, 1].
            holes: ``(B, 1, S, S)``, 1 = painted, for true faces too.
        """
        logits: Tensor = self.layers(torch.cat([faces * 2 - 1, holes], dim=1))
        return logits
