"""What every mask style offers: it draws one worn mask on one photo."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from benchmark.cards import AVAILABLE, Availability, Card
from benchmark.faces import Image, Points


@dataclass(frozen=True)
class DrawnMask:
    """A photo whose subject now wears a mask.

    Attributes:
        photo: ``uint8 (H, W, 3)``, the masked photo.
        coverage: ``uint8 (H, W)``, 255 where any pixel of the photo was changed (mask, loops, soft edge and shadow
            included), so that pasting true pixels there undoes the mask exactly.
        parameters: what was drawn (colour, pattern, …), JSON values, for the ledger.
    """

    photo: Image
    coverage: NDArray[np.uint8]
    parameters: Mapping[str, Any]


class MaskStyle(ABC):
    """A kind of mask."""

    card: ClassVar[Card] = Card()
    version: ClassVar[int] = 1
    """Raised whenever the same seed would draw other pixels; part of the artefact's key."""

    @classmethod
    def availability(cls) -> Availability:
        """Whether the style can be drawn on this machine."""
        return AVAILABLE

    def for_crop(self) -> MaskStyle:
        """The style for a photo that is a crop of a larger one, and is seen at no other size: it may draw less finely.

        The style itself, unless it says otherwise.
        """
        return self

    @abstractmethod
    def draw(self, photo: Image, landmarks: Points, rng: np.random.Generator) -> DrawnMask:
        """Draw the mask.

        Args:
            photo: ``uint8 (H, W, 3)``; not changed.
            landmarks: ``float32 (68, 2)``, pixels of `photo`.
            rng: the image's own stream; the only source of randomness.

        Raises:
            ImageRefused: the mask cannot be placed (a profile, points off the photo, …).
        """
