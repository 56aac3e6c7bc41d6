"""The step `recognise`: one embedding a face and recogniser."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmark.artifacts import Commit, RowArray
from benchmark.context import RunContext
from benchmark.faces import FaceGeometry
from benchmark.recognisers.base import Recogniser
from benchmark.views import FAILED_EARLIER, View

_VERSION = 1
REFUSED = "the recogniser refused the face"


@dataclass(frozen=True)
class Embeddings:
    """Embeddings of one view by one recogniser.

    Attributes:
        key: of the artefact.
        values: ``float32 (N, D)``; NaN where the face failed.
        records: one a row; ``reason`` says why it failed.
    """

    key: str
    values: NDArray[np.float32]
    records: Sequence[Mapping[str, Any]]


def recognise(name: str, recogniser: Recogniser, view: View, *, shown: str, context: RunContext) -> Embeddings:
    """Embed every face of `view`.

    Args:
        name: the recogniser's.
        recogniser: ready to use.
        view: the faces.
        shown: what the view shows (``"raw"``, ``"masked"``, a method's name), for the progress bar and the ledger.
        context: of the run.
    """
    about = {
        "version": _VERSION,
        "recogniser": name,
        "recogniser_version": recogniser.version,
        "weights": recogniser.card.sha256,
        "precision": recogniser.precision,
        "view": view.key,
    }

    make = context.make_batches(
        partial(_embed_rows, recogniser, view), count=len(view), doing=f"{name}: {shown}", unit="face"
    )
    width = _embedding_width(recogniser)
    arrays = {"embeddings": RowArray((width,), "float32")}
    artifact = context.store.rows("recognise", about, count=len(view), arrays=arrays, make=make)
    embeddings = Embeddings(artifact.key, artifact.array("embeddings"), artifact.records())
    context.ledger.add(
        view.photo_set.photos,
        embeddings.records,
        role=view.photo_set.role,
        step="recognise",
        variant=f"{name}: {shown}",
    )
    return embeddings


def _embed_rows(recogniser: Recogniser, view: View, rows: list[int], commit: Commit) -> None:
    ready = [row for row in rows if not view.failed(row)]
    if ready:
        chips = np.stack([recogniser.chip(view.faces.pixels[row], _geometry(view, row)) for row in ready])
        embedded = recogniser.embed(chips)
        for row, embedding in zip(ready, embedded, strict=True):
            refused = not np.isfinite(embedding).all()
            commit(row, {"embeddings": np.nan if refused else embedding}, {"reason": REFUSED} if refused else {})
    for row in rows:
        if view.failed(row):
            commit(row, {"embeddings": np.nan}, {"reason": FAILED_EARLIER})


def _geometry(view: View, row: int) -> FaceGeometry:
    faces = view.faces
    landmarks = np.asarray(faces.landmarks[row])
    box = np.concatenate([landmarks.min(axis=0), landmarks.max(axis=0)])
    return FaceGeometry(box, landmarks, np.asarray(faces.five_points[row]))


def _embedding_width(recogniser: Recogniser) -> int:
    height, width = recogniser.card.chip_size
    return int(recogniser.embed(np.zeros((1, height, width, 3), dtype=np.uint8)).shape[1])
