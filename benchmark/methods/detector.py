"""Detectors: the half of a detect-and-inpaint method that finds the mask."""

from __future__ import annotations

from abc import abstractmethod

import numpy as np
from numpy.typing import NDArray

from benchmark.methods.part import Part


class Detector(Part):
    """Finds the mask. Registered like a method, but only ever used as ``DETECTOR+COMPLETER``."""

    mask_source = "detected"
    alone = "only finds the mask; add a completer: '{name}+telea'"

    @abstractmethod
    def detect(
        self, pixels: NDArray[np.uint8], true_holes: NDArray[np.uint8] | None, image_ids: tuple[str, ...]
    ) -> NDArray[np.uint8]:
        """The covered region of N faces, ``uint8 (N, S, S)``, 255 = covered; all zeros on a bare face.

        Args:
            pixels: ``uint8 (N, S, S, 3)``, aligned faces, masked or bare.
            true_holes: ``uint8 (N, S, S)``; None unless the detector's card says `privileged`.
            image_ids: one a row.
        """
