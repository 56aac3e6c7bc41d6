"""Makes the pairs that methods learn from, by the same steps as the test: acquire, crop, mask."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmark.acquisition.detection import FaceSearch
from benchmark.acquisition.step import acquire
from benchmark.artifacts import digest
from benchmark.context import RunContext
from benchmark.errors import RequestError
from benchmark.masking.choice import choose_style
from benchmark.masking.step import mask_photos
from benchmark.methods.base import MaskedPairs
from benchmark.methods.fit_step import TrainingPairs
from benchmark.pipeline.planning.training_sources import TrainingSources
from benchmark.views import MaskedView, PhotoSet

_VERSION = 1
_ROWS_AT_ONCE = 64


def make_training_pairs(
    training: TrainingSources, masks: Sequence[str], size: int, search: FaceSearch, context: RunContext
) -> TrainingPairs:
    """Draw masks on the training photos; a photo without a face, or whose mask cannot be placed, is left out.

    Args:
        training: the photos.
        masks: mask types to draw from.
        size: side of the crops, pixels.
        search: how faces are looked for.
        context: what the run's steps share: store, ledger, progress bars, device, seed.

    Raises:
        RequestError: no photo is left.
    """
    views: dict[str, list[MaskedView]] = {"train": [], "validation": []}
    for source in training.sources:
        for role, photos in (("train", source.train), ("validation", source.validation)):
            acquired = acquire(PhotoSet(source.dataset_name, source.dataset, photos, role), search, context)
            for draw in range(training.mask_draws if role == "train" else 1):
                of_draw = context if draw == 0 else replace(context, seed=context.seed + draw)
                mask_types = [choose_style(masks, of_draw.seed, photo.image_id) for photo in photos]
                views[role].append(mask_photos(acquired, mask_types, size=size, search=None, context=of_draw))
    pairs = _pairs(views["train"], _pairs(views["validation"], None, context), context)
    if not len(pairs):
        count = sum(len(source.train) for source in training.sources)
        raise RequestError(f"no face was found in any of the {count} training photos of '{training.name}'")
    key = digest({role: [view.key for view in of_role] for role, of_role in views.items()})
    return TrainingPairs(key, pairs, tuple(views["train"]), tuple(views["validation"]))


def _pairs(views: Sequence[MaskedView], validation: MaskedPairs | None, context: RunContext) -> MaskedPairs:
    """The faces of all views that did not fail, one view after the other, as memory maps."""
    rows = [[row for row in range(len(view)) if not view.failed(row)] for view in views]
    stacked: dict[str, Sequence[NDArray[Any]]] = {
        "masked": [view.faces.pixels for view in views],
        "true": [view.true_pixels for view in views],
        "holes": [view.holes for view in views],
        "landmarks": [view.faces.landmarks for view in views],
    }

    def store(folder: Path) -> None:
        for name, arrays in stacked.items():
            _store_rows(folder / f"{name}.npy", arrays, rows)

    stored = context.store.folder("pairs", {"version": _VERSION, "views": [view.key for view in views]}, store)
    return MaskedPairs(
        **{name: stored.array(name) for name in stacked},
        subject_ids=tuple(
            view.photo_set.photos[row].subject_id for view, kept in zip(views, rows, strict=True) for row in kept
        ),
        validation=validation,
    )


def _store_rows(file: Path, arrays: Sequence[NDArray[Any]], rows: Sequence[Sequence[int]]) -> None:
    """Write the `rows` of each array, one after the other: a few at a time, since all may not fit in memory."""
    count = sum(map(len, rows))
    whole = np.lib.format.open_memmap(file, mode="w+", dtype=arrays[0].dtype, shape=(count, *arrays[0].shape[1:]))
    end = 0
    for array, kept in zip(arrays, rows, strict=True):
        for start in range(0, len(kept), _ROWS_AT_ONCE):
            some = kept[start : start + _ROWS_AT_ONCE]
            whole[end : end + len(some)] = array[some]
            end += len(some)
    whole.flush()
