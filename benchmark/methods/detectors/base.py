"""Detectors: the half of a detect-and-inpaint method that finds the mask."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmark.errors import PluginError
from benchmark.machine.cost import CostMeter
from benchmark.methods.part import Part
from benchmark.plugin_code.guard import plugin_code


class Detector(Part):
    """Finds the mask. Registered like a method, but only ever used before a completer or an adapter."""

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
            image_ids: one per row.
        """


@dataclass(frozen=True)
class DetectionCost:
    """What finding the mask of one image cost.

    Attributes:
        seconds: mean over the images that were looked at together.
        peak_memory_mib: see `benchmark.machine.cost.CostMeter`; NaN where unknown.
    """

    seconds: float
    peak_memory_mib: float


def detected(
    detector: Detector, pixels: NDArray[np.uint8], true_holes: NDArray[np.uint8] | None, image_ids: tuple[str, ...]
) -> tuple[NDArray[np.uint8], DetectionCost]:
    """What `detector` finds, checked, and what that cost. Arguments as of `Detector.detect`.

    Raises:
        PluginError: `detect` broke its contract: another shape or type.
    """
    detector.networks()  # made now: loading them is no part of what a face costs
    with CostMeter(detector.device) as meter, plugin_code(f"detector '{detector.name}' fails in detect()"):
        found = detector.detect(pixels, true_holes, image_ids)
    if not isinstance(found, np.ndarray):
        raise PluginError(f"detector '{detector.name}' returned {type(found).__name__} from detect(), not an array")
    if found.shape != pixels.shape[:3] or found.dtype != np.uint8:
        raise PluginError(
            f"detector '{detector.name}' returned {found.dtype} {found.shape} from detect(), which must return uint8 "
            f"{pixels.shape[:3]}"
        )
    return found, DetectionCost(meter.seconds / max(1, len(pixels)), meter.peak_memory_mib)
