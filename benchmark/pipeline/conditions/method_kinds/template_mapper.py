"""Methods that repair the probe's embedding, fitted to each recogniser."""

from __future__ import annotations

import copy
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from benchmark.errors import MethodFailed
from benchmark.methods.base import TemplateMapper, TemplatePairs
from benchmark.methods.fit_step import fit
from benchmark.pipeline.conditions.method_kinds.fitting import Embedder, RecogniserInputs
from benchmark.pipeline.conditions.method_kinds.inputs import MethodConditions, MethodInputs
from benchmark.plugin_code.guard import plugin_code
from benchmark.views import View


def template_mapper_conditions(label: str, method: TemplateMapper, inputs: MethodInputs) -> MethodConditions:  # noqa: ARG001  # the same call for every kind
    """The masked faces as they are; only their embeddings are repaired."""
    faces = inputs.faces
    raw = faces.shown_raw
    repaired = replace(faces.shown_masked, embedded_by=label)
    return MethodConditions(
        [
            faces.pairing("raw-restored", label, raw, repaired),
            faces.pairing("restored-restored", label, repaired, repaired),
            faces.pairing("raw-passthrough", label, raw, replace(raw, embedded_by=label)),
        ]
    )


def fitted_template_mapper(label: str, method: TemplateMapper, inputs: RecogniserInputs) -> dict[str, Embedder]:
    """Fit the method to one recogniser's embeddings of the training faces; afterwards it repairs those of the test."""
    made = inputs.made
    if made is None:
        raise AssertionError(f"{method.label} learns from training pairs, and there are none")
    masked = [inputs.embed(view, "masked training faces") for view in made.views]
    true = [inputs.embed(view.unmasked(), "bare training faces") for view in made.views]
    fitted = copy.copy(method)  # one mapper per recogniser
    pairs = TemplatePairs(
        np.concatenate([embeddings.values for embeddings in masked]),
        np.concatenate([embeddings.values for embeddings in true]),
        tuple(photo.subject_id for view in made.views for photo in view.photo_set.photos),
    )
    made_of = {"embeddings": [embeddings.key for embeddings in (*masked, *true)]}
    fit(fitted, pairs.complete(), made_of, inputs.context)

    def repaired(view: View, shown: str) -> NDArray[np.float32]:
        masked = np.asarray(inputs.embed(view, shown).values)
        with plugin_code(f"method '{method.label}' fails in map()", error=MethodFailed):
            mapped = fitted.map(masked)
        if not isinstance(mapped, np.ndarray) or mapped.shape != masked.shape or mapped.dtype.kind != "f":
            given = f"{mapped.dtype} {mapped.shape}" if isinstance(mapped, np.ndarray) else type(mapped).__name__
            raise MethodFailed(
                f"method '{method.label}' returned {given} from map(), which must return floating point {masked.shape}"
            )
        return mapped

    return {label: repaired}
