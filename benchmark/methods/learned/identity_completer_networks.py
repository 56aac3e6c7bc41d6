"""The networks of the identity completer: a slim U-Net that paints, and a critic of patches."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.parametrizations import spectral_norm

from benchmark.methods.enlarged_features import joined
from benchmark.methods.filling.smooth_filling import smoothly_filled

_WIDTHS = (16, 32, 64, 128, 208)
_INPUTS = 6
"""Three colours, the hole, and where a pixel is."""
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
    """Four halvings, a skip from each level, few channels where the picture is large: 1,653,715 parameters.

    Ronneberger, Fischer and Brox, *U-Net*, MICCAI 2015, made slim. At the bottom, where a face of 64 px has 4 × 4
    cells, a dilated convolution lets each cell see all of it: what the eyes say must reach the mouth.

    It is shown the hole filled with the colours around it, and the places of the pixels (the crops are aligned: a
    mouth has its place), and adds to that filling; at first it adds nothing.
    """

    def __init__(self) -> None:
        super().__init__()
        levels = zip((_INPUTS, *_WIDTHS[:-1]), _WIDTHS, strict=True)
        bottom = len(_WIDTHS) - 1
        self.down = nn.ModuleList(
            _Block(inputs, outputs, dilation=2 if level == bottom else 1)
            for level, (inputs, outputs) in enumerate(levels)
        )
        self.up = nn.ModuleList(
            _Block(_WIDTHS[level + 1] + _WIDTHS[level], _WIDTHS[level]) for level in reversed(range(bottom))
        )
        self.head = nn.Conv2d(_WIDTHS[0], 3, 3, padding=1)
        for parameter in self.head.parameters():
            nn.init.zeros_(parameter)

    def forward(self, shown: Tensor) -> Tensor:
        """Painted faces ``(B, 3, S, S)``, about [0, 1] but not clamped.

        Args:
            shown: ``(B, 4, S, S)`` of `benchmark.methods.filling.completion.blanked`; S divisible by `SIDE_STEP`.
        """
        with torch.no_grad():
            filled = smoothly_filled(shown[:, :3].float(), shown[:, 3:].float())
            features = torch.cat([filled * 2 - 1, shown[:, 3:], _places(shown)], dim=1)
        skips = []
        for level, block in enumerate(self.down):
            features = block(features if level == 0 else functional.avg_pool2d(features, 2))
            skips.append(features)
        for block, skip in zip(self.up, reversed(skips[:-1]), strict=True):
            features = block(joined(features, skip))
        added: Tensor = self.head(features)
        return filled + added.float()


def _places(images: Tensor) -> Tensor:
    """Column and row of each pixel, −1 to 1, ``(B, 2, H, W)``."""
    height, width = images.shape[-2:]
    rows = torch.linspace(-1, 1, height, device=images.device).view(1, 1, -1, 1).expand(len(images), 1, height, width)
    columns = torch.linspace(-1, 1, width, device=images.device).view(1, 1, 1, -1).expand(len(images), 1, height, width)
    return torch.cat([columns, rows], dim=1)


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
