"""Draws a mask that is seen in one crop alone: on about as many pixels as the crop can show."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmark.acquisition.alignment import crop_face, fills_crop, quickly_cropped, reduced_for_crop
from benchmark.acquisition.face_detectors.base import DETECTION_SIDE
from benchmark.faces import FaceGeometry, Image
from benchmark.masking.base import MaskStyle
from benchmark.plugin_code.photos import draw_guarded

_FINER = 1.25
"""How much finer than the crop the mask is drawn where the photo itself is drawn on. Against the photo's own pixels
(1,024² px, crops of 256 px) the masked crop changes by .7 grey levels on average."""
_SMALLEST_DRAWING = 160
"""Side of the crop, pixels, below which the resolution of the drawing is not reduced further."""


@dataclass(frozen=True)
class MaskedCrops:
    """A face before and after a mask was drawn on it.

    Attributes:
        unmasked: ``uint8 (S, S, 3)``.
        masked: ``uint8 (S, S, 3)``.
        true_mask: ``uint8 (S, S)``, 255 where the mask changed the photo.
        parameters: what was drawn, as `DrawnMask` has it.
    """

    unmasked: Image
    masked: Image
    true_mask: NDArray[np.uint8]
    parameters: Mapping[str, Any]


def masked_crops(
    photo: Image, face: FaceGeometry, *, size: int, mask_type: str, style: MaskStyle, rng: np.random.Generator
) -> MaskedCrops:
    """The face of a photo with and without a mask, and where the mask is.

    On a photo longer than `DETECTION_SIDE` that fills the crop and has a pixel for each of it, the mask is drawn on the
    crop itself (against the photo's own pixels .6 grey levels on average); on others it is drawn on the photo, reduced
    to little more than the crop can show, and both are cropped.

    Args:
        photo: ``uint8 (H, W, 3)``.
        face: its geometry in pixels of `photo`.
        size: side of the crops, pixels.
        mask_type: the style's name.
        style: draws the mask.
        rng: the image's own stream.

    Raises:
        ImageRefused: the mask cannot be drawn on this photo, for whatever reason.
    """
    side = max(_SMALLEST_DRAWING, size)
    on_crop = max(photo.shape[:2]) > DETECTION_SIDE and fills_crop(photo, face, side)
    if on_crop:
        below, face = quickly_cropped(photo, face, side)
        style = style.for_crop()
    else:
        below, face = reduced_for_crop(photo, face, max(_SMALLEST_DRAWING, round(_FINER * size)))
    drawn = draw_guarded(mask_type, style, below, face.landmarks, rng)
    if on_crop and side == size:
        return MaskedCrops(below, drawn.photo, drawn.coverage, drawn.parameters)
    unmasked, masked = (crop_face(image, face, size)[0] for image in (below, drawn.photo))
    covered, _ = crop_face(np.repeat(drawn.coverage[:, :, None], 3, axis=2), face, size)
    true_mask = np.where(covered[..., 0] > 0, np.uint8(255), np.uint8(0))
    return MaskedCrops(unmasked, masked, true_mask, drawn.parameters)
