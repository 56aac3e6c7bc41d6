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
from benchmark.pipeline.conditions.pairing import ChosenPairing, Pairing, Side
from benchmark.views import View


def only_with_mask(pairing: Pairing, masked: MaskedFaces) -> ChosenPairing:
    """The pairing for the probes on which a mask is found; for the others, that of the unchanged recogniser.

    Whole comparisons are chosen, not embeddings, because the adapter's templates differ from the unchanged ones. Where
    both sides are probes, both must wear a mask.

    Args:
        pairing: of an adapter that embeds references as well.
        masked: knows where masks are found.
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
        second=np.logical_and.reduce([_worn(side, masked) for side in probes]),
    )


class MaskedFaces:
    """On which faces a detector finds a mask. It looks at each view once.

    Args:
        detector: fitted.
        learned: by the label of each part that learned, a key of what it learned.
        context: what the run's steps share: store, ledger, progress bars, device, seed.
    """

    def __init__(self, detector: Detector, *, learned: Mapping[str, str], context: RunContext) -> None:
        self._detector = detector
        self._learned = learned
        self._context = context
        self._known: dict[str, NDArray[np.bool_]] = {}

    def of(self, view: View, shown: str) -> NDArray[np.bool_]:
        """``bool (N,)``.

        Args:
            view: the faces as the recogniser sees them.
            shown: what they are called.

        Raises:
            MethodFailed: the detector fails.
        """
        if view.key not in self._known:
            self._known[view.key] = self._looked_for(view, f"{shown}, as recognisers see it")
        return self._known[view.key]

    def _looked_for(self, view: View, shown: str) -> NDArray[np.bool_]:
        detector = self._detector
        trained_on = self._learned[detector.label] if detector.trains else ""
        try:
            found = find_masks(detector, view, trained_on=trained_on, context=self._context, shown=shown)
        except PluginError as error:  # the method fails, not the recogniser for which it is asked
            raise MethodFailed(str(error)) from error
        return np.asarray((found.holes > 0).any(axis=(1, 2)))


def _worn(side: Side, masked: MaskedFaces) -> NDArray[np.bool_]:
    """``bool (P,)``: whether a mask is found on the face that each comparison has on this side. A template of several
    photos wears one if it is found on at least half of those that show a face."""
    rows = masked.of(side.view, side.shown)
    if side.members is None:
        return rows[side.embedding_rows]
    member = side.members
    shows_a_face = np.array([not side.view.failed(int(row)) for row in member.rows])
    found, photos = (
        np.bincount(member.template, weights=weights, minlength=member.count)
        for weights in (rows[member.rows] & shows_a_face, shows_a_face)
    )
    return (2 * found >= np.maximum(photos, 1))[side.embedding_rows]
