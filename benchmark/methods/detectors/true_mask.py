"""The detector that is told the answer."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from benchmark.errors import PluginError
from benchmark.methods.base import MethodCard
from benchmark.methods.detectors.base import Detector
from benchmark.plugins import register_method


@register_method("true-mask")
class TrueMask(Detector):
    """Detector: the mask as it was drawn; shows what a completer does when nothing is lost in finding the mask."""

    card = MethodCard(source="docs/methods.md", privileged=True)
    mask_source = "true"

    def detect(
        self,
        pixels: NDArray[np.uint8],
        true_holes: NDArray[np.uint8] | None,
        image_ids: tuple[str, ...],  # noqa: ARG002
    ) -> NDArray[np.uint8]:
        """The true holes, as given."""
        if true_holes is None:
            raise PluginError(f"'true-mask' was given no true mask for {len(pixels)} faces; use 'segmenter' instead")
        return np.array(true_holes)
