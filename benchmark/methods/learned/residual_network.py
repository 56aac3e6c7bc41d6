"""The network of the thesis's residual regressor (figure 6)."""

from __future__ import annotations

import torch
from torch import Tensor, nn


def _convolution(inputs: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(inputs, outputs, kernel_size=3, padding=1), nn.ReLU())


class ErrorNetwork(nn.Module):
    """Models the error between a masked face and the true one: 28,643 trainable parameters.

    Six 3×3 convolutions, 3→16→32, a residual block 32→32→32, 32→16→3, each but the last followed by a ReLU. Figure 6
    lists a second ReLU after the fifth convolution's; a ReLU of a ReLU changes nothing, and it is kept.

    **Where the skips and the tanh sit.** Figure 6 names the layers, not the additions; the thesis says that the model
    is a *resnet* and that input + error = output (equation 3.1). So there are two skips: the block of two 32→32
    convolutions adds its input to its result, and the whole network adds its input to its error. The figure ends in a
    tanh of three channels: that is the error. The sum is formed in normalised space (each channel minus the training
    mean, over the training standard deviation; section 3.2), where the thesis's data live, and *after* the tanh: a
    tanh of the sum could not return bright or dark pixels unchanged, and equation 3.1 would not hold. With
    `error_scale` 1, as in the thesis, no pixel can therefore move by more than one standard deviation (about a quarter
    of the range): too little to turn a white mask into dark skin. A larger scale lifts that bound.

    Args:
        error_scale: largest error, standard deviations.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, error_scale: float = 1.0) -> None:
        super().__init__()
        self.error_scale = error_scale
        self.widen = _convolution(3, 16)
        self.deepen = _convolution(16, 32)
        self.residual = nn.Sequential(_convolution(32, 32), _convolution(32, 32))
        self.narrow = nn.Sequential(
            _convolution(32, 16), nn.ReLU(), nn.Conv2d(16, 3, kernel_size=3, padding=1), nn.Tanh()
        )
        self.register_buffer("mean", torch.zeros(1, 3, 1, 1))
        self.register_buffer("std", torch.ones(1, 3, 1, 1))

    def forward(self, normalised: Tensor) -> Tensor:
        """The error, normalised units, of normalised faces ``(B, 3, H, W)``."""
        features = self.deepen(self.widen(normalised))
        error: Tensor = self.narrow(features + self.residual(features))
        return error * self.error_scale

    def normalise(self, images: Tensor) -> Tensor:
        """From [0, 1] to zero mean and unit variance over the training pixels."""
        return (images - self.mean) / self.std
