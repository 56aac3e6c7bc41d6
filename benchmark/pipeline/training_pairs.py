"""Makes the pairs that methods learn from, by the same steps as the test: acquire, crop, mask."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from benchmark.acquisition.step import acquire
from benchmark.artifacts import digest
from benchmark.context import RunContext
from benchmark.errors import RequestError
from benchmark.masking.choice import choose_style
from benchmark.masking.step import mask_photos
from benchmark.methods.base import MaskedPairs
from benchmark.methods.step import TrainingPairs
from benchmark.pipeline.training_sources import Training
from benchmark.views import MaskedView, PhotoSet


@dataclass(frozen=True)
class MadePairs:
    """Training pairs, and the views they come from (recognisers embed these for methods that repair templates)."""

    training: TrainingPairs
    views: tuple[MaskedView, ...]


def make_training_pairs(training: Training, masks: Sequence[str], size: int, context: RunContext) -> MadePairs:
    """Draw masks on the training photos; a photo without a face, or whose mask cannot be placed, is left out.

    Raises:
        RequestError: no photo is left.
    """
    views: dict[str, list[MaskedView]] = {"train": [], "validation": []}
    for source in training.sources:
        for role, photos in (("train", source.train), ("validation", source.validation)):
            acquired = acquire(PhotoSet(source.dataset_name, source.dataset, photos, role), context)
            for draw in range(training.mask_draws if role == "train" else 1):
                of_draw = context if draw == 0 else replace(context, seed=context.seed + draw)
                mask_types = [choose_style(masks, of_draw.seed, photo.image_id) for photo in photos]
                views[role].append(mask_photos(acquired, mask_types, size=size, redetect=False, context=of_draw))
    pairs = _pairs(views["train"], _pairs(views["validation"], None))
    if not len(pairs):
        count = sum(len(source.train) for source in training.sources)
        raise RequestError(f"no face was found in any of the {count} training photos of '{training.name}'")
    key = digest({role: [view.key for view in of_role] for role, of_role in views.items()})
    return MadePairs(TrainingPairs(key, pairs), tuple(views["train"]))


def _pairs(views: Sequence[MaskedView], validation: MaskedPairs | None) -> MaskedPairs:
    """The faces of all views that did not fail, one view after the other."""
    rows = [[row for row in range(len(view)) if not view.failed(row)] for view in views]
    kept = list(zip(views, rows, strict=True))
    return MaskedPairs(
        masked=np.concatenate([view.faces.pixels[rows] for view, rows in kept]),
        true=np.concatenate([view.true_pixels[rows] for view, rows in kept]),
        holes=np.concatenate([view.holes[rows] for view, rows in kept]),
        landmarks=np.concatenate([view.faces.landmarks[rows] for view, rows in kept]),
        subject_ids=tuple(view.photo_set.photos[row].subject_id for view, rows in kept for row in rows),
        validation=validation,
    )
