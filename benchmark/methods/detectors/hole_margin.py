"""Widens what a detector found, so that no strip of a mask is left beside the hole for a completer to continue."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray


def widened(hole: NDArray[np.uint8], margin: float) -> NDArray[np.uint8]:
    """A hole whose gaps and notches are closed and whose edge is moved outwards.

    Morphological closing, then dilation, both with a disc of radius `margin` (Serra, *Image Analysis and Mathematical
    Morphology*, 1982). Where nothing was found, nothing is added.

    Args:
        hole: ``uint8 (S, S)``, 255 = covered.
        margin: share of the side S, rounded to whole pixels; 0 returns the hole as it is.

    >>> hole = np.zeros((20, 20), np.uint8)
    >>> hole[8:12, 8:12] = 255
    >>> int((widened(hole, 0.05) > 0).sum()), int((widened(hole, 0.0) > 0).sum())
    (32, 16)
    """
    radius = round(margin * hole.shape[0])
    if radius < 1:
        return hole
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1))
    around = cv2.copyMakeBorder(hole, radius, radius, radius, radius, cv2.BORDER_CONSTANT, value=0)
    wider = cv2.dilate(cv2.morphologyEx(around, cv2.MORPH_CLOSE, disc), disc)
    return np.asarray(wider[radius:-radius, radius:-radius], dtype=np.uint8)
