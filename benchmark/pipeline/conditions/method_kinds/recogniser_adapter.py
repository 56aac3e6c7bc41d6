"""Methods that give the recogniser another network for probes."""

from __future__ import annotations

import copy
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from benchmark.errors import PluginError
from benchmark.methods.adapters.detected_probes import DetectedProbes
from benchmark.methods.base import RecogniserAdapter
from benchmark.pipeline.conditions.found_masks import detector_of
from benchmark.pipeline.conditions.method_kinds.detected_probes import MaskedFaces, only_with_mask
from benchmark.pipeline.conditions.method_kinds.fitting import Embedder, RecogniserInputs
from benchmark.pipeline.conditions.method_kinds.inputs import MethodConditions, MethodInputs
from benchmark.pipeline.conditions.pairing import ShownFaces, row_of_photo
from benchmark.recognisers.base import Recogniser
from benchmark.recognisers.step import recognise
from benchmark.views import View


def recogniser_adapter_conditions(
    label: str,
    method: RecogniserAdapter | DetectedProbes,
    inputs: MethodInputs,
) -> MethodConditions:
    """The masked faces as they are, embedded by the changed network; references by the unchanged one, unless the method
    adapts them, too.

    Raises:
        PluginError: the method's detector failed.
    """
    faces, detector = inputs.faces, detector_of(method)
    if detector is not None and detector.label not in inputs.detections:
        raise PluginError(f"its detector '{detector.label}' failed")
    raw, masked = faces.shown_raw, replace(faces.shown_masked, embedded_by=label)
    adapter = method.adapter if isinstance(method, DetectedProbes) else method
    reference = replace(raw, embedded_by=_references(label)) if adapter.adapts_references else raw
    pairings = [
        faces.pairing("raw-restored", label, reference, masked),
        faces.pairing("restored-restored", label, masked, masked),
    ]
    if faces.bare_photos:
        rows = row_of_photo(raw.photos, len(faces.templates.photos)) if raw.photos is not None else None
        chosen = [photo if rows is None else int(rows[photo]) for photo in faces.bare_photos]
        bare = ShownFaces(f"{label} on bare faces", raw.view.take(chosen), faces.bare_photos, embedded_by=label)
        pairings.append(faces.pairing("raw-passthrough", label, reference, bare))
    if detector is not None and adapter.adapts_references:
        masked_faces = MaskedFaces(detector, learned=inputs.learned, context=inputs.context)
        return MethodConditions([only_with_mask(pairing, masked_faces) for pairing in pairings])
    return MethodConditions(pairings)


def fitted_recogniser_adapter(
    label: str, method: RecogniserAdapter | DetectedProbes, inputs: RecogniserInputs
) -> dict[str, Embedder]:
    """Load the weights that belong to the recogniser."""
    if inputs.weights is None:
        raise AssertionError(f"'{method.label}' has no weights for {inputs.name}, and was planned nevertheless")
    adapter = copy.copy(method.adapter if isinstance(method, DetectedProbes) else method)
    adapter.load(inputs.weights.folder)

    def through(adapted: Recogniser) -> Embedder:
        def embedded(view: View, shown: str) -> NDArray[np.float32]:
            doing = f"{shown}, by {adapter.label}"
            rows = inputs.rows(view)
            found = recognise(inputs.name, adapted, view, shown=doing, context=inputs.context, rows=rows)
            return np.asarray(found.values)

        return embedded

    key = inputs.weights.sha256
    through_the_adapter = through(adapter.adapted(inputs.recogniser, key=key))
    if adapter.adapts_references:
        references = through(adapter.for_references(inputs.recogniser, key=key))
        return {label: through_the_adapter, _references(label): references}
    if not isinstance(method, DetectedProbes):
        return {label: through_the_adapter}
    masked = MaskedFaces(method.detector, learned=inputs.learned, context=inputs.context)

    def as_the_detector_finds(view: View, shown: str) -> NDArray[np.float32]:
        values = np.array(inputs.embed(view, shown).values)
        worn = masked.of(view, shown)
        values[worn] = through_the_adapter(view, shown)[worn]
        return values

    return {label: as_the_detector_finds}


def _references(label: str) -> str:
    """What says that a method embeds references, which it may do in another way than probes."""
    return f"{label}, references"
