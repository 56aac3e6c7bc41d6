"""Soft cloth wrapped from the nose's ridge over the cheeks and under the chin: control points for `bend`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from benchmark.masking.head import Head, moved

Point: TypeAlias = NDArray[np.float64]
Controls: TypeAlias = dict[tuple[float, float], Point]
Corners: TypeAlias = tuple[tuple[Point, Point], tuple[Point, Point]]


@dataclass(frozen=True)
class Wrap:
    """How a soft mask sits.

    Attributes:
        bridge: where its upper edge crosses the nose's ridge, landmark index 27 to 30.
        upper_corner: where its upper corners are on the jaw line, landmark index (mirrored for the right side).
        lower_corner: where its lower corners are.
        inset: how far the corners are inside the face's outline, part of the way to the face's middle.
        slack: 0 tight, 1 loose: how far the cloth stands off the mouth.
        chin: how far it reaches below the chin, units of the head frame.
    """

    bridge: float
    upper_corner: float
    lower_corner: float
    inset: float
    slack: float
    chin: float

    def parameters(self) -> dict[str, float]:
        """For the ledger."""
        return {name: round(float(value), 3) for name, value in vars(self).items()}


def wrapped(head: Head, wrap: Wrap) -> tuple[Controls, Corners]:
    """Control points of the cloth, and its upper and lower corners, image-left and right."""
    top = head.bridge(wrap.bridge) + moved(0, 0.07)
    tip = head.points[30] + moved(0, 0.14 + 0.06 * wrap.slack)
    chin = head.points[8] + moved(wrap.chin, 0.02)
    chin_front = head.points[8] + moved(-0.34, 0.34 + 0.08 * wrap.slack)
    lips = head.points[[51, 57]].mean(axis=0)
    # Cloth spans the hollow between nose and chin like a tent.
    lips[2] = max(lips[2] + 0.12, 0.52 * tip[2] + 0.48 * chin_front[2] - 0.12 * (1 - wrap.slack))
    middle = _Middle(top, tip, lips)
    controls: Controls = {(0, 0): top, (0, 0.33): tip, (0, 0.62): lips, (0, 0.88): chin_front, (0, 1): chin}
    left, right = (_add_side(head, wrap, side, middle, controls) for side in (-1, 1))
    return controls, (left, right)


class _Middle(NamedTuple):
    """Points of the middle line that both sides start from."""

    top: Point
    tip: Point
    lips: Point


def _add_side(head: Head, wrap: Wrap, side: int, centre: _Middle, controls: Controls) -> tuple[Point, Point]:
    """Adds one side's points; its upper and lower corner."""
    top, tip, lips = centre

    def jaw(index: float, inset: float, forward: float) -> Point:
        edge = head.jaw(index if side < 0 else 16 - index)
        middle = np.array([top[0], edge[1], edge[2]])
        return (1 - inset) * edge + inset * middle + moved(0, forward)

    inset = wrap.inset
    upper = jaw(wrap.upper_corner, inset, 0.28)
    lower = jaw(wrap.lower_corner, inset * 0.75, 0.25)
    middle = jaw((wrap.upper_corner + wrap.lower_corner) / 2, inset, 0.30)

    def between(a: Point, b: Point, part: float, down: float, forward: float) -> Point:
        return (1 - part) * a + part * b + moved(down, forward)

    # Upper edge: steeply down the nose's flank, then along the cheekbone.
    controls[side * 0.2, 0] = between(top, upper, 0.20, 0.10, 0.02)
    controls[side * 0.55, 0] = between(top, upper, 0.54, 0.05, 0.26)
    controls[side * 1.0, 0] = upper
    controls[side * 1.0, 0.5] = middle
    controls[side * 1.0, 1] = lower
    # Across the cheeks.
    controls[side * 0.33, 0.33] = between(tip, middle, 0.30, -0.02, 0.02)
    controls[side * 0.66, 0.38] = between(tip, middle, 0.64, 0.02, 0.16)
    controls[side * 0.33, 0.66] = between(lips, middle, 0.30, 0.08, 0.10)
    controls[side * 0.70, 0.72] = between(lips, lower, 0.66, 0.04, 0.20)
    # Lower edge: along and just outside the jaw.
    controls[side * 0.28, 1] = jaw(7.15, -0.02, 0.10) + moved(wrap.chin * 0.9, 0)
    controls[side * 0.55, 1] = jaw(6.2, -0.01, 0.16) + moved(wrap.chin * 0.6, 0)
    controls[side * 0.80, 1] = jaw(5.2, 0.0, 0.2) + moved(wrap.chin * 0.3, 0)
    return upper, lower
