"""What a mask's cloth looks like laid flat: colour, relief, printed shadows and outline."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmark.masking.light import Plane

Colour: TypeAlias = tuple[float, float, float]
"""Red, green, blue, each 0 to 1: the part of white light that the cloth sends back."""


@dataclass(frozen=True)
class Canvas:
    """A grid of pattern coordinates to paint on.

    What depends on one of them alone is computed for a line only: u and v broadcast to a plane.

    Attributes:
        u: ``float32 (1, W)``, −1 to 1 from the image-left edge to the right.
        v: ``float32 (H, 1)``, 0 to 1 from the upper edge to the lower.
        texel: width of one grid point in u.
    """

    u: Plane
    v: Plane
    texel: float

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width, grid points."""
        return len(self.v), self.u.shape[1]


def canvas(width: int) -> Canvas:
    """A canvas `width` points wide; a mask is about 1.3 times as wide as high."""
    u = np.linspace(-1, 1, width, dtype=np.float32)[None, :]
    v = np.linspace(0, 1, round(width * 0.76), dtype=np.float32)[:, None]
    return Canvas(u, v, 2 / width)


@dataclass
class Fabric:
    """Painted cloth.

    Attributes:
        albedo: ``float32 (3, H, W)``, 0 to 1.
        relief: ``float32 (H, W)``, height out of the face in units of u.
        dimming: ``float32 (H, W)``, 0 to 1, shadows that do not turn with the light (the depth of a fold).
        alpha: ``float32 (H, W)``, 1 where there is cloth.
    """

    albedo: NDArray[np.float32]
    relief: Plane
    dimming: Plane
    alpha: Plane

    def lit(self, direction: NDArray[np.float64]) -> NDArray[np.float32]:
        """``float32 (H, W, 4)``: colour under a light from `direction`, times alpha, and alpha."""
        height, width = self.relief.shape
        down, across = np.gradient(self.relief)
        across *= (width - 1) / 2
        down *= (height - 1) * 0.66  # pattern heights of v in units of u
        z = max(float(direction[2]), 0.3)
        slope = (-across * float(direction[0]) - down * float(direction[1])) / z
        shade = self.dimming * np.clip(1 + slope, 0.35, 1.5) * self.alpha
        lit = np.empty((height, width, 4), dtype=np.float32)
        for channel in range(3):
            np.multiply(self.albedo[channel], shade, out=lit[..., channel])
        lit[..., 3] = self.alpha
        return lit


Painter: TypeAlias = Callable[[Canvas], Fabric]


def plain(where: Canvas, colour: Colour) -> Fabric:
    """Flat, opaque cloth of one colour."""
    albedo = np.empty((3, *where.shape), dtype=np.float32)
    albedo[:] = np.reshape(colour, (3, 1, 1))
    ones = np.ones(where.shape, dtype=np.float32)
    return Fabric(albedo, np.zeros(where.shape, dtype=np.float32), ones, ones.copy())


def bump(distance: Plane, width: float) -> Plane:
    """A smooth ridge: 1 at distance 0, falling to 0 like a Gaussian of standard deviation `width`."""
    ridge: Plane = np.exp(-0.5 * (distance / width) ** 2).astype(np.float32)
    return ridge


def step(distance: Plane, width: float) -> Plane:
    """A smooth edge: 0 far below 0, 1 far above, over about `width`."""
    edge: Plane = (0.5 + 0.5 * np.tanh(distance / max(width, 1e-6))).astype(np.float32)
    return edge


def crumple(where: Canvas, rng: np.random.Generator, *, coarseness: int = 5) -> Plane:
    """Soft random folds, about −1 to 1; the same for every canvas size."""
    knots = rng.standard_normal((coarseness + 1, coarseness + 2)).astype(np.float32)
    height, width = where.shape
    soft = np.asarray(cv2.resize(knots, (width, height), interpolation=cv2.INTER_CUBIC), dtype=np.float32)
    return np.asarray(np.clip(soft * 0.6, -1.5, 1.5))


def weave(where: Canvas, rng: np.random.Generator) -> Plane:
    """Fine irregular threads, about −1 to 1."""
    height, width = where.shape
    noise = rng.standard_normal((96, 128)).astype(np.float32)
    threads = cv2.GaussianBlur(noise, (0, 0), 0.8)
    return np.asarray(1.8 * cv2.resize(threads, (width, height), interpolation=cv2.INTER_LINEAR), dtype=np.float32)
