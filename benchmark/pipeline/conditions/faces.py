"""The faces of one acquisition arm before any method has touched them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from benchmark.acquisition.detection import FaceSearch
from benchmark.config import Arm, Condition
from benchmark.datasets.base import Comparisons
from benchmark.datasets.templates import MIXED, TemplateSet
from benchmark.faces import REAL_MASK
from benchmark.pipeline.conditions.crops import Crops
from benchmark.pipeline.conditions.pairing import Pairing, ShownFaces, none_of, only
from benchmark.pipeline.planning.plan import Plan
from benchmark.seeds import generator_for


@dataclass(frozen=True)
class ArmFaces:
    """Raw and masked faces, and which comparisons each condition can be had for.

    Attributes:
        arm: ``"oracle"`` or ``"redetect"``.
        search: finds faces again in photos that were masked or restored; None in the oracle arm.
        templates: the templates of the protocol.
        raw: crops without mask.
        masked: crops with a mask, drawn or real.
        shown_raw: as the recogniser sees `raw`.
        shown_masked: as the recogniser sees `masked`.
        comparisons: the comparisons of each condition; none where it is unavailable.
        mask_types: for each template, as a probe, the mask on its photos; None where there is none.
        bare_photos: the photos that are sent through every method without a mask.
        notes: what a reader must know about these faces.
    """

    arm: Arm
    search: FaceSearch | None
    templates: TemplateSet
    raw: Crops
    masked: Crops
    shown_raw: ShownFaces
    shown_masked: ShownFaces
    comparisons: Mapping[Condition, Comparisons]
    mask_types: tuple[str | None, ...]
    bare_photos: tuple[int, ...]
    notes: tuple[str, ...] = ()

    @property
    def known_mask_types(self) -> tuple[str | None, ...]:
        """For each template, as a probe, the type of its mask; None where no single one that can be drawn is known."""
        return tuple(None if kind in (None, MIXED, REAL_MASK) else kind for kind in self.mask_types)

    @property
    def bare(self) -> Crops | None:
        """Crops of `bare_photos`; None where there are none."""
        return self.raw.take(self.bare_photos) if self.bare_photos else None

    def pairing(
        self, condition: Condition, method: str, reference: ShownFaces, probe: ShownFaces, *, pictures: bool = False
    ) -> Pairing:
        """All comparisons of a condition, between faces that are shown so. Arguments as of `Pairing`."""
        compared = self.comparisons[condition]
        return Pairing(
            condition,
            method,
            compared,
            reference.side(self.templates, compared.reference),
            probe.side(self.templates, compared.probe),
            pictures=pictures,
        )


def comparisons_by_condition(
    *, clear: Comparisons, across: Comparisons, masked: Comparisons, bare: Comparisons
) -> dict[Condition, Comparisons]:
    """What each condition compares: a restored face stands where the masked one stood.

    Args:
        clear: of faces without mask.
        across: of a face without mask and one with.
        masked: of faces with masks.
        bare: of faces without mask, the probe sent through a method.
    """
    return {
        "raw-raw": clear,
        "raw-masked": across,
        "masked-masked": masked,
        "raw-restored": across,
        "restored-restored": masked,
        "raw-passthrough": bare,
    }


def passing_through(
    plan: Plan, templates: TemplateSet, comparisons: Comparisons
) -> tuple[Comparisons, tuple[int, ...]]:
    """The unmasked probes that are sent through every method: seeded, the same for all methods and arms.

    Args:
        plan: what was asked for.
        templates: the templates of the protocol.
        comparisons: between unmasked templates.

    Returns:
        Those of the comparisons whose probe is sent, and the photos that make up these probes.
    """
    if "raw-passthrough" not in plan.config.conditions:
        return none_of(comparisons), ()
    mated = np.unique(comparisons.probe[comparisons.mated])
    count = min(plan.config.passthrough, len(mated))
    chosen = generator_for(plan.config.seed, "passthrough").choice(mated, size=count, replace=False)
    kept = only(comparisons, np.isin(comparisons.probe, chosen))
    return kept, tuple(templates.photos_of([int(template) for template in chosen]))
