"""Printed patterns of cloth masks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from benchmark.masking.fabric import Canvas, Colour
from benchmark.masking.light import Plane

Albedo: TypeAlias = NDArray[np.float32]
"""``float32 (3, H, W)``, as `Fabric` has it."""


@dataclass(frozen=True)
class Ink:
    """What is printed on a cloth.

    Attributes:
        colour: red, green, blue, 0 to 1.
        pattern: a name of `PRINTS`.
        scale: 1 = usual size.
    """

    colour: Colour
    pattern: str
    scale: float


def _blend(albedo: Albedo, colour: Colour, share: Plane) -> Albedo:
    part = np.clip(share, 0, 1).astype(np.float32)
    return albedo * (1 - part) + np.asarray(colour, dtype=np.float32)[:, None, None] * part


def _inside(distance: Plane, where: Canvas) -> Plane:
    """1 where `distance` (units of u) is negative, 0 where positive, smooth over two texels."""
    edge: Plane = np.clip(0.5 - distance / (2 * where.texel), 0, 1)
    return edge


def _cells(where: Canvas, side: float, *, staggered: bool) -> tuple[Plane, Plane, Plane, Plane]:
    """Square cells in units of u: offset from the cell's middle, and the cell's whole-number column and row."""
    x, y = where.u / side, (where.v - 0.5) * 1.52 / side
    row = np.floor(y)
    if staggered:
        x = x + 0.5 * np.mod(row, 2)
    column = np.floor(x)
    return (x - column - 0.5) * side, (y - row - 0.5) * side, column, row


def plain_cloth(where: Canvas, albedo: Albedo, ink: Ink, rng: np.random.Generator) -> Albedo:
    """No print."""
    del where, ink, rng
    return albedo


def stripes(where: Canvas, albedo: Albedo, ink: Ink, rng: np.random.Generator) -> Albedo:
    """Parallel stripes at a random angle."""
    angle = float(rng.choice([0.0, np.pi / 2, np.pi / 4]))
    share = float(rng.uniform(0.25, 0.5))
    period = 0.17 * ink.scale
    along = where.u * np.cos(angle) + (where.v - 0.5) * 1.52 * np.sin(angle)
    distance = np.abs(np.mod(along / period, 1) - 0.5) * period - share * period / 2
    return _blend(albedo, ink.colour, _inside(distance, where))


def dots(where: Canvas, albedo: Albedo, ink: Ink, rng: np.random.Generator) -> Albedo:
    """Staggered dots."""
    side = 0.16 * ink.scale
    across, down, _, _ = _cells(where, side, staggered=True)
    radius = side * float(rng.uniform(0.20, 0.34))
    return _blend(albedo, ink.colour, _inside(np.hypot(across, down) - radius, where))


def checks(where: Canvas, albedo: Albedo, ink: Ink, rng: np.random.Generator) -> Albedo:
    """Gingham: two crossing sets of half-transparent bands."""
    side = 0.20 * ink.scale
    across, down, _, _ = _cells(where, side, staggered=False)
    strength = float(rng.uniform(0.4, 0.6))
    for offset in (across, down):
        albedo = _blend(albedo, ink.colour, strength * _inside(np.abs(offset) - side / 4, where))
    return albedo


def flowers(where: Canvas, albedo: Albedo, ink: Ink, rng: np.random.Generator) -> Albedo:
    """Five-petalled flowers, each turned and shifted by chance, with a yellow eye and two leaves."""
    side = 0.30 * ink.scale
    across, down, column, row = _cells(where, side, staggered=True)
    table = rng.random((3, 41))
    which = np.mod(column * 7 + row * 13, 41).astype(np.intp)
    turn, shift_x, shift_y = table[0, which] * 6.28, (table[1, which] - 0.5), (table[2, which] - 0.5)
    x = (across - 0.22 * side * shift_x).astype(np.float32)
    y = (down - 0.22 * side * shift_y).astype(np.float32)
    radius, angle = np.hypot(x, y), np.arctan2(y, x) + turn
    petals = radius - side * (0.20 + 0.09 * np.cos(5 * angle))
    leaves = radius - side * 0.40 * np.abs(np.cos(angle + 0.6)) ** 6
    albedo = _blend(albedo, (0.36, 0.50, 0.32), 0.9 * _inside(leaves.astype(np.float32), where))
    albedo = _blend(albedo, ink.colour, _inside(petals.astype(np.float32), where))
    return _blend(albedo, (0.92, 0.76, 0.30), _inside((radius - 0.07 * side).astype(np.float32), where))


PRINTS: dict[str, Callable[[Canvas, Albedo, Ink, np.random.Generator], Albedo]] = {
    "plain": plain_cloth,
    "stripes": stripes,
    "dots": dots,
    "checks": checks,
    "flowers": flowers,
}
"""Print by name."""
