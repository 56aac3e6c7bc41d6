"""The faces of an arm where nothing but raw-raw is asked for: no mask is drawn, and nobody is masked."""

from __future__ import annotations

from benchmark.acquisition.step import Acquired, crop_raw
from benchmark.config import Arm
from benchmark.context import RunContext
from benchmark.datasets.templates import TemplateSet
from benchmark.pipeline.conditions.crops import Crops
from benchmark.pipeline.conditions.faces import ArmFaces, comparisons_by_condition
from benchmark.pipeline.conditions.pairing import none_of, note_on_repeated, repeated_the_other_way_round
from benchmark.pipeline.planning.plan import Plan


def faces_without_masks(plan: Plan, arm: Arm, acquired: Acquired, context: RunContext) -> ArmFaces:
    """Crop every photo raw; there are no masked faces, and raw-raw alone has comparisons.

    Args:
        plan: what was asked for.
        arm: how faces are aligned and found.
        acquired: the faces of the protocol's photos.
        context: of the run.
    """
    search = plan.face_search if arm == "redetect" else None
    templates = TemplateSet(plan.protocol)
    raw = Crops(crop_raw(acquired, plan.config.size, context), acquired, acquired.geometry)
    nobody = acquired.take([])
    masked = Crops(crop_raw(nobody, plan.config.size, context), nobody, nobody.geometry, photos=[])
    nothing = none_of(plan.protocol.comparisons)
    return ArmFaces(
        arm,
        search,
        templates,
        raw,
        masked,
        raw.shown("raw", search, context),
        masked.shown("masked", search, context),
        comparisons=comparisons_by_condition(
            clear=plan.protocol.comparisons, across=nothing, masked=nothing, bare=nothing
        ),
        mask_types=tuple(None for _ in range(len(templates))),
        bare_photos=(),
        notes=note_on_repeated(repeated_the_other_way_round(plan.protocol.comparisons)),
    )
