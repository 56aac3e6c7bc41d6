"""The base of every mask that looks worn: cloth bent over the face, straps, the photo's own light, a soft shadow."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Mapping
from copy import copy
from dataclasses import dataclass
from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmark.errors import ImageRefused
from benchmark.faces import Image, Points
from benchmark.masking.base import DrawnMask, MaskStyle
from benchmark.masking.fabric import Painter, canvas
from benchmark.masking.head import Head, place_head
from benchmark.masking.light import PhotoLight, Plane, estimate_light
from benchmark.masking.overlay import Overlay, Window, paste, window_around
from benchmark.masking.raster import rasterise
from benchmark.masking.straps import Strap, draw_straps
from benchmark.masking.surface import Mesh

_THINNEST_TEXTURE, _THINNEST_ON_CROP, _WIDEST_TEXTURE = 192, 64, 640
_FINEST_ON_CROP = 1.0
"""Points a pixel, each way, of a mask on a crop, whose edges are blurred as the photo is. With the square root of 2,
drawing on 256 px takes a quarter longer; against the photo's own pixels it gains .1 grey levels, and with some styles
nothing."""


@dataclass(frozen=True)
class MaskDesign:
    """One mask on one head, before light.

    Attributes:
        mesh: the cloth in the head frame.
        paint: paints the cloth laid flat.
        straps: loops or bands, drawn under the cloth's edge.
        parameters: what was drawn, JSON values, for the ledger.
        stiffness: how strongly the cloth's own curvature shows in its shading, 0 to 1.
    """

    mesh: Mesh
    paint: Painter
    straps: tuple[Strap, ...]
    parameters: Mapping[str, Any]
    stiffness: float = 0.5


class WornMask(MaskStyle):
    """Cloth and straps, drawn in the pose and light of the photo. A style only says what its mask is like."""

    _finest: float = math.inf
    """Points a pixel, each way, at most."""
    _thinnest_texture: int = _THINNEST_TEXTURE
    """Points across the cloth laid flat, at least."""

    def for_crop(self) -> WornMask:
        """See `MaskStyle.for_crop`."""
        style = copy(self)
        style._finest = _FINEST_ON_CROP
        style._thinnest_texture = _THINNEST_ON_CROP
        return style

    @abstractmethod
    def design(self, head: Head, rng: np.random.Generator) -> MaskDesign:
        """The mask for this head; `rng` is the only source of randomness."""

    def draw(self, photo: Image, landmarks: Points, rng: np.random.Generator) -> DrawnMask:
        """Draw the mask: see `MaskStyle.draw`."""
        head = place_head(landmarks, *photo.shape[:2])
        design = self.design(head, rng)
        cloth = head.to_photo(design.mesh.points)
        reach = [cloth[:, :2], landmarks.astype(np.float64)]
        reach += [head.to_photo(strap.points)[:, :2] for strap in design.straps]
        window = window_around(np.vstack(reach), margin=0.08 * head.width, shape=photo.shape[:2], finest=self._finest)
        crop = window.crop(photo)
        moved = window.to_crop(landmarks).astype(np.float32)
        light = estimate_light(crop, moved, head.width * window.working)

        worn = _render(design, head, window, light, thinnest_texture=self._thinnest_texture)
        overlay = _overlay(worn, light, _Face(moved, head.width * window.working), rng)
        masked, coverage = paste(photo, overlay, window)
        if not coverage.any():
            raise ImageRefused("mask not placed: it would be outside the photo")
        return DrawnMask(masked, coverage, {**design.parameters, "yaw_degrees": round(head.yaw, 1)})


def _render(
    design: MaskDesign, head: Head, window: Window, light: PhotoLight, *, thinnest_texture: int
) -> NDArray[np.float32]:
    """``float32 (h, w, 4)``: colour times alpha and alpha, at working resolution, under an even white light."""
    height, width = window.drawing_size
    places = head.to_photo(design.mesh.points)
    places[:, :2] = window.to_drawing(places[:, :2])
    turned = design.mesh.normals() @ head.rotation.T
    facing = turned @ light.direction
    curvature = 1 + design.stiffness * (facing - facing[turned[:, 2] > 0].mean())
    values = np.column_stack([design.mesh.pattern, curvature])
    (u, v, shading), inside = rasterise(places, values, design.mesh.triangles, height, width)

    across = int(np.ptp(places[:, 0]))
    texture_width = int(np.clip(across, thinnest_texture, _WIDEST_TEXTURE))
    texture = design.paint(canvas(texture_width)).lit(light.direction @ head.rotation)
    if across < texture_width:  # a texture finer than the drawing would shimmer
        part = max(across / texture_width, 0.1)
        reduced = (round(part * texture.shape[1]), round(part * texture.shape[0]))
        texture = np.asarray(cv2.resize(texture, reduced, interpolation=cv2.INTER_AREA), dtype=np.float32)
    sample_x, sample_y = (u + 1) / 2 * (texture.shape[1] - 1), v * (texture.shape[0] - 1)
    sampled = cv2.remap(texture, sample_x, sample_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    cloth = np.asarray(sampled, dtype=np.float32)
    shading = np.clip(shading, 0.3, 1.35) * inside
    cloth *= cv2.merge([shading, shading, shading, inside.astype(np.float32)])

    both = draw_straps(design.straps, head, window, light)
    both *= cv2.merge([1 - cloth[..., 3]] * 4)
    both += cloth
    if window.drawing != window.working:
        both = np.asarray(cv2.resize(both, window.size[::-1], interpolation=cv2.INTER_AREA), dtype=np.float32)
    return both


class _Face(NamedTuple):
    """The face in pixels of the overlay."""

    landmarks: Points
    width: float


def _overlay(worn: NDArray[np.float32], light: PhotoLight, face: _Face, rng: np.random.Generator) -> Overlay:
    """The mask in the photo's light, as sharp and grainy as the photo, with the shadow it throws on the skin."""
    red, green, blue, alpha = (np.asarray(plane, dtype=np.float32) for plane in cv2.split(worn))
    grey = (red + (green + blue)) / 3
    planes = []
    for plane, level in zip((red, green, blue), light.white, strict=True):
        lit = (grey + light.saturation * (plane - grey)) * level * light.shade
        bright = lit > 205  # near white the film or sensor saturates softly
        lit[bright] = 205 + 48 * np.tanh((lit[bright] - 205) / 48)
        planes.append(lit)
    softness = float(np.hypot(light.blur, 0.003 * face.width))
    soft = np.asarray(cv2.GaussianBlur(cv2.merge(planes), (0, 0), softness), dtype=np.float32)
    alpha_soft = np.asarray(cv2.GaussianBlur(alpha, (0, 0), softness), dtype=np.float32)
    if light.grain:
        grain = light.grain * alpha * _tile(rng, alpha.shape)
        soft += cv2.merge([grain, grain, grain])
    return Overlay(soft, alpha_soft, _shadow(alpha, light, face))


def _shadow(alpha: Plane, light: PhotoLight, face: _Face) -> Plane:
    """0 to 1: how much darker the skin beside the mask becomes; none on the background, which is far behind."""
    spread = max(0.018 * face.width, 0.6)
    shift = -0.018 * face.width * light.direction[:2] / light.direction[2]
    matrix = np.array([[1, 0, shift[0]], [0, 1, shift[1]]], dtype=np.float64)
    thrown = np.maximum(cv2.warpAffine(alpha, matrix, alpha.shape[::-1], flags=cv2.INTER_LINEAR), alpha)
    dark = cv2.GaussianBlur(thrown, (0, 0), spread)
    on_face = np.zeros_like(alpha)
    outline = cv2.convexHull(np.round(face.landmarks).astype(np.int32))
    cv2.fillConvexPoly(on_face, outline, 1.0)
    on_face = np.asarray(cv2.GaussianBlur(on_face, (0, 0), spread), dtype=np.float32)
    shadow = np.asarray(0.5 * dark * on_face**2, dtype=np.float32)
    shadow[shadow < 0.03] = 0
    return shadow


def _tile(rng: np.random.Generator, shape: tuple[int, ...]) -> Plane:
    """Grain of standard deviation 1 that repeats every 160 pixels: not to be seen, and cheap."""
    noise = rng.standard_normal((160, 160), dtype=np.float32)
    soft = cv2.GaussianBlur(noise, (0, 0), 0.6)
    repeats = (-(-shape[0] // 160), -(-shape[1] // 160))
    return np.tile(soft / soft.std(), repeats)[: shape[0], : shape[1]]
