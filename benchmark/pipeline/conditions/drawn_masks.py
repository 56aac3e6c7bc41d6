"""The faces of an arm where masks are drawn: every photo has a raw face and a masked one, of the same moment."""

from __future__ import annotations

from benchmark.acquisition.step import Acquired, crop_raw
from benchmark.config import Arm
from benchmark.context import RunContext
from benchmark.datasets.templates import TemplateSet
from benchmark.masking.choice import choose_style
from benchmark.masking.step import mask_photos
from benchmark.pipeline.conditions.crops import Crops
from benchmark.pipeline.conditions.faces import ArmFaces, comparisons_by_condition, passing_through
from benchmark.pipeline.conditions.pairing import note_on_repeated, repeated_the_other_way_round
from benchmark.pipeline.planning.plan import Plan


def faces_with_drawn_masks(plan: Plan, arm: Arm, acquired: Acquired, context: RunContext) -> ArmFaces:
    """Crop every photo raw and with one seeded mask; every condition holds all the protocol's comparisons.

    Args:
        plan: what was asked for.
        arm: how faces are aligned and found.
        acquired: the faces of the protocol's photos.
        context: what the run's steps share: store, ledger, progress bars, device, seed.
    """
    size = plan.config.size
    search = plan.face_search if arm == "redetect" else None
    templates = TemplateSet(plan.protocol)
    drawn = [choose_style(plan.config.masks, context.seed, photo.image_id) for photo in plan.protocol.photos]
    raw = Crops(crop_raw(acquired, size, context), acquired, acquired.geometry)
    view = mask_photos(acquired, drawn, size=size, search=search, context=context)
    masked = Crops(view, acquired, view.photo_geometry, drawn)
    whole = plan.protocol.comparisons
    bare, bare_photos = passing_through(plan, templates, whole)
    return ArmFaces(
        arm,
        search,
        templates,
        raw,
        masked,
        raw.shown("raw", search, context),
        masked.shown("masked", search, context),
        comparisons=comparisons_by_condition(clear=whole, across=whole, masked=whole, bare=bare),
        mask_types=templates.mask_types(drawn),
        bare_photos=bare_photos,
        notes=note_on_repeated(
            repeated_the_other_way_round(whole),
            others="in raw-masked they differ by which photo wears the mask",
        ),
    )
