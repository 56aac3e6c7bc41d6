"""The two classical completers that OpenCV offers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import cv2
import numpy as np
from torch import Tensor

from benchmark.methods.base import MaskedFaces, MethodCard, Unmasker, to_pixels, to_tensor
from benchmark.plugins import register_method


@dataclass(frozen=True)
class InpaintingSettings:
    """Settings of `cv2.inpaint`.

    Attributes:
        radius: of the neighbourhood that each point is filled from, pixels of the crop.
    """

    radius: float = 3.0


class OpenCVInpainting(Unmasker):
    """Fills the hole with `cv2.inpaint`, one face at a time."""

    presets: ClassVar[dict[str, InpaintingSettings]] = {"default": InpaintingSettings()}
    settings: InpaintingSettings

    flag: ClassVar[int]
    """OpenCV's number for the algorithm."""

    def restore(self, faces: MaskedFaces) -> Tensor:
        """Inpainted faces."""
        pixels = to_pixels(faces.pixels)
        holes = faces.holes[:, 0].gt(0).byte().cpu().numpy()
        filled = [
            cv2.inpaint(face, hole, self.settings.radius, self.flag) for face, hole in zip(pixels, holes, strict=True)
        ]
        return to_tensor(np.stack(filled), str(faces.pixels.device))


@register_method("telea")
class Telea(OpenCVInpainting):
    """Fill the hole from its edge by fast marching (OpenCV)."""

    card = MethodCard(
        source="A. Telea, An image inpainting technique based on the fast marching method, JGT 9(1), 2004",
        licence="MIT; OpenCV Apache-2.0",
        baseline=True,
    )
    flag = cv2.INPAINT_TELEA


@register_method("navier-stokes")
class NavierStokes(OpenCVInpainting):
    """Fill the hole by continuing lines of equal brightness (OpenCV)."""

    card = MethodCard(
        source="M. Bertalmio et al., Navier-Stokes, fluid dynamics, and image and video inpainting, CVPR 2001",
        licence="MIT; OpenCV Apache-2.0",
        baseline=True,
    )
    flag = cv2.INPAINT_NS
