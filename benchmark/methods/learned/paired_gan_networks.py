"""The networks of the thesis's paired GAN: its figures 9 and 10, layer by layer."""

from __future__ import annotations

from itertools import pairwise

from torch import Tensor, nn

from benchmark.errors import RequestError
from benchmark.methods.enlarged_features import enlarged

_SLOPE = 0.2
_CHANNELS = (3, 64, 128, 64, 32, 16, 8, 4, 2, 1)
"""Channels that enter the discriminator and leave each of its blocks (figure 9)."""
MIN_SIDE = 16


def _convolution(inputs: int, outputs: int, *, stride: int = 1, dilation: int = 1) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, stride=stride, padding=dilation, dilation=dilation),
        nn.BatchNorm2d(outputs),
        nn.ReLU(),
    )


class PairedGenerator(nn.Module):
    """From a masked face to a face: 57,779 trainable parameters.

    Ten 3×3 convolutions (figure 10): 3→16→32, a residual block 32→32→32, 32→64→16, a residual block 16→16→16, then
    16→8→3 without batch normalisation, and a tanh. Figure 10 names the layers, not the additions; as in the thesis's
    residual regressor a block adds its input to its result.

    With ``wide_view`` the same layers see the whole face instead of the 21 pixels around each: two of them have
    stride 2, four are dilated, and the features are enlarged again and added to those of the first layer, which know
    where edges are. All that costs no parameter.

    Args:
        wide_view: see above; else every convolution works at full size, as in the thesis.
    """

    def __init__(self, *, wide_view: bool) -> None:
        super().__init__()
        self._wide_view = wide_view
        stride, dilations = (2, (2, 4, 2, 4)) if wide_view else (1, (1, 1, 1, 1))
        self.widen = _convolution(3, 16)
        self.deepen = _convolution(16, 32, stride=stride)
        self.first = nn.Sequential(
            _convolution(32, 32, dilation=dilations[0]), _convolution(32, 32, dilation=dilations[1])
        )
        self.broaden = _convolution(32, 64, stride=stride, dilation=dilations[2])
        self.narrow = _convolution(64, 16, dilation=dilations[3])
        self.second = nn.Sequential(_convolution(16, 16), _convolution(16, 16))
        self.paint = nn.Sequential(nn.Conv2d(16, 8, 3, padding=1), nn.ReLU(), nn.Conv2d(8, 3, 3, padding=1), nn.Tanh())

    def forward(self, faces: Tensor) -> Tensor:
        """``(B, 3, H, W)`` in [−1, 1] of faces in [−1, 1]."""
        fine = self.widen(faces)
        coarse = self.deepen(fine)
        coarse = coarse + self.first(coarse)
        features = self.narrow(self.broaden(coarse))
        if self._wide_view:
            features = enlarged(features, coarse)
        features = features + self.second(features)
        if self._wide_view:
            features = fine + enlarged(features, fine)
        painted: Tensor = self.paint(features)
        return painted


class PairedDiscriminator(nn.Module):
    """The logit of "a real face": 174,711 trainable parameters at every side.

    Nine blocks of a 3×3 convolution, batch normalisation, LeakyReLU and a max-pool that halves the side, of 64, 128,
    64, 32, 16, 8, 4, 2 channels and one (figure 9; the thesis's sigmoid is left to the loss). From 512 pixels they
    leave a single number. On smaller faces the pools just before the final one are dropped, as many as it takes for
    the final one to see 2×2 pixels or 3×3, as it does at 512. On larger faces the numbers that are left are averaged.

    In figure 9 the score itself passes a LeakyReLU and a maximum over 2×2 positions: what speaks against a face is
    shrunk, and hardly any gradient is left for the generator to learn from. With ``linear_score`` the last block
    averages its normalised numbers instead. That costs no parameter.

    Args:
        side: the side of the faces, pixels.
        linear_score: see above; else as in the thesis.

    Raises:
        RequestError: the side is below 16.
    """

    def __init__(self, side: int, *, linear_score: bool) -> None:
        super().__init__()
        if side < MIN_SIDE:
            raise RequestError(f"the paired GAN's discriminator needs faces of {MIN_SIDE} pixels or more, not {side}")
        *earlier, last = list(pairwise(_CHANNELS))
        pools = side.bit_length() - 2
        blocks = [_block(*channels, pooled=number < pools) for number, channels in enumerate(earlier)]
        score = [nn.Conv2d(*last, 3, padding=1), nn.BatchNorm2d(1)]
        score += [nn.AvgPool2d(2)] if linear_score else [nn.LeakyReLU(_SLOPE), nn.MaxPool2d(2)]
        self.blocks = nn.Sequential(*blocks, nn.Sequential(*score))

    def forward(self, faces: Tensor) -> Tensor:
        """Logits ``(B,)`` of faces ``(B, 3, side, side)`` in [−1, 1]."""
        logits: Tensor = self.blocks(faces).flatten(1).mean(1)
        return logits


def _block(inputs: int, outputs: int, *, pooled: bool) -> nn.Sequential:
    layers = [nn.Conv2d(inputs, outputs, 3, padding=1), nn.BatchNorm2d(outputs), nn.LeakyReLU(_SLOPE)]
    return nn.Sequential(*layers, nn.MaxPool2d(2)) if pooled else nn.Sequential(*layers)
