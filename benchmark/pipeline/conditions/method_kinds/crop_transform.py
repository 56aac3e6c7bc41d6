"""Methods that change both crops alike."""

from __future__ import annotations

from dataclasses import replace

from benchmark.methods.base import CropTransform
from benchmark.methods.step import transform
from benchmark.pipeline.conditions.method_kinds.inputs import MethodConditions, MethodInputs
from benchmark.pipeline.conditions.pairing import ShownFaces


def crop_transform_conditions(label: str, method: CropTransform, inputs: MethodInputs) -> MethodConditions:
    """The changed raw faces are also used as references, so that the recogniser compares faces changed alike."""
    faces = inputs.faces

    def changed(shown: ShownFaces) -> ShownFaces:
        view = transform(method, shown.view, name=label, shown=shown.shown, context=inputs.context)
        return replace(shown, shown=f"{label}: {shown.shown}", view=view)

    raw, masked = changed(faces.shown_raw), changed(faces.shown_masked)
    return MethodConditions(
        [
            faces.pairing("raw-restored", label, raw, masked),
            faces.pairing("restored-restored", label, masked, masked),
            faces.pairing("raw-passthrough", label, raw, raw),
        ]
    )
