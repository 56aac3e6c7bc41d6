"""The sewn cloth mask, in colours and patterns."""

from __future__ import annotations

import numpy as np

from benchmark.cards import Card
from benchmark.masking.fabric import Canvas, Colour, Fabric, bump, crumple, plain, step, weave
from benchmark.masking.head import Head
from benchmark.masking.prints import PRINTS, Ink
from benchmark.masking.straps import ear_loops
from benchmark.masking.surface import bend
from benchmark.masking.worn import MaskDesign, WornMask
from benchmark.masking.wrapping import Wrap, wrapped
from benchmark.plugins import register_mask

COLOURS: dict[str, Colour] = {
    "black": (0.13, 0.13, 0.14),
    "navy": (0.16, 0.21, 0.38),
    "grey": (0.52, 0.53, 0.55),
    "red": (0.70, 0.16, 0.18),
    "olive": (0.42, 0.45, 0.30),
    "mustard": (0.80, 0.62, 0.22),
    "sky": (0.52, 0.72, 0.88),
    "rose": (0.88, 0.62, 0.66),
    "cream": (0.92, 0.88, 0.78),
    "white": (0.95, 0.95, 0.94),
}
_LIGHT_INKS = ("white", "cream", "sky", "rose", "mustard")
_DARK_INKS = ("black", "navy", "red", "olive", "grey")


@register_mask("cloth")
class ClothMask(WornMask):
    """Sewn cloth mask: plain, striped, dotted, checked or flowered; hem, centre seam, ear loops."""

    card = Card(summary="sewn cloth mask: plain, stripes, dots, checks or flowers, ear loops", source="own drawing")

    def design(self, head: Head, rng: np.random.Generator) -> MaskDesign:
        """See `WornMask.design`."""
        pattern = str(rng.choice(list(PRINTS), p=[0.36, 0.16, 0.16, 0.16, 0.16]))
        colour = str(rng.choice(list(COLOURS)))
        bright = sum(COLOURS[colour]) > 1.5
        ink = str(rng.choice(_DARK_INKS if bright else _LIGHT_INKS))
        scale = float(rng.uniform(0.75, 1.35))
        seam = bool(rng.random() < 0.6)
        wrap = Wrap(
            bridge=float(rng.uniform(28.2, 29.0)),
            upper_corner=float(rng.uniform(1.5, 1.9)),
            lower_corner=float(rng.uniform(3.7, 4.4)),
            inset=float(rng.uniform(0.05, 0.12)),
            slack=float(rng.uniform(0.0, 0.7)),
            chin=float(rng.uniform(0.06, 0.16)),
        )
        seed = int(rng.integers(2**32))
        controls, corners = wrapped(head, wrap)

        def paint(where: Canvas) -> Fabric:
            printed = Ink(COLOURS[ink], pattern, scale)
            return _paint(where, COLOURS[colour], printed, seam, np.random.default_rng(seed))

        loop: Colour = COLOURS[colour] if rng.random() < 0.4 else (0.14, 0.14, 0.15)
        loops = ear_loops(head, corners, width=0.07, colour=loop, sag=0.05)
        parameters = {
            "pattern": pattern,
            "colour": colour,
            "ink": None if pattern == "plain" else ink,
            "pattern_scale": round(scale, 3),
            "seam": seam,
            **wrap.parameters(),
        }
        return MaskDesign(bend(controls), paint, loops, parameters, stiffness=0.65)


def _paint(where: Canvas, colour: Colour, ink: Ink, seam: bool, rng: np.random.Generator) -> Fabric:
    cloth = plain(where, colour)
    cloth.albedo = PRINTS[ink.pattern](where, cloth.albedo, ink, rng)
    u, v = where.u, where.v
    if seam:
        cloth.relief += 0.016 * step(u, 0.010)
        cloth.dimming *= 1 - 0.22 * bump(u, 0.008)
        cloth.relief += 0.006 * np.sin(v * 90) * bump(u - 0.03, 0.02)
    # Folded hems with a row of stitches.
    for distance in (v - 0.06, 0.94 - v, 0.93 - np.abs(u)):
        cloth.relief += 0.014 * step(-distance, 0.006)
        cloth.dimming *= 1 - 0.14 * bump(distance, 0.008)
    pull = np.maximum(np.abs(u) - 0.65, 0) / 0.35
    cloth.relief += 0.022 * pull**1.5 * np.sin(v * 19 + 0.6)
    cloth.relief += 0.045 * crumple(where, rng, coarseness=4)
    cloth.dimming *= 1 + 0.035 * weave(where, rng)
    return cloth
