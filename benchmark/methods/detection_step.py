"""The step `detect`: finds the mask on every face of a view, once for all the completers behind one detector."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmark.acquisition.alignment import photo_area
from benchmark.artifacts import Commit, RowArray
from benchmark.context import RunContext
from benchmark.machine.library_versions import libraries_in_key
from benchmark.methods.detectors.base import DetectionCost, Detector, detected
from benchmark.methods.detectors.hole_margin import widened
from benchmark.plugin_code.keys import code_in_key
from benchmark.views import FAILED_EARLIER, View

_VERSION = 2


@dataclass(frozen=True)
class FoundMasks:
    """What a detector found on a view, and what that cost.

    Attributes:
        key: the key of the artefact.
        holes: ``uint8 (N, S, S)``, 255 = covered, often a memory map; zeros where the row failed earlier.
        records: one per row: ``seconds`` and ``memory_mib`` of the image, or ``reason``.
    """

    key: str
    holes: NDArray[np.uint8]
    records: Sequence[Mapping[str, Any]]

    def cost(self, rows: Sequence[int]) -> DetectionCost:
        """What one image of `rows` cost, on average; none of them failed."""
        seconds = float(np.mean([self.records[row]["seconds"] for row in rows]))
        return DetectionCost(seconds, float(np.max([self.records[row]["memory_mib"] for row in rows])))


def find_masks(
    detector: Detector, view: View, *, trained_on: str, context: RunContext, shown: str = "bare"
) -> FoundMasks:
    """Run `detector` on every face of `view`. Not for a privileged detector, which is given the true mask.

    What it finds is closed and widened by the run's `hole_margin`. Pixels outside the photo never count as mask,
    whatever the detector returns: they are black and show no face.

    Args:
        detector: fitted, not privileged.
        view: masked faces, or raw ones.
        trained_on: key of what the detector has learned, empty if nothing.
        context: what the run's steps share: store, ledger, progress bars, device, seed.
        shown: what the ledger calls these faces, where no mask was drawn on them.
    """
    about = {
        "version": _VERSION,
        "detector": detector.name,
        "preset": detector.preset,
        "settings": repr(detector.settings),
        "detector_version": detector.version,
        "trained_on": trained_on,
        "seed": context.seed,
        "view": view.key,
        **({"hole_margin": context.hole_margin} if context.hole_margin else {}),
        **code_in_key(detector),
        **libraries_in_key("opencv", "torch"),
    }
    shown = "masked" if view.masked else shown
    make = context.make_batches(
        partial(_detect_rows, detector, view, context.hole_margin),
        count=len(view),
        doing=f"find masks: {detector.label} ({shown} faces)",
    )
    size = view.faces.size
    arrays = {"holes": RowArray((size, size), "uint8")}
    with context.ledger.all_failed(
        view.photo_set.photos, role=view.photo_set.role, step="detect", variant=f"{detector.label} ({shown})"
    ):
        artifact = context.store.rows("detect", about, count=len(view), arrays=arrays, make=make)
    records = artifact.records()
    context.ledger.add(
        view.photo_set.photos, records, role=view.photo_set.role, step="detect", variant=f"{detector.label} ({shown})"
    )
    return FoundMasks(artifact.key, artifact.array("holes"), records)


def _detect_rows(detector: Detector, view: View, margin: float, rows: Sequence[int], commit: Commit) -> None:
    ready = [row for row in rows if not view.failed(row)]
    if ready:
        faces = view.take(ready).faces
        found, cost = detected(detector, np.asarray(faces.pixels), None, faces.image_ids)
        corners = faces.photo_corners
        for place, (row, as_found) in enumerate(zip(ready, found, strict=True)):
            hole = widened(as_found, margin)
            if corners is not None:
                hole[~photo_area(corners[place], hole.shape[0])] = 0
            commit(row, {"holes": hole}, {"seconds": cost.seconds, "memory_mib": cost.peak_memory_mib})
    for row in rows:
        if view.failed(row):
            commit(row, {}, {"reason": FAILED_EARLIER})
