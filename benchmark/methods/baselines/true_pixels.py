"""The ceiling: what a perfect method would return."""

from __future__ import annotations

from torch import Tensor

from benchmark.errors import PluginError
from benchmark.methods.base import MaskedFaces, MethodCard, Unmasker
from benchmark.plugins import register_method


@register_method("true-pixels")
class TruePixels(Unmasker):
    """Paste the true pixels: the ceiling.

    The whole true crop is returned. Since the true mask covers every pixel that drawing changed, this is the same as
    pasting it inside the hole alone.
    """

    card = MethodCard(source="docs/methods.md", privileged=True)
    needs_holes = False
    keeps_known_pixels = False

    def restore(self, faces: MaskedFaces) -> Tensor:
        """The true faces."""
        if faces.true_pixels is None:
            raise PluginError("'true-pixels' was given no true pixels; it only works where the unmasked photo is known")
        return faces.true_pixels
