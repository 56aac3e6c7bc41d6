"""The baseline that does not change the probe: it compares two masked faces instead."""

from __future__ import annotations

from benchmark.methods.base import MethodCard, ReferenceMasker
from benchmark.plugins import register_method


@register_method("mask-the-reference")
class MaskTheReference(ReferenceMasker):
    """Put the probe's type of mask on the reference instead."""

    card = MethodCard(source="docs/methods.md", baseline=True)

    def mask_type(self, probe: str | None, drawn: str) -> str:
        """The probe's; where that is not known, whichever was drawn for the reference."""
        return drawn if probe is None else probe
