"""The three-ply surgical mask."""

from __future__ import annotations

import numpy as np

from benchmark.cards import Card
from benchmark.masking.fabric import Canvas, Colour, Fabric, bump, crumple, plain, step, weave
from benchmark.masking.head import Head
from benchmark.masking.straps import ear_loops
from benchmark.masking.surface import bend
from benchmark.masking.worn import MaskDesign, WornMask
from benchmark.masking.wrapping import Wrap, wrapped
from benchmark.plugins import register_mask

COLOURS: dict[str, Colour] = {
    "light blue": (0.60, 0.79, 0.90),
    "white": (0.95, 0.95, 0.95),
    "green": (0.62, 0.84, 0.76),
    "pink": (0.94, 0.74, 0.79),
    "lilac": (0.78, 0.74, 0.90),
    "black": (0.13, 0.13, 0.14),
}
_SHARES = (0.46, 0.16, 0.12, 0.08, 0.06, 0.12)


@register_mask("surgical")
class SurgicalMask(WornMask):
    """Pleated three-ply surgical mask with nose wire and ear loops."""

    card = Card(summary="pleated surgical mask, nose wire, ear loops, six colours", source="own drawing")

    def design(self, head: Head, rng: np.random.Generator) -> MaskDesign:
        """See `WornMask.design`."""
        colour = str(rng.choice(list(COLOURS), p=_SHARES))
        wrap = Wrap(
            bridge=float(rng.uniform(28.25, 29.0)),
            upper_corner=float(rng.uniform(1.55, 1.95)),
            lower_corner=float(rng.uniform(3.9, 4.5)),
            inset=float(rng.uniform(0.08, 0.14)),
            slack=float(rng.uniform(0.0, 1.0)),
            chin=float(rng.uniform(0.04, 0.14)),
        )
        pleats = tuple(0.30 + 0.19 * k + float(rng.uniform(-0.02, 0.02)) for k in range(3))
        seed = int(rng.integers(2**32))
        controls, corners = wrapped(head, wrap)

        def paint(where: Canvas) -> Fabric:
            return _paint(where, COLOURS[colour], pleats, np.random.default_rng(seed))

        loop_colour: Colour = (0.2, 0.2, 0.2) if colour == "black" else (0.93, 0.93, 0.92)
        loops = ear_loops(head, corners, width=0.055, colour=loop_colour, sag=0.04 + 0.1 * wrap.slack)
        parameters = {"colour": colour, **wrap.parameters()}
        return MaskDesign(bend(controls), paint, loops, parameters, stiffness=0.55)


def _paint(where: Canvas, colour: Colour, pleats: tuple[float, ...], rng: np.random.Generator) -> Fabric:
    cloth = plain(where, colour)
    u, v = where.u, where.v
    # Pleats open towards the middle, where nose and chin pull them apart, and are pressed together at the sides.
    for number, at in enumerate(pleats):
        line = at + 0.035 * (number - 1) * (1 - u**2)
        below = v - line
        cloth.relief += 0.035 * step(-below, 0.008) * np.exp(np.minimum(-below, 0) / 0.08) * 0.6
        cloth.dimming *= (
            1 - 0.30 * bump(below - 0.008, 0.010) - 0.10 * step(below, 0.006) * np.exp(-np.maximum(below, 0) / 0.05)
        )
        cloth.albedo *= 1 + 0.05 * bump(below + 0.012, 0.010)
    # The wire's casing along the upper edge, hems below and at the sides.
    for distance, width in ((v - 0.075, 0.006), (v - 0.955, 0.006), (np.abs(u) - 0.93, 0.008)):
        cloth.dimming *= 1 - 0.16 * bump(distance, width)
    cloth.relief += 0.012 * bump(v - 0.04, 0.018) * step(0.62 - np.abs(u), 0.05)
    stitches = (np.sin(v * 150) > 0) & (np.abs(np.abs(u) - 0.965) < 0.015)
    cloth.dimming *= 1 - 0.08 * stitches.astype(np.float32)
    cloth.relief += 0.030 * crumple(where, rng)
    cloth.dimming *= 1 + 0.018 * weave(where, rng)
    # The sides are gathered where the loops pull.
    pull = np.maximum(np.abs(u) - 0.7, 0) / 0.3
    cloth.relief += 0.02 * pull**2 * np.sin(v * 26 + 1.0)
    return cloth
