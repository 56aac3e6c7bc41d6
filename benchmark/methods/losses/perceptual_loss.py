"""How different two faces are in the early layers of a recogniser: a loss that is sensitive to texture and outline.

Johnson, Alahi and Fei-Fei, *Perceptual Losses for Real-Time Style Transfer and Super-Resolution*, 2016, equation 2,
with dlib's face network in place of VGG: its weights come with a package that is installed anyway. A method that uses
this loss saw that recogniser: it lists `SAW_RECOGNISER` in its card's ``saw_recognisers``.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from benchmark.recognisers.dlib_resnet import DlibResNet
from benchmark.recognisers.face_recognition import load_network

SAW_RECOGNISER = "face_recognition"
COMPARED_AFTER = (0, 3, 7)
"""Numbers of residual blocks after which activations are compared, 0 = after the stem: 32, 32 and 64 channels at 1/2,
1/4 and 1/8 of the side."""
MIN_SIDE = 32
"""Smaller faces leave nothing to convolve."""
_FLOOR = 1e-3


class PerceptualLoss(nn.Module):
    """Differences of activations, relative to the true face's: 0 = alike, about 1 = as different as two noises.

    Faces are taken as they are, without alignment and without enlarging them to the 150 pixels that the recogniser was
    trained with: the early layers are convolutions, which find the same edges and textures on a smaller face.

    The parameters are frozen; gradients pass through to the faces. It belongs to no training task's ``modules`` (there
    is nothing to store): a task keeps it as a plain attribute.

    Args:
        squared: compare by the mean square instead of the mean absolute difference.
        precision: the precision of the convolutions, ``"float32"`` or ``"bfloat16"``; input and output are float32.
        network: whose early layers to use; dlib's, read from its package, if None.

    Raises:
        PluginError: the recogniser's weights are missing or damaged.
    """

    def __init__(self, *, squared: bool = False, precision: str = "float32", network: DlibResNet | None = None) -> None:
        super().__init__()
        whole = load_network() if network is None else network
        dtype = getattr(torch, precision)
        self._squared = squared
        self.register_buffer("means", whole.means, persistent=False)
        self.means: Tensor
        self.stem = whole.stem.to(dtype)
        self.blocks = nn.ModuleList(list(whole.blocks)[: COMPARED_AFTER[-1]]).to(dtype)
        self.requires_grad_(False)
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # missing from the stubs

    def forward(self, restored: Tensor, true: Tensor) -> Tensor:
        """The loss of each face, ``float32 (B,)``, the mean over the compared layers; lower is better.

        Args:
            restored: ``(B, 3, S, S)`` in [0, 1], RGB, S at least `MIN_SIDE`.
            true: likewise; no gradient flows to it.
        """
        with torch.no_grad():
            wanted = self.activations(true)
        losses = [self._difference(*pair) for pair in zip(self.activations(restored), wanted, strict=True)]
        return torch.stack(losses).mean(dim=0)

    def activations(self, faces: Tensor) -> list[Tensor]:
        """What `COMPARED_AFTER` names, each ``(B, C, h, w)``, of faces ``(B, 3, S, S)`` in [0, 1]."""
        normalised = ((faces.float() * 255 - self.means) / 256).to(self.stem.weight.dtype)
        with torch.autocast(faces.device.type, enabled=False):
            features = functional.relu(self.stem(normalised))
            found = [features]
            features = functional.max_pool2d(features, 3, stride=2)
            for number, block in enumerate(self.blocks, start=1):
                features = block(features)
                if number in COMPARED_AFTER:
                    found.append(features)
        return found

    def _difference(self, restored: Tensor, true: Tensor) -> Tensor:
        """Of each face, ``(B,)``. Layers differ in scale: each is measured against the true face's mean activation."""
        difference = (restored.float() - true.float()).flatten(1)
        scale = true.float().flatten(1)
        if self._squared:
            return difference.square().mean(1) / scale.square().mean(1).clamp(min=_FLOOR)
        return difference.abs().mean(1) / scale.abs().mean(1).clamp(min=_FLOOR)
