"""From the name of a mask type, as on the command line, to the style that draws it."""

from __future__ import annotations

from pathlib import Path

from benchmark.masking.base import MaskStyle
from benchmark.plugins import MASKS

TEMPLATE_PREFIX = "template:"


def mask_style(name: str) -> MaskStyle:
    """The style behind `name`: a registered one, or ``template:FILE.png``.

    Raises:
        RequestError: no such style, or the template or its control points cannot be used; the message says why.
    """
    if name.startswith(TEMPLATE_PREFIX):
        from benchmark.masking.template import TemplateMask  # noqa: PLC0415  # most runs use none

        return TemplateMask(Path(name.removeprefix(TEMPLATE_PREFIX)).expanduser())
    return MASKS.load(name)()
