"""The flat digital shapes with which NIST tested recognisers on masks."""

from __future__ import annotations

from typing import ClassVar

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmark.cards import Card
from benchmark.errors import ImageRefused
from benchmark.faces import Image, Points
from benchmark.masking.base import DrawnMask, MaskStyle
from benchmark.masking.head import Head, moved, place_head
from benchmark.masking.overlay import Overlay, paste, window_around
from benchmark.plugins import register_mask

COLOURS: dict[str, tuple[int, int, int]] = {"light blue": (148, 205, 236), "black": (8, 8, 8)}
_HEIGHTS: dict[str, float] = {"high": 28.0, "medium": 29.0, "low": 30.55}
"""Where the upper edge crosses the nose: landmark index along its ridge (27 to 30) and on to its base (31)."""
_SHIFT = 6


def _card(shape: str, coverage: str) -> Card:
    return Card(
        summary=f"NIST's digital mask: {shape}, {coverage} coverage of the nose, flat light blue or black",
        source="after Ngan, Grother, Hanaoka, NISTIR 8311 (2020); own drawing",
    )


class NistMask(MaskStyle):
    """A flat shape of one colour over mouth, chin and part of the nose. Source: NISTIR 8311 (2020)."""

    shape: ClassVar[str]
    coverage: ClassVar[str]

    def draw(self, photo: Image, landmarks: Points, rng: np.random.Generator) -> DrawnMask:
        """Draw the mask: see `MaskStyle.draw`."""
        head = place_head(landmarks, *photo.shape[:2])
        name = str(rng.choice(list(COLOURS)))
        outline = head.to_photo(_outline(head, self.shape, _HEIGHTS[self.coverage]))[:, :2]
        window = window_around(outline, margin=2, shape=photo.shape[:2])
        height, width = window.drawing_size
        drawing = np.zeros((height, width), dtype=np.uint8)
        places = np.round((window.to_drawing(outline) - 0.5) * (1 << _SHIFT)).astype(np.int32)
        cv2.fillPoly(drawing, [places], 255, lineType=cv2.LINE_AA, shift=_SHIFT)
        alpha = np.asarray(cv2.resize(drawing, window.size[::-1], interpolation=cv2.INTER_AREA), dtype=np.float32) / 255
        colour = (alpha[..., None] * np.array(COLOURS[name])).astype(np.float32)
        masked, coverage = paste(photo, Overlay(colour, alpha, np.zeros_like(alpha)), window)
        if not coverage.any():
            raise ImageRefused("mask not placed: it would be outside the photo")
        return DrawnMask(masked, coverage, {"shape": self.shape, "coverage": self.coverage, "colour": name})


def _outline(head: Head, shape: str, height: float) -> NDArray[np.float64]:
    """``float64 (K, 3)``: the closed outline in the head frame."""
    ridge = head.points[[27, 28, 29, 30, 33]]
    index = min(int(height - 27), 3)
    part = height - 27 - index
    top = (1 - part) * ridge[index] + part * ridge[index + 1]
    if shape == "wide":
        # From the nose straight to the ears, then along the jaw.
        return np.vstack(
            [_curve(top, head.points[15], 0.10), head.points[15:0:-1], _curve(top, head.points[1], 0.10)[::-1]]
        )
    # An egg: four quarters of ellipses, slightly squared, round the line from the nose to the chin.
    chin = head.points[8] + moved(0.04, 0)
    centre = 0.45 * top + 0.55 * chin
    left, right = 0.82 * head.points[4] + 0.18 * head.points[33], 0.82 * head.points[12] + 0.18 * head.points[33]
    across = right - left
    reach = across @ across
    to_left, to_right = across * ((left - centre) @ across) / reach, across * ((right - centre) @ across) / reach
    egg = []
    for angle in np.radians(np.arange(0, 360, 5)):
        upright, sideways = np.cos(angle), np.sin(angle)
        axis = top - centre if upright > 0 else chin - centre
        side = to_right if sideways > 0 else to_left
        egg.append(centre + abs(upright) ** 0.92 * axis + abs(sideways) ** 0.95 * side)
    return np.array(egg)


def _curve(start: NDArray[np.float64], end: NDArray[np.float64], sag: float) -> NDArray[np.float64]:
    part = np.linspace(0, 1, 13)[:, None]
    points: NDArray[np.float64] = (1 - part) * start + part * end
    points[:, 1] += (sag * 4 * part * (1 - part))[:, 0]
    return points


@register_mask("nist-wide-high")
class NistWideHigh(NistMask):
    """Reaches to the ears and up to the eyes."""

    shape, coverage = "wide", "high"
    card = _card("wide", "high")


@register_mask("nist-wide-medium")
class NistWideMedium(NistMask):
    """Reaches to the ears and to the middle of the nose."""

    shape, coverage = "wide", "medium"
    card = _card("wide", "medium")


@register_mask("nist-wide-low")
class NistWideLow(NistMask):
    """Reaches to the ears and leaves the nose's tip bare."""

    shape, coverage = "wide", "low"
    card = _card("wide", "low")


@register_mask("nist-round-high")
class NistRoundHigh(NistMask):
    """Covers mouth and chin and the nose up to the eyes."""

    shape, coverage = "round", "high"
    card = _card("round", "high")


@register_mask("nist-round-medium")
class NistRoundMedium(NistMask):
    """Covers mouth, chin and half of the nose."""

    shape, coverage = "round", "medium"
    card = _card("round", "medium")


@register_mask("nist-round-low")
class NistRoundLow(NistMask):
    """Covers mouth, chin and the nose's base; leaves its tip bare."""

    shape, coverage = "round", "low"
    card = _card("round", "low")
