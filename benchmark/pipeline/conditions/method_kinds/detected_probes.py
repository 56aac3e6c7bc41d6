"""What is compared where a mask detector decides which probes go through an adapter."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from benchmark.context import RunContext
from benchmark.errors import MethodFailed, PluginError
from benchmark.methods.detection_step import find_masks
from benchmark.methods.detectors.base import Detector
from benchmark.pipeline.conditions.method_kinds.inputs import MethodInputs
from benchmark.pipeline.conditions.pairing import ChosenPairing, Pairing, Side
from benchmark.views import View


def only_with_mask(pairing: Pairing, detector: Detector, inputs: MethodInputs) -> ChosenPairing:
    """The pairing for the probes on which the detector finds a mask; for the others, that of the unchanged recogniser.

    Whole comparisons are chosen, not embeddings, because the adapter's templates differ from the unchanged ones. Where
    both sides are probes, both must wear a mask.

    Args:
        pairing: of an adapter that embeds references as well.
        detector: looks at every probe.
        inputs: of the method.
    """
    both = (pairing.reference, pairing.probe)
    reference, probe = (replace(side, embedded_by="") for side in both)
    probes = both if pairing.condition == "restored-restored" else (pairing.probe,)
    return ChosenPairing(
        pairing.condition,
        pairing.method,
        pairing.comparisons,
        *both,
        parts=(replace(pairing, reference=reference, probe=probe), pairing),
        second=np.logical_and.reduce([_worn(side, detector, inputs.learned, inputs.context) for side in probes]),
    )


def found_masked(
    detector: Detector, view: View, shown: str, *, learned: Mapping[str, str], context: RunContext
) -> NDArray[np.bool_]:
    """``bool (N,)``: on which faces of the view the detector finds a mask.

    Args:
        detector: fitted.
        view: the faces as the recogniser sees them.
        shown: what they are called.
        learned: by the label of each part that learned, a key of what it learned.
        context: what the run's steps share: store, ledger, progress bars, device, seed.

    Raises:
        MethodFailed: the detector does.
    """
    trained_on = learned[detector.label] if detector.trains else ""
    try:
        found = find_masks(
            detector, view, trained_on=trained_on, context=context, shown=f"{shown}, as recognisers see it"
        )
    except PluginError as error:  # the method fails, not the recogniser for which it is asked
        raise MethodFailed(str(error)) from error
    return np.asarray((found.holes > 0).any(axis=(1, 2)))


def _worn(side: Side, detector: Detector, learned: Mapping[str, str], context: RunContext) -> NDArray[np.bool_]:
    """``bool (P,)``: whether a mask is found on the face that each comparison has on this side. A template of several
    photos wears one if it is found on at least half of those that show a face."""
    rows = found_masked(detector, side.view, side.shown, learned=learned, context=context)
    if side.members is None:
        return rows[side.embedding_rows]
    member = side.members
    shows_a_face = np.array([not side.view.failed(int(row)) for row in member.rows])
    found, photos = (
        np.bincount(member.template, weights=weights, minlength=member.count)
        for weights in (rows[member.rows] & shows_a_face, shows_a_face)
    )
    return (2 * found >= np.maximum(photos, 1))[side.embedding_rows]
