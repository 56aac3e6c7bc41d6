"""The N95 respirator: moulded cup or duckbill, with two head bands."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from benchmark.cards import Card
from benchmark.masking.fabric import Canvas, Colour, Fabric, bump, crumple, plain, step, weave
from benchmark.masking.head import Head, moved
from benchmark.masking.straps import Strap, strap
from benchmark.masking.surface import bend
from benchmark.masking.worn import MaskDesign, WornMask
from benchmark.masking.wrapping import Controls, Point
from benchmark.plugins import register_mask

COLOURS: dict[str, Colour] = {
    "white": (0.96, 0.96, 0.94),
    "cream": (0.95, 0.92, 0.84),
    "blue-green": (0.62, 0.82, 0.84),
}
BAND_COLOURS: dict[str, Colour] = {
    "yellow": (0.90, 0.80, 0.52),
    "white": (0.94, 0.94, 0.92),
    "grey": (0.70, 0.72, 0.74),
}


@register_mask("n95")
class N95Mask(WornMask):
    """N95 respirator, moulded cup or duckbill, with seam, nose clip and two head bands."""

    card = Card(
        summary="N95 respirator: moulded cup or duckbill, seam, nose clip, two head bands", source="own drawing"
    )

    def design(self, head: Head, rng: np.random.Generator) -> MaskDesign:
        """See `WornMask.design`."""
        shape = str(rng.choice(["cup", "duckbill"], p=[0.65, 0.35]))
        colour = str(rng.choice(list(COLOURS), p=[0.6, 0.2, 0.2]))
        band = str(rng.choice(list(BAND_COLOURS)))
        bridge = float(rng.uniform(28.35, 28.85))
        breadth = float(rng.uniform(0.98, 1.10))
        depth = float(rng.uniform(0.9, 1.15))
        seed = int(rng.integers(2**32))
        controls = _shell(head, shape, bridge, breadth, depth)

        def paint(where: Canvas) -> Fabric:
            return _paint(where, COLOURS[colour], shape, np.random.default_rng(seed))

        parameters = {
            "shape": shape,
            "colour": colour,
            "bands": band,
            "bridge": round(bridge, 3),
            "breadth": round(breadth, 3),
            "depth": round(depth, 3),
        }
        mesh = bend(controls, round_outline=True)
        bands = _bands(head, controls, BAND_COLOURS[band])
        return MaskDesign(mesh, paint, bands, parameters, stiffness=0.5)


def _rim(side: int, angle: float) -> tuple[float, float]:
    """Pattern coordinates on the round outline; 0° is the top, 90° the side."""
    radians = np.radians(angle)
    return round(side * float(np.sin(radians)), 6), round(0.5 - 0.5 * float(np.cos(radians)), 6)


class _Shell(NamedTuple):
    """What both sides of a shell share."""

    shape: str
    breadth: float
    top: Point
    front: Point
    chin: Point


def _shell(head: Head, shape: str, bridge: float, breadth: float, depth: float) -> Controls:
    top = head.bridge(bridge) + moved(0, 0.06)
    chin = head.points[8] + moved(0.06, 0.0)
    tip = head.points[30]
    lips = head.points[[51, 57]].mean(axis=0)
    front = 0.5 * (tip + lips) + moved(0, 0.42 * depth)
    controls: Controls = {(0, 0): top, (0, 1): chin}
    if shape == "cup":
        controls[0, 0.25] = 0.5 * (top + tip) + moved(0.0, 0.24 * depth)
        controls[0, 0.5] = front
        controls[0, 0.76] = 0.45 * front + 0.55 * chin + moved(0.06, 0.30 * depth)
    else:  # two flat panels that meet at a lip in front of the mouth
        controls[0, 0.25] = 0.5 * (top + front) + moved(0, 0.04)
        controls[0, 0.5] = front + moved(0.12, 0.16 * depth)
        controls[0, 0.54] = front + moved(0.17, 0.14 * depth)
        controls[0, 0.76] = 0.5 * (front + chin) + moved(0.1, 0.06)
    for side in (-1, 1):
        _half(head, _Shell(shape, breadth, top, front, chin), side, controls)
    return controls


def _half(head: Head, shell: _Shell, side: int, controls: Controls) -> None:
    """Adds one side's points."""
    shape, breadth, top, front, chin = shell

    def cheek(index: float, part: float, forward: float) -> Point:
        """`part` of the way from the face's middle to the jaw line at `index`."""
        edge = head.jaw(index if side < 0 else 16 - index)
        centre = np.array([top[0] + (chin[0] - top[0]) * (edge[1] - top[1]) / max(chin[1] - top[1], 0.1), edge[1], 0.2])
        point: Point = (1 - part * breadth) * centre + part * breadth * edge + moved(0, forward)
        return point

    wide = 0.04 if shape == "duckbill" else 0.0
    controls[_rim(side, 22)] = cheek(1.35, 0.20, 0.12) + moved(-0.04, 0)
    controls[_rim(side, 45)] = cheek(1.75, 0.47, 0.28)
    controls[_rim(side, 70)] = cheek(2.35, 0.66 + wide, 0.30)
    controls[_rim(side, 92)] = cheek(3.1, 0.76 + wide, 0.28)
    controls[_rim(side, 115)] = cheek(4.0, 0.80 + wide, 0.26)
    controls[_rim(side, 138)] = cheek(5.2, 0.88, 0.20)
    controls[_rim(side, 160)] = cheek(6.7, 0.98, 0.12) + moved(0.05, 0)
    outer = controls[_rim(side, 92)]
    flat = 0.10 if shape == "duckbill" else 0.26
    controls[side * 0.45, 0.5] = 0.55 * front + 0.45 * outer + moved(0.02, flat)
    controls[side * 0.42, 0.24] = 0.5 * top + 0.5 * outer * [1, 0.55, 1] + moved(0.06, flat + 0.14)
    controls[side * 0.42, 0.78] = 0.5 * chin + 0.5 * outer + moved(0.06, flat + 0.18)


def _bands(head: Head, controls: Controls, colour: Colour) -> tuple[Strap, ...]:
    bands: list[Strap] = []
    for side in (-1, 1):
        index, inward = (0.0, 1.0) if side < 0 else (16.0, -1.0)
        over_ear = head.jaw(index) + np.array([side * 0.1, -0.22, -0.25])
        below_ear = head.jaw(index + 2.3 * inward) + np.array([side * 0.1, 0.06, -0.2])
        upper = 0.9 * controls[_rim(side, 70)] + 0.1 * controls[0, 0.5]
        lower = 0.9 * controls[_rim(side, 115)] + 0.1 * controls[0, 0.5]
        for start, end in ((upper, over_ear), (lower, below_ear)):
            bands.append(strap(start, end, side=side, width=0.085, colour=colour, under_hair=False))
    return tuple(bands)


def _paint(where: Canvas, colour: Colour, shape: str, rng: np.random.Generator) -> Fabric:
    cloth = plain(where, colour)
    u, v = where.u, where.v
    radius = np.sqrt(u**2 + (2 * v - 1) ** 2)
    if shape == "cup":
        # Moulded shell: a pressed flange round the rim and a ridge that runs across below the nose.
        cloth.dimming *= 1 - 0.22 * bump(radius - 0.90, 0.012)
        cloth.relief += 0.03 * step(0.90 - radius, 0.015)
        arch = v - (0.40 + 0.10 * u**2)
        cloth.relief += 0.022 * bump(arch, 0.02) * step(0.8 - radius, 0.04)
        cloth.dimming *= 1 - 0.10 * bump(arch - 0.035, 0.012) * step(0.8 - radius, 0.04)
    else:
        lip = v - (0.52 + 0.02 * u**2)
        cloth.dimming *= 1 - 0.30 * bump(lip, 0.009) - 0.12 * step(lip, 0.01) * np.exp(-np.maximum(lip, 0) / 0.1)
        cloth.albedo *= 1 + 0.04 * bump(lip + 0.02, 0.01)
        for side in (-1, 1):  # welds that hold the panels open
            weld = side * u - (0.62 - 0.5 * np.abs(v - 0.52))
            cloth.dimming *= 1 - 0.14 * bump(weld, 0.012)
        cloth.dimming *= 1 - 0.14 * bump(radius - 0.93, 0.010)
    # The aluminium clip over the nose.
    clip = step(0.26 - np.abs(u), 0.02) * bump(v - (0.055 + 0.20 * u**2), 0.014)
    metal = np.array([0.66, 0.67, 0.69], dtype=np.float32)[:, None, None]
    share = 0.75 * clip
    cloth.albedo = np.asarray(cloth.albedo * (1 - share) + metal * share, dtype=np.float32)
    cloth.relief += 0.02 * clip
    cloth.relief += 0.008 * crumple(where, rng)
    cloth.dimming *= 1 + 0.02 * weave(where, rng)
    return cloth
