"""Draws one photo of a synthetic person: fine texture, warp to the face's shape, background, camera."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmark import thin_plate
from benchmark.datasets.appearance_model import FRAME, SIDE, Appearance, AppearanceModel, Floats, frame_grid, resized
from benchmark.datasets.attire import draw_attire
from benchmark.datasets.likely_head import cheek_luma, head_outline, skin_and_hair
from benchmark.faces import Image

GRAIN_STRENGTH = 1.0
"""Fine texture, relative to what the components leave out of real photos."""
STRAND_PIXELS = 1.5
"""Step along a strand of hair; strands are about nine steps long where they are perfectly aligned."""
EDGE_SOFTNESS = 0.016
"""Half width of the transition from person to background, units."""
_GRID = frame_grid(SIDE).astype(np.float32).reshape(SIDE, SIDE, 2)
_COARSE = 4
_RING = thin_plate.anchors()


def draw_photo(
    model: AppearanceModel,
    appearance: Appearance,
    *,
    person_rng: np.random.Generator,
    photo_rng: np.random.Generator,
) -> Image:
    """A photo ``uint8 (SIDE, SIDE, 3)``, RGB.

    Args:
        model: the generator, for its mean shape.
        appearance: of the face.
        person_rng: stream of the person: skin and strands are much the same in all their photos.
        photo_rng: stream of the photo: background, camera, how the head is held.
    """
    grain = fine_texture(appearance, person_rng, photo_rng)
    attire = draw_attire(photo_rng, cheek_luma(appearance))
    colours = skin_and_hair(model, appearance, grain)
    colours += attire.cover[:, :, None] * (attire.colours - colours)
    outline = np.maximum(head_outline(model, appearance, grain), attire.body)
    field = _mean_frame_field(model, appearance.shape, photo_rng)
    layers = np.dstack([colours, outline]).astype(np.float32)
    moved = np.asarray(
        cv2.remap(layers, field, np.empty(0), cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE), dtype=np.float32
    )
    cover = np.clip(moved[:, :, 3:] / (2 * EDGE_SOFTNESS) + 0.5, 0, 1)
    cover = cover * cover * (3 - 2 * cover)
    photo = cover * moved[:, :, :3] + (1 - cover) * background(photo_rng)
    return camera(photo.astype(np.float32), photo_rng)


def fine_texture(appearance: Appearance, person_rng: np.random.Generator, photo_rng: np.random.Generator) -> Floats:
    """Noise ``(SIDE, SIDE)`` with the local amplitude and direction of hair and skin.

    White noise is averaged along the strands (line integral convolution, Cabral and Leedom, SIGGRAPH 1993, with
    straight lines), as far as the statistics say that there are strands, then scaled to the local amplitude.
    """
    shape = (SIDE, SIDE)
    noise = 0.85 * person_rng.standard_normal(shape, dtype=np.float32)
    noise += 0.53 * photo_rng.standard_normal(shape, dtype=np.float32)
    noise = blurred(noise, 0.6)
    flow = resized(appearance.flow, cv2.INTER_LINEAR)
    aligned = np.minimum(np.hypot(flow[:, :, 0], flow[:, :, 1]), 1)
    angle = np.arctan2(flow[:, :, 1], flow[:, :, 0]) / 2 + np.pi / 2
    step = STRAND_PIXELS * np.clip(2.5 * aligned - 0.25, 0, 1)
    along_x, along_y = (step * np.cos(angle)).astype(np.float32), (step * np.sin(angle)).astype(np.float32)
    x, y = np.meshgrid(np.arange(SIDE, dtype=np.float32), np.arange(SIDE, dtype=np.float32))
    total = noise.copy()
    for count in (1, 2, 3, 4):
        for signed in (-count, count):
            total += cv2.remap(
                noise, x + signed * along_x, y + signed * along_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT
            )
    spread = np.sqrt(blurred(total * total, 5) + 1e-6)
    amplitude = resized(appearance.grain, cv2.INTER_LINEAR)
    amplitude = np.minimum(amplitude, 0.012 + 0.12 * np.clip(appearance.luma, 0, 0.5))
    amplitude *= 1 - 0.65 * np.clip((_GRID[:, :, 1] - 0.6) / 0.15, 0, 1)  # below the chin: no average of cloth
    result: Floats = GRAIN_STRENGTH * amplitude * total / spread
    return result


def _mean_frame_field(model: AppearanceModel, shape: NDArray[np.float64], rng: np.random.Generator) -> Floats:
    """Where in the mean frame every pixel of the photo looks, ``(SIDE, SIDE, 2)``."""
    turn, scale = np.radians(rng.normal(0, 1.2)), np.exp(rng.normal(0, 0.012))
    shift = rng.normal(0, 0.012, 2)
    cosine, sine = np.cos(turn) * scale, np.sin(turn) * scale
    held = shape @ np.array([[cosine, sine], [-sine, cosine]]) + shift
    centres = np.vstack([held, _RING])
    means = np.vstack([model.mean_shape, _RING])
    coarse = thin_plate.warped(frame_grid(SIDE // _COARSE), source=centres, target=means)
    pixels = ((coarse + FRAME / 2) * SIDE / FRAME - 0.5).astype(np.float32)
    square = pixels.reshape(SIDE // _COARSE, SIDE // _COARSE, 2)
    return resized(square, cv2.INTER_LINEAR)


def background(rng: np.random.Generator) -> Floats:
    """A studio wall or a place out of focus, ``(SIDE, SIDE, 3)``, 0…1."""
    hue, saturation = rng.uniform(0, 180), rng.beta(1.1, 9)
    brightness = np.clip(rng.normal(0.5, 0.22), 0.06, 0.95)
    wall = rng.random() < 0.45
    cells = 3 if wall else int(rng.integers(4, 9))
    strength = 0.03 if wall else 0.08
    grid = np.empty((cells, cells, 3), np.float32)
    grid[:, :, 0] = hue + rng.normal(0, 5 if wall else 14, (cells, cells))
    grid[:, :, 1] = np.clip(saturation + rng.normal(0, 0.04, (cells, cells)), 0, 0.5)
    slope = np.linspace(-1, 1, cells)
    fall = rng.normal(0, 0.09) * slope[:, None] + rng.normal(0, 0.09) * slope[None, :]
    grid[:, :, 2] = np.clip(brightness + fall + rng.normal(0, strength, (cells, cells)), 0.02, 1)
    grid[:, :, 0] %= 180
    grid[:, :, 0] *= 2  # OpenCV's hue of floats is in degrees
    enlarged = resized(np.asarray(cv2.cvtColor(grid, cv2.COLOR_HSV2RGB), dtype=np.float32), cv2.INTER_CUBIC)
    if not wall:
        for _ in range(int(rng.integers(0, 5))):
            _add_light(enlarged, rng)
    return np.clip(enlarged, 0, 1)


def _add_light(picture: Floats, rng: np.random.Generator) -> None:
    """A defocused disc of light or shadow, drawn into `picture`."""
    disc = np.zeros((SIDE, SIDE), np.float32)
    centre = (int(rng.integers(0, SIDE)), int(rng.integers(0, SIDE)))
    cv2.circle(disc, centre, int(rng.integers(5, 26)), 1.0, -1, cv2.LINE_AA)
    disc = blurred(disc, float(rng.uniform(2, 6)))
    colour = (rng.uniform(0.1, 1) + rng.uniform(-0.12, 0.12, 3)).astype(np.float32)
    picture += 0.35 * float(rng.random()) * disc[:, :, None] * (colour - picture)


def camera(photo: Floats, rng: np.random.Generator) -> Image:
    """Exposure, tint, gamma, lens, grain and JPEG of one photo: ``uint8 (SIDE, SIDE, 3)``."""
    gain = rng.uniform(0.85, 1.12)
    tint = rng.uniform(0.96, 1.04, 3)
    exposed = np.clip(photo * (gain * tint), 0, 1) ** rng.uniform(0.88, 1.15)
    photo = exposed.astype(np.float32)
    if rng.random() < 0.5:
        photo = blurred(photo, float(rng.uniform(0.35, 0.7)))
    else:
        photo = photo + float(rng.uniform(0.1, 0.5)) * (photo - blurred(photo, 1.2))
    level = float(rng.uniform(1, 3))
    noise = rng.standard_normal((SIDE, SIDE, 3), dtype=np.float32)
    pixels = np.clip(photo * 255 + level * noise, 0, 255).round().astype(np.uint8)
    quality = int(rng.integers(76, 95))
    _, jpeg = cv2.imencode(".jpg", pixels[:, :, ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])
    decoded = np.asarray(cv2.imdecode(jpeg, cv2.IMREAD_COLOR), dtype=np.uint8)
    return np.ascontiguousarray(decoded[:, :, ::-1])


def blurred(picture: Floats, sigma: float) -> Floats:
    """`picture` after a Gaussian blur of `sigma` pixels."""
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), sigma), dtype=np.float32)
