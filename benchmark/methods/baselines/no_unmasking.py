"""The baseline that any method must beat: leave the mask on."""

from __future__ import annotations

from torch import Tensor

from benchmark.methods.base import MaskedFaces, MethodCard, Unmasker
from benchmark.plugins import register_method


@register_method("none")
class NoUnmasking(Unmasker):
    """Leave the mask on."""

    card = MethodCard(source="docs/methods.md", baseline=True)
    needs_holes = False
    keeps_known_pixels = False

    def restore(self, faces: MaskedFaces) -> Tensor:
        """The masked faces as they came."""
        return faces.pixels
