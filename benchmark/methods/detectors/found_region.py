"""Tidies a raw region that a detector marked on a face."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray


def cleaned(region: NDArray[np.bool_], *, smallest: float) -> NDArray[np.uint8]:
    """A raw region ``bool (S, S)`` without specks and holes: ``uint8 (S, S)``, 255 = covered.

    It is not grown: one pixel more all round a mask of 64 px faces costs a detector 8 points of IoU, and a completer
    true skin that it could have drawn from.

    Args:
        region: what the detector marked.
        smallest: connected regions below this share of the crop are dropped, and gaps below it are filled.
    """
    least = smallest * region.size
    kept = _without_specks(region, least)
    if not kept.any():
        return np.zeros(region.shape, dtype=np.uint8)
    filled = ~_without_specks(~kept, least)
    return np.where(filled, np.uint8(255), np.uint8(0))


def _without_specks(region: NDArray[np.bool_], least: float) -> NDArray[np.bool_]:
    _, labels, figures, _ = cv2.connectedComponentsWithStats(region.astype(np.uint8), connectivity=4)
    large = figures[:, cv2.CC_STAT_AREA] >= least
    large[0] = False  # the background
    return np.asarray(large[labels], dtype=np.bool_)
