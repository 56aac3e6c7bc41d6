"""The baseline that changes nothing about the probe: compare like with like."""

from __future__ import annotations

from benchmark.methods.base import MethodCard, ReferenceMasker
from benchmark.plugins import register_method


@register_method("mask-the-reference")
class MaskTheReference(ReferenceMasker):
    """Put the probe's type of mask on the reference instead."""

    card = MethodCard(source="DESIGN.md section 5, item 5")
