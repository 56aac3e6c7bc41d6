"""Masks from the user's own pictures: ``template:FILE.png`` with a file of control points beside it."""

from __future__ import annotations

import hashlib
from pathlib import Path

import cv2
import numpy as np

from benchmark.cards import Card
from benchmark.masking.fabric import Canvas, Fabric
from benchmark.masking.head import Head
from benchmark.masking.surface import bend
from benchmark.masking.template_file import PLACES, Template, read_template
from benchmark.masking.worn import MaskDesign, WornMask
from benchmark.masking.wrapping import Controls


class TemplateMask(WornMask):
    """An RGBA picture, bent over the face by its control points and lit like every worn mask.

    Args:
        path: the PNG; `benchmark.masking.template_file` describes it and the file beside it.

    Raises:
        RequestError: the picture or its control points cannot be used.
    """

    card = Card(summary="your own RGBA picture with control points: template:FILE.png", licence="of the picture")

    def __init__(self, path: Path) -> None:
        self.path = path
        template = read_template(path)
        self.digest = hashlib.blake2b(
            template.pixels.tobytes() + repr((template.pixels.shape, template.points)).encode(), digest_size=8
        ).hexdigest()
        # another picture is another style: the version enters the keys of what is stored
        self.version = int(self.digest[:7], 16)  # type: ignore[misc]  # a class variable where styles are fixed

    def design(self, head: Head, rng: np.random.Generator) -> MaskDesign:
        """See `WornMask.design`. Nothing is drawn at random but the grain."""
        del rng
        template = read_template(self.path)
        height, width = template.pixels.shape[:2]
        controls: Controls = {}
        for (x, y), target in template.points:
            place = (2 * x / max(width - 1, 1) - 1, y / max(height - 1, 1))
            lift = np.array([0.0, 0.0, 0.08])  # cloth rests on the skin, not in it
            controls[place] = lift + sum((share * head.points[index] for index, share in _target(target)), np.zeros(3))

        def paint(where: Canvas) -> Fabric:
            return _paint(where, template)

        return MaskDesign(bend(controls), paint, (), {"template": self.path.name, "digest": self.digest}, stiffness=0.3)


def _target(target: int | str) -> tuple[tuple[int, float], ...]:
    return ((target, 1.0),) if isinstance(target, int) else PLACES[target]


def _paint(where: Canvas, template: Template) -> Fabric:
    height, width = where.shape
    premultiplied = np.divide(template.pixels, 255, dtype=np.float32)
    premultiplied[..., :3] *= premultiplied[..., 3:]
    shrinks = width < template.pixels.shape[1]
    interpolation = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    resized = np.asarray(cv2.resize(premultiplied, (width, height), interpolation=interpolation), dtype=np.float32)
    *colour, alpha = np.ascontiguousarray(np.moveaxis(resized, -1, 0))
    albedo = np.stack(colour) / np.maximum(alpha, 1e-6)
    return Fabric(albedo, np.zeros_like(alpha), np.ones_like(alpha), alpha)
