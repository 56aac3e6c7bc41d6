"""What is compared where a mask detector decides which probes go through an adapter."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from benchmark.context import RunContext
from benchmark.methods.adapters.detected_probes import DetectedProbes
from benchmark.methods.combinations.combination import MemberScores
from benchmark.methods.detection_step import find_masks
from benchmark.methods.detectors.base import Detector
from benchmark.pipeline.conditions.method_kinds.inputs import MethodInputs
from benchmark.pipeline.conditions.pairing import CombinedPairing, Pairing, Side
from benchmark.views import View


@dataclass(frozen=True)
class _UnchangedWithoutMask:
    """Of two scores of each comparison, by the unchanged recogniser and by an adapter, takes the second where a mask
    was found.

    Attributes:
        worn: ``bool (P,)``, whether one was.
    """

    worn: NDArray[np.bool_]

    def refusal(self, recogniser: str, sha256: str) -> str:  # noqa: ARG002  # as `ScoreMaker` has it
        """None."""
        return ""

    def needed(self, recogniser: str) -> tuple[int, ...]:  # noqa: ARG002  # as `ScoreMaker` has it
        """Both."""
        return (0, 1)

    def combine(self, recogniser: str, members: MemberScores) -> NDArray[np.float32]:  # noqa: ARG002  # likewise
        """See `ScoreMaker.combine`."""
        unchanged, adapted = members.scores
        return np.asarray(np.where(self.worn, adapted, unchanged))


def only_with_mask(pairing: Pairing, method: DetectedProbes, inputs: MethodInputs) -> CombinedPairing:
    """The pairing for the probes on which the detector finds a mask; for the others, that of the unchanged recogniser.

    Whole comparisons are chosen, not embeddings, because the adapter's templates differ from the unchanged ones.

    Args:
        pairing: of an adapter that embeds references as well.
        method: the adapter with a detector before it.
        inputs: of the method.
    """
    both = (pairing.reference, pairing.probe)
    worn = np.ones(len(pairing.comparisons), dtype=np.bool_)
    for side in both:
        if side.embedded_by == pairing.method:
            worn &= _worn(side, method, inputs.learned, inputs.context)
    reference, probe = (replace(side, embedded_by="") for side in both)
    return CombinedPairing(
        pairing.condition,
        pairing.method,
        pairing.comparisons,
        *both,
        parts=(replace(pairing, reference=reference, probe=probe), pairing),
        combination=_UnchangedWithoutMask(worn),
    )


def found_masked(detector: Detector, view: View, learned: Mapping[str, str], context: RunContext) -> NDArray[np.bool_]:
    """``bool (N,)``: on which faces of the view the detector finds a mask."""
    trained_on = learned[detector.label] if detector.trains else ""
    found = find_masks(detector, view, trained_on=trained_on, context=context)
    return np.asarray(found.holes.reshape(len(view), -1).max(axis=1) > 0)


def _worn(side: Side, method: DetectedProbes, learned: Mapping[str, str], context: RunContext) -> NDArray[np.bool_]:
    """``bool (P,)``: whether a mask is found on the face that each comparison has on this side; on at least half of the
    photos where it is a template of several."""
    rows = found_masked(method.detector, side.view, learned, context)
    if side.members is None:
        return rows[side.embedding_rows]
    found = np.bincount(side.members.template, weights=rows[side.members.rows], minlength=side.members.count)
    photos = np.bincount(side.members.template, minlength=side.members.count)
    return (2 * found >= photos)[side.embedding_rows]
