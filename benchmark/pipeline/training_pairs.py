"""Makes the pairs that methods learn from, by the same steps as the test: acquire, crop, mask."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from benchmark.acquisition.step import acquire
from benchmark.artifacts import digest
from benchmark.context import RunContext
from benchmark.errors import RequestError
from benchmark.masking.choice import choose_style
from benchmark.masking.step import mask_photos
from benchmark.methods.base import MaskedPairs
from benchmark.methods.step import TrainingPairs
from benchmark.pipeline.plan import Training
from benchmark.views import MaskedView, PhotoSet


@dataclass(frozen=True)
class MadePairs:
    """Training pairs, and the view they come from (recognisers embed it for methods that repair templates)."""

    training: TrainingPairs
    view: MaskedView


def make_training_pairs(training: Training, masks: Sequence[str], size: int, context: RunContext) -> MadePairs:
    """Draw masks on the training photos; a photo without a face, or whose mask cannot be placed, is left out.

    Raises:
        RequestError: no photo is left.
    """
    views = {}
    for role, photos in (("train", training.train), ("validation", training.validation)):
        photo_set = PhotoSet(training.dataset_name, training.dataset, photos, role)
        mask_types = [choose_style(masks, context.seed, photo.image_id) for photo in photos]
        views[role] = mask_photos(acquire(photo_set, context), mask_types, size=size, redetect=False, context=context)
    pairs = _pairs(views["train"], _pairs(views["validation"], None))
    if not len(pairs):
        raise RequestError(
            f"no face was found in any of the {len(training.train)} training photos of '{training.dataset_name}'"
        )
    key = digest({role: view.key for role, view in views.items()})
    return MadePairs(TrainingPairs(key, pairs), views["train"])


def _pairs(view: MaskedView, validation: MaskedPairs | None) -> MaskedPairs:
    rows = [row for row in range(len(view)) if not view.failed(row)]
    photos = view.photo_set.photos
    return MaskedPairs(
        masked=np.asarray(view.faces.pixels[rows]),
        true=np.asarray(view.true_pixels[rows]),
        holes=np.asarray(view.holes[rows]),
        landmarks=np.asarray(view.faces.landmarks[rows]),
        subject_ids=tuple(photos[row].subject_id for row in rows),
        validation=validation,
    )
