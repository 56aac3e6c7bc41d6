"""The networks of the face generator: from a latent vector to a face, from a face to a score, and back to a vector."""

from __future__ import annotations

from itertools import pairwise

from torch import Tensor, nn

from benchmark.methods.growing_networks import copy_common_layers

LATENT = 128
"""Length of a latent vector."""
SIDES = (16, 32, 64, 128, 256)
_MAX_CHANNELS = 256
_SMALLEST = 4
_SLOPE = 0.2


def _channels(side: int) -> list[int]:
    """Channels at 4, 8, … side / 2 pixels: they halve as the picture doubles, whatever the side of the faces.

    >>> _channels(64)
    [256, 128, 64, 32]
    """
    return [_MAX_CHANNELS >> level for level in range((side // (2 * _SMALLEST)).bit_length())]


class LatentGenerator(nn.Module):
    """From a latent vector to a face, after Radford, Metz and Chintala, *DCGAN*, 2016, figure 1, a quarter as wide.

    A transposed convolution makes 4×4 pixels of the vector, each further one doubles the side; batch normalisation and
    ReLU between them, tanh at the end.

    Args:
        side: the side of the faces, one of `SIDES`.
    """

    def __init__(self, side: int) -> None:
        super().__init__()
        channels = _channels(side)
        layers: list[nn.Module] = [nn.ConvTranspose2d(LATENT, channels[0], _SMALLEST, bias=False)]
        for inputs, outputs in pairwise(channels):
            layers += [nn.BatchNorm2d(inputs), nn.ReLU()]
            layers += [nn.ConvTranspose2d(inputs, outputs, 4, stride=2, padding=1, bias=False)]
        layers += [nn.BatchNorm2d(channels[-1]), nn.ReLU()]
        layers += [nn.ConvTranspose2d(channels[-1], 3, 4, stride=2, padding=1), nn.Tanh()]
        self.layers = nn.Sequential(*layers)

    def forward(self, latents: Tensor) -> Tensor:
        """Faces ``(B, 3, side, side)`` in [−1, 1] of latent vectors ``(B, LATENT)``."""
        faces: Tensor = self.layers(latents[:, :, None, None])
        return faces

    def take_over(self, other: LatentGenerator) -> None:
        """Copy all layers but those of the largest pictures."""
        copy_common_layers(self.layers, other.layers)


class _Downwards(nn.Module):
    """The generator's mirror image: convolutions of stride 2 down to 4×4 pixels, then one number an output."""

    def __init__(self, side: int, inputs: int, outputs: int, *, normalised: bool) -> None:
        super().__init__()
        channels = _channels(side)[::-1]
        layers: list[nn.Module] = [nn.Conv2d(inputs, channels[0], 4, stride=2, padding=1), nn.LeakyReLU(_SLOPE)]
        for before, after in pairwise(channels):
            layers.append(nn.Conv2d(before, after, 4, stride=2, padding=1))
            if normalised:
                layers.append(nn.BatchNorm2d(after))
            layers.append(nn.LeakyReLU(_SLOPE))
        layers += [nn.Conv2d(channels[-1], outputs, _SMALLEST), nn.Flatten()]
        self.layers = nn.Sequential(*layers)

    def forward(self, images: Tensor) -> Tensor:
        """``(B, outputs)`` of ``(B, inputs, side, side)``."""
        values: Tensor = self.layers(images)
        return values

    def take_over(self, other: _Downwards) -> None:
        """Copy all layers but those of the largest pictures."""
        copy_common_layers(self.layers, other.layers, from_end=True)


class FaceDiscriminator(_Downwards):
    """A logit ``(B, 1)``, above 0 = real, of faces ``(B, 3, side, side)`` in [−1, 1].

    Without batch normalisation, which would mix the faces of a batch and which the gradient penalty rules out.
    """

    def __init__(self, side: int) -> None:
        super().__init__(side, 3, 1, normalised=False)


class LatentEncoder(_Downwards):
    """The latent vector ``(B, LATENT)`` of a face with a blanked hole ``(B, 4, side, side)``: see `blanked`."""

    def __init__(self, side: int) -> None:
        super().__init__(side, 4, LATENT, normalised=True)
