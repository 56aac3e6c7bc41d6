"""The KN95 respirator: folded flat down the middle, with ear loops."""

from __future__ import annotations

import numpy as np

from benchmark.cards import Card
from benchmark.masking.fabric import Canvas, Colour, Fabric, bump, crumple, plain, step, weave
from benchmark.masking.head import Head, moved
from benchmark.masking.straps import ear_loops
from benchmark.masking.surface import Mesh, bend
from benchmark.masking.worn import MaskDesign, WornMask
from benchmark.masking.wrapping import Controls, Corners, Point
from benchmark.plugins import register_mask

COLOURS: dict[str, Colour] = {
    "white": (0.96, 0.96, 0.96),
    "grey": (0.62, 0.63, 0.65),
    "black": (0.13, 0.13, 0.14),
    "beige": (0.86, 0.78, 0.68),
}


@register_mask("kn95")
class KN95Mask(WornMask):
    """KN95 respirator with a fold seam down the middle and ear loops."""

    card = Card(summary="KN95 respirator: fold seam down the middle, welded rim, ear loops", source="own drawing")

    def design(self, head: Head, rng: np.random.Generator) -> MaskDesign:
        """See `WornMask.design`."""
        colour = str(rng.choice(list(COLOURS), p=[0.58, 0.12, 0.2, 0.1]))
        bridge = float(rng.uniform(28.1, 28.7))
        reach = float(rng.uniform(0.84, 0.94))
        beak = float(rng.uniform(0.85, 1.2))
        seed = int(rng.integers(2**32))
        controls, corners = _folded(head, bridge, reach, beak)
        mesh = bend(controls)
        # The fold is a crease, which no smooth surface has: pull the middle line forward.
        crease = 0.10 * beak * np.exp(-np.abs(mesh.pattern[:, 0]) / 0.16) * np.sin(np.pi * mesh.pattern[:, 1]) ** 0.7
        mesh = Mesh(mesh.pattern, mesh.points + crease[:, None] * [0, 0, 1.0], mesh.triangles)

        def paint(where: Canvas) -> Fabric:
            return _paint(where, COLOURS[colour], np.random.default_rng(seed))

        loop_colour: Colour = (0.16, 0.16, 0.16) if colour == "black" else (0.93, 0.93, 0.92)
        loops = ear_loops(head, corners, width=0.06, colour=loop_colour, sag=0.05)
        parameters = {
            "colour": colour,
            "bridge": round(bridge, 3),
            "reach": round(reach, 3),
            "beak": round(beak, 3),
        }
        return MaskDesign(mesh, paint, loops, parameters, stiffness=0.42)


def _folded(head: Head, bridge: float, reach: float, beak: float) -> tuple[Controls, Corners]:
    top = head.bridge(bridge) + moved(0, 0.08)
    chin = head.points[8] + moved(0.08, 0.04)
    tip = head.points[30] + moved(0.06, 0.20 * beak)
    lips = head.points[[51, 57]].mean(axis=0)
    lips = lips + moved(0, max(0.0, 0.75 * tip[2] - lips[2]))
    below = 0.45 * lips + 0.55 * chin + moved(0.04, 0.18 * beak)
    controls: Controls = {(0, 0): top, (0, 0.32): tip, (0, 0.58): lips, (0, 0.80): below, (0, 1): chin}
    corners: list[tuple[Point, Point]] = []
    for side in (-1, 1):

        def jaw(index: float, part: float, forward: float, side: int = side) -> Point:
            edge = head.jaw(index if side < 0 else 16 - index)
            centre = np.array([top[0], edge[1], edge[2]])
            point: Point = (1 - part) * centre + part * edge + moved(0, forward)
            return point

        upper, lower = jaw(1.95, reach, 0.30), jaw(3.35, reach, 0.28)
        middle = 0.5 * (upper + lower) + moved(0, 0.03)
        controls[side, 0], controls[side, 1], controls[side, 0.5] = upper, lower, middle
        controls[side * 0.25, 0] = 0.74 * top + 0.26 * upper + moved(0.06, 0.04)
        controls[side * 0.6, 0] = 0.40 * top + 0.60 * upper + moved(0.0, 0.24)
        controls[side * 0.5, 0.40] = 0.52 * tip + 0.48 * middle + moved(0.02, 0.14)
        controls[side * 0.5, 0.70] = 0.52 * below + 0.48 * middle + moved(0.0, 0.16)
        # The lower edge runs straight from the chin to the corner, along the jaw.
        controls[side * 0.3, 1] = jaw(7.0, 1.0, 0.12) + moved(0.05, 0)
        controls[side * 0.65, 1] = 0.5 * jaw(5.6, 1.0, 0.2) + 0.5 * (0.42 * chin + 0.58 * lower) + moved(0.02, 0.1)
        corners.append((upper, lower))
    return controls, (corners[0], corners[1])


def _paint(where: Canvas, colour: Colour, rng: np.random.Generator) -> Fabric:
    cloth = plain(where, colour)
    u, v = where.u, where.v
    # The fold, and the weld beside it.
    cloth.relief += 0.025 * bump(u, 0.012)
    cloth.dimming *= 1 - 0.26 * bump(np.abs(u) - 0.020, 0.007)
    # The welded rim: a pressed line of dots inside every edge.
    for distance, along in ((v - 0.045, u * 110), (0.955 - v, u * 110), (0.945 - np.abs(u), v * 80)):
        dots = 0.6 + 0.4 * np.sign(np.sin(along))
        cloth.dimming *= 1 - 0.15 * bump(distance, 0.007) * dots
    # Two pressed lines from the fold to the corners stiffen each panel.
    for at in (0.30, 0.66):
        line = v - (at + (0.42 - at) * 0.55 * np.abs(u))
        inside = step(np.abs(u) - 0.08, 0.02) * step(0.85 - np.abs(u), 0.03)
        cloth.dimming *= 1 - 0.10 * bump(line, 0.007) * inside
    metal = step(0.30 - np.abs(u), 0.02) * bump(v - 0.085, 0.016)
    cloth.relief += 0.014 * metal
    cloth.dimming *= 1 - 0.07 * metal
    cloth.relief += 0.016 * crumple(where, rng)
    cloth.dimming *= 1 + 0.015 * weave(where, rng)
    return cloth
