"""Methods that put a mask on the reference instead of taking the probe's away."""

from __future__ import annotations

from benchmark.config import Condition
from benchmark.masking.choice import choose_style
from benchmark.masking.step import mask_photos
from benchmark.methods.base import ReferenceMasker
from benchmark.pipeline.conditions.crops import Crops
from benchmark.pipeline.conditions.method_kinds.inputs import MethodConditions, MethodInputs
from benchmark.pipeline.conditions.method_kinds.masked_references import masked_references
from benchmark.pipeline.conditions.pairing import Pairing, Side


def reference_masker_conditions(label: str, method: ReferenceMasker, inputs: MethodInputs) -> MethodConditions:
    """Each reference wears the mask that the method chooses for the probe it is compared with."""
    faces, config, context = inputs.faces, inputs.config, inputs.context
    photos = faces.templates.photos
    conditions: tuple[Condition, ...] = ("raw-restored", "raw-passthrough")
    wanted = masked_references(
        faces.templates,
        [faces.comparisons[condition] for condition in conditions],
        faces.known_mask_types,
        mask_type=lambda probe, photo: method.mask_type(
            probe, choose_style(config.masks, context.seed, photos[photo].image_id)
        ),
    )
    references = faces.raw.acquired.take(faces.raw.rows_of(wanted.photos))
    view = mask_photos(
        references, wanted.mask_types, size=config.size, search=faces.search, context=context, variant=label
    )
    crops = Crops(view, references, view.photo_geometry, wanted.mask_types)
    shown = crops.shown(label, faces.search, context).view
    probes = (faces.shown_masked, faces.shown_raw)
    pairings = []
    for condition, rows, probe in zip(conditions, wanted.embedding_rows, probes, strict=True):
        compared = faces.comparisons[condition]
        reference = Side(label, shown, rows, members=wanted.members)
        pairings.append(Pairing(condition, label, compared, reference, probe.side(faces.templates, compared.probe)))
    notes: tuple[str, ...] = ()
    if "restored-restored" in config.conditions:
        notes = (f"{label} restores nothing, so it has no restored-restored condition",)
    return MethodConditions(pairings, notes=notes)
