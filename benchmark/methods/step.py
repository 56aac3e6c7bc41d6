"""The step `unmask`: fits what must be fitted, then restores every face of a view."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmark.artifacts import Artifact, Commit, RowArray
from benchmark.context import RunContext
from benchmark.faces import AlignedFaces
from benchmark.methods.base import CropTransform, MaskedPairs, Method, Unmasker
from benchmark.methods.detect_inpaint import DetectInpaint
from benchmark.methods.detection_step import FoundMasks
from benchmark.methods.fit_in_processes import fit_in_processes
from benchmark.methods.learned.trained_completer import TrainedNetworks
from benchmark.methods.part import Part
from benchmark.methods.trained_weights import TrainedWeights
from benchmark.native_precision import native_precision
from benchmark.training.task import TrainingSettings
from benchmark.views import FAILED_EARLIER, MaskedView, View

_VERSION = 1
REFUSED = "the method returned no valid image"


@dataclass(frozen=True)
class TrainingPairs:
    """What the methods of a run learn from.

    Attributes:
        key: of what the pairs were made from.
        pairs: as methods see them: every face that did not fail.
        views: the training faces they come from (recognisers embed these for methods that are fitted to them).
    """

    key: str
    pairs: MaskedPairs
    views: tuple[MaskedView, ...] = ()


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


@dataclass(frozen=True)
class Learned:
    """What a part of a method learned.

    Attributes:
        key: changes whenever the weights may have.
        weights: folder that the part loads.
        losses: its loss curve, if it has one.
        samples: folder of the sheets drawn in training, if there are any.
    """

    key: str
    weights: Path
    losses: pd.DataFrame | None = None
    samples: Path | None = None


def fit(
    method: Method, training: TrainingPairs | None, weights: Mapping[str, TrainedWeights], context: RunContext
) -> dict[str, Learned]:
    """Make every part of `method` that learns ready.

    Args:
        method: of the run.
        training: for the parts that have no weights; what an earlier run of the same settings learned is loaded.
        weights: by label of the part.
        context: of the run.

    Returns:
        By the label of each part that learns, what it learned.
    """
    learned = {}
    for part in method.parts():
        if not (part.trains and isinstance(part, Unmasker | Part)):
            continue
        trained = weights.get(part.label)
        if trained is not None:
            part.load(trained.folder)
            learned[part.label] = Learned(trained.sha256, trained.folder, trained.losses)
        elif training is not None:
            learned[part.label] = fit_part(part, training, context)
        else:
            raise AssertionError(f"{part.label} learns from pairs, and none were made")
    return learned


def fit_part(part: Unmasker | Part, training: TrainingPairs, context: RunContext, *, devices: int = 1) -> Learned:
    """Fit one part that learns from pairs, or load what an earlier run of the same settings learned."""
    artifact = _trained(part, training, context, devices)
    part.load(artifact.folder / "weights")
    table, samples = artifact.folder / "losses.csv", artifact.folder / "samples"
    return Learned(
        artifact.key,
        artifact.folder / "weights",
        pd.read_csv(table) if table.exists() else None,
        samples if samples.exists() else None,
    )


def _trained(part: Unmasker | Part, training: TrainingPairs, context: RunContext, devices: int) -> Artifact:
    about = {
        "version": _VERSION,
        "method": part.name,
        "preset": part.preset,
        "settings": repr(part.settings),
        "method_version": part.version,
        "seed": context.seed,
        "pairs": training.key,
    }
    training_settings = getattr(part.settings, "training", None)
    if isinstance(training_settings, TrainingSettings):
        about["precision"] = native_precision(training_settings.precision, part.device)
    if isinstance(part, TrainedNetworks) and part.start_from is not None:
        about["start_from"] = part.start_from.sha256
    if devices > 1:
        about["devices"] = devices

    def make(folder: Path) -> None:
        part.checkpoints = folder / "checkpoints"
        part.samples = folder / "samples"
        if devices > 1:
            fit_in_processes(part, training.pairs, devices=devices, progress=context.progress)
        else:
            part.fit(training.pairs, progress=context.progress)
        weights = folder / "weights"
        shutil.rmtree(weights, ignore_errors=True)
        weights.mkdir()
        part.save(weights)
        if part.losses is not None:
            part.losses.to_csv(folder / "losses.csv", index=False)
        shutil.rmtree(part.checkpoints, ignore_errors=True)

    return context.store.folder("train", about, make)


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
        name: of the method, as asked for.
        context: of the run.
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
    }
    kind = "unmask" if view.masked else "pass through"

    make = context.make_batches(partial(_restore_rows, method, view, found), count=len(view), doing=f"{kind}: {name}")
    size = view.faces.size
    arrays = {"pixels": RowArray((size, size, 3), "uint8")}
    artifact = context.store.rows("unmask", about, count=len(view), arrays=arrays, make=make)
    records = artifact.records()
    context.ledger.add(
        view.photo_set.photos, records, role=view.photo_set.role, step="unmask", variant=f"{name} ({kind})"
    )
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
    }

    def change(rows: list[int], commit: Commit) -> None:
        for row, pixels in zip(rows, method.transform(view.take(rows).faces), strict=True):
            failed = view.failed(row)
            commit(row, {} if failed else {"pixels": pixels}, {"reason": FAILED_EARLIER} if failed else {})

    make = context.make_batches(change, count=len(view), doing=f"{name}: {shown}")
    size = view.faces.size
    arrays = {"pixels": RowArray((size, size, 3), "uint8")}
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
        for row, pixels, refused in zip(ready, restored.pixels, restored.refused, strict=True):
            commit(row, {"pixels": pixels}, {"reason": REFUSED} if refused else cost)
    for row in rows:
        if view.failed(row):
            commit(row, {}, {"reason": FAILED_EARLIER})


def _with_pixels(faces: AlignedFaces, pixels: NDArray[np.uint8]) -> AlignedFaces:
    return replace(faces, pixels=pixels)
