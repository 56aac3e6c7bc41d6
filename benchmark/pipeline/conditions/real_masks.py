"""The faces of an arm where masks were really worn: no mask is drawn on them, and the face beneath is unknown."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmark.acquisition.step import Acquired, crop_raw
from benchmark.config import Arm
from benchmark.context import RunContext
from benchmark.counted import counted, is_or_are
from benchmark.datasets.base import Comparisons
from benchmark.datasets.templates import TemplateSet
from benchmark.faces import REAL_MASK
from benchmark.pipeline.conditions.crops import Crops
from benchmark.pipeline.conditions.faces import ArmFaces, comparisons_by_condition, passing_through
from benchmark.pipeline.conditions.pairing import note_on_repeated, only, repeated_the_other_way_round
from benchmark.pipeline.planning.plan import Plan


@dataclass(frozen=True)
class ComparisonsByMask:
    """A protocol's comparisons by who wears a mask.

    Attributes:
        clear: between two templates without mask.
        across: a clear reference against a masked probe, whichever way round the protocol lists it.
        masked: between two masked templates.
        repeated: comparisons across that are listed both ways round and are in `across` once.
    """

    clear: Comparisons
    across: Comparisons
    masked: Comparisons
    repeated: int


def comparisons_by_mask(comparisons: Comparisons, masked: NDArray[np.bool_]) -> ComparisonsByMask:
    """Part `comparisons`; where a masked reference meets a clear probe they change sides.

    Args:
        comparisons: the comparisons of the protocol.
        masked: ``bool (n_templates,)``.
    """
    turned = masked[comparisons.reference] & ~masked[comparisons.probe]
    reference = np.where(turned, comparisons.probe, comparisons.reference)
    probe = np.where(turned, comparisons.reference, comparisons.probe)
    whole = Comparisons(reference, probe, comparisons.mated, comparisons.fold)
    across = np.flatnonzero(masked[probe] & ~masked[reference])
    _, first = np.unique(reference[across].astype(np.int64) * len(masked) + probe[across], return_index=True)
    once = np.zeros(len(whole), dtype=np.bool_)
    once[across[first]] = True
    return ComparisonsByMask(
        clear=only(whole, ~masked[probe] & ~masked[reference]),
        across=only(whole, once),
        masked=only(whole, masked[probe] & masked[reference]),
        repeated=len(across) - len(first),
    )


def faces_with_real_masks(plan: Plan, arm: Arm, acquired: Acquired, context: RunContext) -> ArmFaces:
    """Crop every photo as it is; each condition holds the comparisons between faces that look so.

    In both arms a masked face is aligned on what the detector finds of it: there is no bare photo of the same moment.

    Args:
        plan: what was asked for.
        arm: how faces are aligned and found.
        acquired: the faces of the protocol's photos, those with masks among them.
        context: what the run's steps share: store, ledger, progress bars, device, seed.
    """
    search = plan.face_search if arm == "redetect" else None
    templates = TemplateSet(plan.protocol)
    raw, masked = (_crops(plan, acquired, worn, context) for worn in (False, True))
    parts = comparisons_by_mask(plan.protocol.comparisons, templates.masked)
    bare, bare_photos = passing_through(plan, templates, parts.clear)
    return ArmFaces(
        arm,
        search,
        templates,
        raw,
        masked,
        raw.shown("raw", search, context),
        masked.shown("masked", search, context),
        comparisons=comparisons_by_condition(clear=parts.clear, across=parts.across, masked=parts.masked, bare=bare),
        mask_types=tuple(REAL_MASK if worn else None for worn in templates.masked),
        bare_photos=bare_photos,
        notes=tuple(_notes(plan, parts)),
    )


def _crops(plan: Plan, acquired: Acquired, masked: bool, context: RunContext) -> Crops:
    photos = [index for index, photo in enumerate(plan.protocol.photos) if photo.masked == masked]
    chosen = acquired.take(photos)
    return Crops(crop_raw(chosen, plan.config.size, context), chosen, chosen.geometry, photos=photos)


def _notes(plan: Plan, parts: ComparisonsByMask) -> list[str]:
    photos = plan.protocol.photos
    notes = [
        f"A mask is really worn on {sum(photo.masked for photo in photos)} of {len(photos)} photos (or was drawn by "
        "the data set's authors: it is part of the photo), and no mask is drawn on them. Both arms align these photos "
        "on the face found on the masked photo: there is no unmasked photo of the same moment, so the oracle arm has "
        "no oracle here. Nothing is known about the face under the mask."
    ]
    if not len(parts.clear):
        notes.append(
            "The protocol does not compare two unmasked photos: there is no raw-raw condition to set frozen thresholds "
            "on, so every threshold is matched."
        )
    if not len(parts.across):
        notes.append(
            "The protocol does not compare an unmasked photo with a masked one: there is no raw-masked and no "
            "raw-restored condition."
        )
    if not len(parts.masked):
        notes.append(
            "The protocol does not compare two masked photos: there is no masked-masked and no restored-restored "
            "condition."
        )
    if parts.repeated:
        notes.append(
            f"{counted(parts.repeated, 'comparison')} of an unmasked with a masked photo {is_or_are(parts.repeated)} "
            "listed in both orders and counted once."
        )
    notes += note_on_repeated(repeated_the_other_way_round(parts.clear))
    notes += note_on_repeated(repeated_the_other_way_round(parts.masked), "masked-masked gives")
    if len(parts.clear) and len(parts.across):
        notes.append(
            "Raw-raw and raw-masked compare different photos, so no share of the loss, and hence no recovery, can be "
            "computed; gain compares restored with masked faces on the same comparisons."
        )
    return notes
