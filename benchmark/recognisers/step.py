"""The step `recognise`: one embedding per face and recogniser."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from benchmark.artifacts import Commit, RowArray, digest
from benchmark.context import RunContext
from benchmark.errors import ImageRefused, PluginError
from benchmark.faces import FaceGeometry, Image
from benchmark.machine.library_versions import libraries_in_key
from benchmark.plugin_code.guard import plugin_code
from benchmark.plugin_code.keys import code_in_key
from benchmark.recognisers.base import Recogniser
from benchmark.views import FAILED_EARLIER, View

_VERSION = 1
REFUSED = "the recogniser refused the face"
TOO_LARGE = "the recogniser's embedding holds numbers that are not finite or too large to store"
_SAME = 1e-6
"""Largest difference of two embeddings, as a share of their largest number, that is rounding and no difference."""


@dataclass(frozen=True)
class Embeddings:
    """Embeddings of one view by one recogniser.

    Attributes:
        key: the key of the artefact.
        values: ``float32 (N, D)``, a row for each of the view; NaN where the face failed or was not asked for.
    """

    key: str
    values: NDArray[np.float32]


def recognise(
    name: str,
    recogniser: Recogniser,
    view: View,
    *,
    shown: str,
    context: RunContext,
    rows: NDArray[np.integer] | None = None,
) -> Embeddings:
    """Embed the faces of `view`.

    Args:
        name: the recogniser's.
        recogniser: ready to use.
        view: the faces.
        shown: what the view shows (``"raw"``, ``"masked"``, a method's name), for the progress bar and the ledger.
        context: what the run's steps share: store, ledger, progress bars, device, seed.
        rows: those of the view that are wanted, ascending, each once; None = all.

    Raises:
        PluginError: the recogniser gives every face the same embedding, or not one row per face.
    """
    wanted = range(len(view)) if rows is None else rows.tolist()
    all_wanted = len(wanted) == len(view)
    about = {
        "version": _VERSION,
        "recogniser": name,
        "recogniser_version": recogniser.version,
        "weights": recogniser.card.sha256,
        "precision": recogniser.precision,
        "view": view.key,
        **({} if all_wanted else {"rows": digest({"rows": list(wanted)})}),
        **({"settings": recogniser.settings} if recogniser.settings else {}),
        **code_in_key(recogniser),
        **libraries_in_key("opencv", "torch", "onnxruntime"),
    }

    make = context.make_batches(
        partial(_embed_rows, name, recogniser, view=view, wanted=wanted),
        count=len(wanted),
        doing=f"{name}: {shown}",
        unit="face",
    )
    width = _embedding_width(recogniser)
    arrays = {"embeddings": RowArray((width,), "float32")}
    photos = [view.photo_set.photos[row] for row in wanted]
    entered = {"role": view.photo_set.role, "step": "recognise", "variant": f"{name}: {shown}"}
    with context.ledger.all_failed(photos, **entered):
        artifact = context.store.rows("recognise", about, count=len(wanted), arrays=arrays, make=make)
    context.ledger.add(photos, artifact.records(), **entered)
    values = artifact.array("embeddings")
    if not all_wanted:
        made, values = values, np.full((len(view), width), np.nan, dtype=np.float32)
        values[wanted] = made
    return Embeddings(artifact.key, values)


def _embed_rows(
    name: str, recogniser: Recogniser, places: list[int], commit: Commit, *, view: View, wanted: Sequence[int]
) -> None:
    """Embed the faces at some `places` of the rows that are `wanted`."""
    chips: dict[int, Image] = {}
    for place in places:
        row = wanted[place]
        if view.failed(row):
            commit(place, {"embeddings": np.nan}, {"reason": FAILED_EARLIER})
            continue
        try:
            with plugin_code(f"recogniser '{name}' fails in chip()"):
                chip = recogniser.chip(view.faces.pixels[row], _geometry(view, row))
            chips[place] = _checked_chip(name, recogniser, chip)
        except ImageRefused as refusal:
            commit(place, {"embeddings": np.nan}, {"reason": refusal.reason})
    if not chips:
        return
    shown = np.stack(list(chips.values()))
    with plugin_code(f"recogniser '{name}' fails in embed()"):
        embedded = recogniser.embed(shown)
    _check_contract(name, shown, embedded)
    for place, embedding in zip(chips, embedded, strict=True):
        reason = _unusable(embedding)
        commit(place, {"embeddings": np.nan if reason else embedding}, {"reason": reason} if reason else {})


def _unusable(embedding: NDArray[np.floating]) -> str:
    """Why an embedding, ``(D,)``, is none; empty if it is one. What float32 cannot hold is told from a refusal."""
    with np.errstate(over="ignore", under="ignore"):
        stored = embedding.astype(np.float32)
    if np.isinf(stored).any() and not np.isnan(embedding).any():
        return TOO_LARGE
    return "" if np.isfinite(stored).all() and stored.any() else REFUSED  # of length 0, it is like nobody


def _checked_chip(name: str, recogniser: Recogniser, chip: Image) -> Image:
    due = (*recogniser.card.chip_size, 3)
    if not isinstance(chip, np.ndarray) or chip.shape != due or chip.dtype != np.uint8:
        given = f"{chip.dtype} {chip.shape}" if isinstance(chip, np.ndarray) else type(chip).__name__
        raise PluginError(f"recogniser '{name}' gave a chip of {given} where its card says uint8 {due}")
    return chip


def _check_contract(name: str, chips: NDArray[np.uint8], embedded: NDArray[np.float32]) -> None:
    """Stop at a recogniser that cannot tell people apart: its AUC of one half would look like a result.

    Raises:
        PluginError: the recogniser broke its contract.
    """
    if not isinstance(embedded, np.ndarray) or embedded.dtype.kind != "f":
        given = f"an array of {embedded.dtype}" if isinstance(embedded, np.ndarray) else type(embedded).__name__
        raise PluginError(f"recogniser '{name}' gave {given}; a floating-point array with one row per face is expected")
    if embedded.ndim != 2 or len(embedded) != len(chips):
        raise PluginError(
            f"recogniser '{name}' gave an array of shape {embedded.shape} for {len(chips)} faces; "
            "one row per face is expected"
        )
    whole = np.isfinite(embedded).all(axis=1)
    faces, templates = chips[whole], embedded[whole]
    if not len(faces) or (faces == faces[0]).all():
        return
    spread = np.abs(templates - templates[0]).max()
    if spread <= _SAME * np.abs(templates[0]).max():
        raise PluginError(
            f"recogniser '{name}' gives the same embedding for {len(faces)} different faces; check its weights, its "
            "normalisation and the channel order"
        )


def _geometry(view: View, row: int) -> FaceGeometry:
    faces = view.faces
    landmarks = np.asarray(faces.landmarks[row])
    box = np.concatenate([landmarks.min(axis=0), landmarks.max(axis=0)])
    detected = None if faces.detected_points is None else np.asarray(faces.detected_points[row])
    return FaceGeometry(box, landmarks, np.asarray(faces.five_points[row]), detected)


def _embedding_width(recogniser: Recogniser) -> int:
    """Numbers in an embedding; asked of the recogniser once, since it takes as long as a face."""
    if recogniser.embedding_width is not None:
        return recogniser.embedding_width
    height, width = recogniser.card.chip_size
    with plugin_code(f"a recogniser ({type(recogniser).__name__}) fails in embed()"):
        found = int(recogniser.embed(np.zeros((1, height, width, 3), dtype=np.uint8)).shape[1])
    with suppress(AttributeError, TypeError):  # a class of somebody else's that takes no further attribute
        recogniser.embedding_width = found
    return found
