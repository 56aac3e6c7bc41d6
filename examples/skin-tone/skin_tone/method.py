"""A method in one file: fills the hole with the colour of the skin above it."""

from __future__ import annotations

import torch
from torch import Tensor

from benchmark.methods.base import MaskedFaces, MethodCard, Unmasker


class SkinTone(Unmasker):
    """Fill the hole with the mean colour of the visible face between the eyes and the mask."""

    card = MethodCard(source="an example of unmask-benchmark")

    def restore(self, faces: MaskedFaces) -> Tensor:
        """Restored faces, ``float32 (B, 3, H, W)`` in [0, 1]."""
        height, width = faces.pixels.shape[2:]
        rows = torch.arange(height, device=faces.pixels.device).view(1, 1, height, 1)
        columns = torch.arange(width, device=faces.pixels.device).view(1, 1, 1, width)
        eyes = faces.landmarks[:, 36:48]
        top = eyes[:, :, 1].amax(dim=1).view(-1, 1, 1, 1)
        left, right = (edge.view(-1, 1, 1, 1) for edge in (eyes[:, :, 0].amin(dim=1), eyes[:, :, 0].amax(dim=1)))
        seen = (rows > top) & (columns >= left) & (columns <= right) & (faces.holes < 0.5)
        # A mask up to the eyes leaves no such skin: take everything that is seen.
        seen = torch.where(seen.any(dim=3, keepdim=True).any(dim=2, keepdim=True), seen, faces.holes < 0.5)
        weights = seen.float()
        tone = (faces.pixels * weights).sum(dim=(2, 3)) / weights.sum(dim=(2, 3)).clamp(min=1)
        return tone[:, :, None, None].expand_as(faces.pixels)
