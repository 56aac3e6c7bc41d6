"""Detectors: the half of a detect-and-inpaint method that finds the mask."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmark.methods.base import Method
from benchmark.methods.masked_faces import MaskedPairs


class Detector(Method):
    """Finds the mask. Registered like a method, but only ever used as ``DETECTOR+COMPLETER``."""

    mask_source = "detected"

    def fit(self, pairs: MaskedPairs, *, progress: Any) -> None:
        """Learn from pairs. `progress` is a `benchmark.progress.Progress`."""

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
