"""The step `unmask`: restores every face of a view."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmark.artifacts import Commit, RowArray
from benchmark.context import RunContext
from benchmark.errors import PluginError
from benchmark.faces import AlignedFaces
from benchmark.ledger import CLIPPED
from benchmark.machine.library_versions import libraries_in_key
from benchmark.machine.native_precision import native_precision
from benchmark.methods.base import CropTransform, Unmasker
from benchmark.methods.detect_inpaint import DetectInpaint
from benchmark.methods.detection_step import FoundMasks
from benchmark.plugin_code.guard import plugin_code
from benchmark.plugin_code.keys import code_in_key
from benchmark.plugin_failures import PluginFailure
from benchmark.views import FAILED_EARLIER, MaskedView, View

_VERSION = 2
REFUSED = "the method returned no valid image"


@dataclass(frozen=True)
class RestoredView:
    """What a method made of a view, and what that cost.

    Attributes:
        view: the restored faces.
        seconds_per_image: mean over all images that were restored.
        peak_memory_mib: the highest seen over all batches.
    """

    view: View
    seconds_per_image: float
    peak_memory_mib: float


def unmask(
    method: Unmasker,
    view: View,
    *,
    trained_on: Sequence[str],
    name: str,
    context: RunContext,
    found: FoundMasks | None = None,
) -> RestoredView:
    """Restore every face of `view`; a view that carries no mask (passthrough) is restored as if it did.

    The truth under a mask is handed on where it is known; under a really worn one it is not.

    Args:
        method: fitted.
        view: faces with masks, drawn or real, or raw ones for passthrough.
        trained_on: keys of what the method's parts have learned, empty if there are none.
        name: the name of the method, as asked for.
        context: what the run's steps share: store, ledger, progress bars, device, seed.
        found: for a `DetectInpaint`, what its detector found on this view; None = it looks for itself.
    """
    about = {
        "version": _VERSION,
        "method": name,
        "parts": [(part.name, part.preset, repr(part.settings), part.version) for part in method.parts()],
        "trained_on": list(trained_on),
        "seed": context.seed,
        "view": view.key,
        "found": "" if found is None else found.key,
        "precision": native_precision(method.precision, method.device),
        **code_in_key(*method.parts()),
        **libraries_in_key("opencv", "torch"),
    }
    kind = "unmask" if view.masked else "pass through"

    make = context.make_batches(partial(_restore_rows, method, view, found), count=len(view), doing=f"{kind}: {name}")
    size = view.faces.size
    arrays = {"pixels": RowArray((size, size, 3), "uint8")}
    photos = view.photo_set.photos
    entered = {"role": view.photo_set.role, "step": "unmask", "variant": f"{name} ({kind})"}
    with context.ledger.all_failed(photos, **entered):
        artifact = context.store.rows("unmask", about, count=len(view), arrays=arrays, make=make)
    records = artifact.records()
    context.ledger.add(photos, records, **entered)
    given = [record for record in records if record.get("reason") != FAILED_EARLIER]
    if given and all(record.get("reason") == REFUSED for record in given):
        reason = f"it gave no valid image for any of {len(given)} faces (values that are not finite)"
        context.failures.add(PluginFailure("method", name, kind, reason))
    seconds = [record["seconds"] for record in records if "seconds" in record]
    memory = [record["memory_mib"] for record in records if "memory_mib" in record]
    return RestoredView(
        View(artifact.key, view.photo_set, _with_pixels(view.faces, artifact.array("pixels")), records),
        float(np.mean(seconds)) if seconds else float("nan"),
        float(np.max(memory)) if memory else float("nan"),
    )


def transform(method: CropTransform, view: View, *, name: str, shown: str, context: RunContext) -> View:
    """Apply a method that changes crops alike on both sides."""
    about = {
        "version": _VERSION,
        "method": name,
        "preset": method.preset,
        "method_version": method.version,
        "view": view.key,
        **code_in_key(method),
        **libraries_in_key("opencv", "torch"),
    }

    def change(rows: list[int], commit: Commit) -> None:
        faces = view.take(rows).faces
        with plugin_code(f"method '{method.label}' fails in transform()"):
            changed = method.transform(faces)
        if not isinstance(changed, np.ndarray) or changed.shape != faces.pixels.shape or changed.dtype != np.uint8:
            given = f"{changed.dtype} {changed.shape}" if isinstance(changed, np.ndarray) else type(changed).__name__
            raise PluginError(
                f"method '{method.label}' returned {given} from transform(), which must return uint8 "
                f"{faces.pixels.shape}"
            )
        for row, pixels in zip(rows, changed, strict=True):
            failed = view.failed(row)
            commit(row, {} if failed else {"pixels": pixels}, {"reason": FAILED_EARLIER} if failed else {})

    make = context.make_batches(change, count=len(view), doing=f"{name}: {shown}")
    size = view.faces.size
    arrays = {"pixels": RowArray((size, size, 3), "uint8")}
    with context.ledger.all_failed(
        view.photo_set.photos, role=view.photo_set.role, step="unmask", variant=f"{name}: {shown}"
    ):
        artifact = context.store.rows("transform", about, count=len(view), arrays=arrays, make=make)
    records = artifact.records()
    context.ledger.add(
        view.photo_set.photos, records, role=view.photo_set.role, step="unmask", variant=f"{name}: {shown}"
    )
    return View(artifact.key, view.photo_set, _with_pixels(view.faces, artifact.array("pixels")), records)


def _restore_rows(method: Unmasker, view: View, found: FoundMasks | None, rows: Sequence[int], commit: Commit) -> None:
    ready = [row for row in rows if not view.failed(row)]
    if ready:
        faces = view.take(ready).faces
        true_pixels = view.true_pixels[ready] if isinstance(view, MaskedView) else faces.pixels
        if found is not None and isinstance(method, DetectInpaint):
            restored = method.fill(
                faces.pixels,
                found.holes[ready],
                found.cost(ready),
                landmarks=faces.landmarks,
                image_ids=faces.image_ids,
                true_pixels=true_pixels,
            )
        else:
            hidden = np.zeros(faces.pixels.shape[:3], np.uint8)
            holes = view.holes[ready] if isinstance(view, MaskedView) else hidden
            restored = method.unmask(faces.pixels, holes, faces.landmarks, faces.image_ids, true_pixels)
        cost: Mapping[str, Any] = {"seconds": restored.seconds_per_image, "memory_mib": restored.peak_memory_mib}
        for place, row in enumerate(ready):
            told = {**cost, "parameters": CLIPPED} if restored.clipped[place] else cost
            commit(row, {"pixels": restored.pixels[place]}, {"reason": REFUSED} if restored.refused[place] else told)
    for row in rows:
        if view.failed(row):
            commit(row, {}, {"reason": FAILED_EARLIER})


def _with_pixels(faces: AlignedFaces, pixels: NDArray[np.uint8]) -> AlignedFaces:
    return replace(faces, pixels=pixels)
