"""Methods that restore the probe's photo (most methods)."""

from __future__ import annotations

from benchmark.errors import PluginError
from benchmark.methods.base import Unmasker
from benchmark.methods.detection_step import FoundMasks
from benchmark.methods.learner import pair_learners
from benchmark.methods.step import RestoredView, unmask
from benchmark.pipeline.conditions.crops import Crops
from benchmark.pipeline.conditions.found_masks import detector_of
from benchmark.pipeline.conditions.method_kinds.inputs import MethodConditions, MethodInputs


def unmasker_conditions(label: str, method: Unmasker, inputs: MethodInputs) -> MethodConditions:
    """Restored faces stand where the masked ones stood; bare probes are sent through the method, too.

    Raises:
        PluginError: the method or its detector failed.
    """
    faces, context = inputs.faces, inputs.context
    detector = detector_of(method)
    if detector is not None and detector.label not in inputs.detections:
        raise PluginError(f"its detector '{detector.label}' failed")
    found = None if detector is None else inputs.detections[detector.label]

    def restored_crops(crops: Crops, masks: FoundMasks | None) -> RestoredView:
        trained_on = [inputs.learned[learner.label] for learner in pair_learners(method.parts())]
        return unmask(method, crops.view, trained_on=trained_on, name=label, context=context, found=masks)

    raw = faces.shown_raw
    restored = restored_crops(faces.masked, None if found is None else found.masked)
    shown = faces.masked.changed(restored.view).shown(label, faces.search, context)
    pairings = [
        faces.pairing("raw-restored", label, raw, shown, pictures=True),
        faces.pairing("restored-restored", label, shown, shown),
    ]
    bare = faces.bare
    if bare is not None:
        passed = restored_crops(bare, None if found is None else found.bare)
        passed_shown = bare.changed(passed.view).shown(f"{label} on bare faces", faces.search, context)
        pairings.append(faces.pairing("raw-passthrough", label, raw, passed_shown))
    return MethodConditions(pairings, restored)
