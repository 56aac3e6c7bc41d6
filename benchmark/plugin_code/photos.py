"""What plugins do to one photo: whatever they raise is a failure of that photo, with the reason, and of no other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmark.errors import ImageRefused
from benchmark.plugin_code.guard import plugin_code

if TYPE_CHECKING:
    import numpy as np

    from benchmark.datasets.base import Dataset
    from benchmark.faces import Image, Photo, Points
    from benchmark.masking.base import DrawnMask, MaskStyle


def read_guarded(dataset: Dataset, photo: Photo) -> Image:
    """The pixels of a photo.

    Raises:
        ImageRefused: the photo cannot be read, for whatever reason.
    """
    with plugin_code("the photo cannot be read", error=ImageRefused):
        return dataset.read(photo)


def draw_guarded(
    mask_type: str, style: MaskStyle, photo: Image, landmarks: Points, rng: np.random.Generator
) -> DrawnMask:
    """A mask of the style that is registered as `mask_type`, drawn as `MaskStyle.draw` does.

    Raises:
        ImageRefused: the mask cannot be drawn on this photo, for whatever reason.
    """
    with plugin_code(f"the mask '{mask_type}' cannot be drawn", error=ImageRefused):
        return style.draw(photo, landmarks, rng)
