"""Makes the pairs that methods learn from, by the same steps as the test: acquire, crop, mask."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmark.acquisition.alignment import crop_matrix
from benchmark.acquisition.detection import FaceSearch
from benchmark.acquisition.step import acquire
from benchmark.artifacts import digest
from benchmark.context import RunContext
from benchmark.errors import RequestError
from benchmark.ledger import Ledger
from benchmark.masked_faces import FoundPoints
from benchmark.masking.choice import choose_style
from benchmark.masking.step import mask_photos
from benchmark.methods.base import MaskedPairs
from benchmark.methods.fit_step import TrainingPairs
from benchmark.pipeline.planning.training_sources import TrainingSources
from benchmark.storage.claimed_array import new_claimed_array
from benchmark.views import MaskedView, PhotoSet

_VERSION = 2
_ROWS_AT_ONCE = 64
_POINTS = {"landmarks": (68, 2), "five_points": (5, 2), "detected_points": (5, 2)}
_FOUND = "found_"
_FARTHEST = 0.5
"""A face found farther from the true one than this share of the distance between the eyes is another one."""


def make_training_pairs(
    training: TrainingSources,
    masks: Sequence[str],
    size: int,
    search: FaceSearch,
    context: RunContext,
    *,
    find_again: bool = False,
) -> TrainingPairs:
    """Draw masks on the training photos; a photo without a face, or whose mask cannot be placed, is left out.

    Args:
        training: the photos.
        masks: mask types to draw from.
        size: side of the crops, pixels.
        search: how faces are looked for.
        context: what the run's steps share: store, ledger, progress bars, device, seed.
        find_again: also look for the faces on the masked photos (`MaskedPairs.found`), which takes as long as masking.

    Raises:
        RequestError: no photo is left.
    """
    views: dict[str, list[MaskedView]] = {"train": [], "validation": []}
    again: dict[str, list[MaskedView]] = {"train": [], "validation": []}
    for source in training.sources:
        for role, photos in (("train", source.train), ("validation", source.validation)):
            acquired = acquire(PhotoSet(source.dataset_name, source.dataset, photos, role), search, context)
            for draw in range(training.mask_draws if role == "train" else 1):
                of_draw = context if draw == 0 else replace(context, seed=context.seed + draw)
                mask_types = [choose_style(masks, of_draw.seed, photo.image_id) for photo in photos]
                views[role].append(mask_photos(acquired, mask_types, size=size, search=None, context=of_draw))
                if find_again:
                    unrecorded = replace(of_draw, ledger=Ledger())  # a face that is not found again is no failure here
                    again[role].append(mask_photos(acquired, mask_types, size=size, search=search, context=unrecorded))
    validation = _pairs(views["validation"], again["validation"], None, context)
    pairs = _pairs(views["train"], again["train"], validation, context)
    if not len(pairs):
        count = sum(len(source.train) for source in training.sources)
        raise RequestError(f"no face was found in any of the {count} training photos of '{training.name}'")
    keys = {role: [view.key for view in of_role] for role, of_role in views.items()}
    if find_again:
        keys |= {f"{_FOUND}{role}": [view.key for view in of_role] for role, of_role in again.items()}
    key = digest(keys)
    return TrainingPairs(key, pairs, tuple(views["train"]), tuple(views["validation"]))


def _pairs(
    views: Sequence[MaskedView], again: Sequence[MaskedView], validation: MaskedPairs | None, context: RunContext
) -> MaskedPairs:
    """The faces of all views that did not fail, one view after the other, as memory maps; with where the same masked
    photos' faces were found, if `again` says."""
    rows = [[row for row in range(len(view)) if not view.failed(row)] for view in views]
    stacked: dict[str, Sequence[NDArray[Any]]] = {
        "masked": [view.faces.pixels for view in views],
        "true": [view.true_pixels for view in views],
        "holes": [view.holes for view in views],
        "landmarks": [view.faces.landmarks for view in views],
    }
    names = tuple(stacked)
    if again:
        places = [_found_places(view, found) for view, found in zip(views, again, strict=True)]
        stacked |= {_FOUND + name: [of_view[name] for of_view in places] for name in _POINTS}

    def store(folder: Path) -> None:
        for name, arrays in stacked.items():
            _store_rows(folder / f"{name}.npy", arrays, rows)

    about = {"version": _VERSION, "views": [view.key for view in views], "again": [view.key for view in again]}
    stored = context.store.folder("pairs", about, store)
    return MaskedPairs(
        **{name: stored.array(name) for name in names},
        found=FoundPoints(**{name: stored.array(_FOUND + name) for name in _POINTS}) if again else None,
        subject_ids=tuple(
            view.photo_set.photos[row].subject_id for view, kept in zip(views, rows, strict=True) for row in kept
        ),
        validation=validation,
    )


def _found_places(view: MaskedView, again: MaskedView) -> dict[str, NDArray[np.float32]]:
    """Where the faces of `again`, found on the masked photos, are in the crops of `view`; NaN where none was found."""
    count = len(view)
    places = {name: np.full((count, *shape), np.nan, np.float32) for name, shape in _POINTS.items()}
    for row, (true, found) in enumerate(zip(view.photo_geometry, again.photo_geometry, strict=True)):
        if true is None or found is None:
            continue
        eyes = np.linalg.norm(true.landmarks[42:48].mean(axis=0) - true.landmarks[36:42].mean(axis=0))
        if np.linalg.norm((found.landmarks - true.landmarks)[36:48].mean(axis=0)) > _FARTHEST * eyes:
            continue
        moved = found.moved(crop_matrix(true, view.faces.size))
        for name in _POINTS:
            points = getattr(moved, name)
            if points is not None:
                places[name][row] = points
    return places


def _store_rows(file: Path, arrays: Sequence[NDArray[Any]], rows: Sequence[Sequence[int]]) -> None:
    """Write the `rows` of each array, one after the other: a few at a time, since all may not fit in memory."""
    count = sum(map(len, rows))
    whole = new_claimed_array(file, dtype=arrays[0].dtype, shape=(count, *arrays[0].shape[1:]))
    end = 0
    for array, kept in zip(arrays, rows, strict=True):
        for start in range(0, len(kept), _ROWS_AT_ONCE):
            some = kept[start : start + _ROWS_AT_ONCE]
            whole[end : end + len(some)] = array[some]
            end += len(some)
    whole.flush()
