"""The step `mask`: draws a mask on every photo and crops the masked face, the true face and the true mask alike."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from benchmark.acquisition.alignment import crop_face
from benchmark.acquisition.detection import locate_face
from benchmark.acquisition.step import Acquired
from benchmark.artifacts import RowArray
from benchmark.context import Row, RunContext
from benchmark.datasets.base import Dataset
from benchmark.errors import ImageRefused
from benchmark.faces import FaceGeometry, Image, Photo
from benchmark.masking.base import DrawnMask, MaskStyle
from benchmark.masking.resolve import mask_style
from benchmark.seeds import generator_for
from benchmark.views import (
    FAILED_EARLIER,
    GEOMETRY_ARRAYS,
    NO_FACE,
    MaskedView,
    crop_arrays,
    geometry_values,
    stored_faces,
    stored_geometry,
)

_VERSION = 2


def mask_photos(
    acquired: Acquired,
    mask_types: Sequence[str],
    *,
    size: int,
    redetect: bool,
    context: RunContext,
    variant: str = "",
) -> MaskedView:
    """Draw ``mask_types[row]`` on each photo and crop.

    Args:
        acquired: the faces of the raw photos: they place the masks.
        mask_types: one a photo.
        size: side of the crops, pixels.
        redetect: find the face again on the masked photo and align on that, as a deployed system must; otherwise the
            raw photo's face aligns the crop.
        context: of the run.
        variant: for the ledger, where a photo is masked more than once.
    """
    photo_set = acquired.photo_set
    styles = {name: mask_style(name) for name in sorted(set(mask_types))}
    about = {
        "version": _VERSION,
        "acquired": acquired.key,
        "mask_types": list(mask_types),
        "styles": {name: style.version for name, style in styles.items()},
        "size": size,
        "redetect": redetect,
        "seed": context.seed,
    }
    arrays = {
        **crop_arrays(size),
        "holes": RowArray((size, size), "uint8"),
        "true": RowArray((size, size, 3), "uint8"),
        **{f"photo_{name}": row for name, row in GEOMETRY_ARRAYS.items()},
    }

    worn = {name: Worn(name, style) for name, style in styles.items()}
    make = context.make_each(
        partial(_mask, dataset=photo_set.dataset, size=size, redetect=redetect, seed=context.seed),
        lambda row: (photo_set.photos[row], acquired.geometry[row], worn[mask_types[row]]),
        count=len(photo_set),
        doing=f"draw masks ({photo_set.role})",
    )
    artifact = context.store.rows("mask", about, count=len(photo_set), arrays=arrays, make=make)
    records = artifact.records()
    context.ledger.add(photo_set.photos, records, role=photo_set.role, step="mask", variant=variant)
    return MaskedView(
        key=artifact.key,
        photo_set=photo_set,
        faces=stored_faces(artifact, photo_set),
        records=records,
        holes=artifact.array("holes"),
        true_pixels=artifact.array("true"),
        mask_types=tuple(mask_types),
        photo_geometry=stored_geometry(artifact, "photo_"),
    )


@dataclass(frozen=True)
class Worn:
    """The mask that a photo wears: its type and, for worker processes that know no plugins, the style itself."""

    mask_type: str
    style: MaskStyle

    def draw(self, pixels: Image, face: FaceGeometry, *, image_id: str, seed: int) -> DrawnMask:
        """The photo with its mask on: the same pixels whenever and wherever they are asked for."""
        return self.style.draw(pixels, face.landmarks, generator_for(seed, "mask", self.mask_type, image_id))


def _mask(
    item: tuple[Photo, FaceGeometry | None, Worn], *, dataset: Dataset, size: int, redetect: bool, seed: int
) -> Row:
    photo, face, worn = item
    mask_type = worn.mask_type
    nothing = {**NO_FACE, **{f"photo_{name}": np.nan for name in GEOMETRY_ARRAYS}}
    if face is None:
        return nothing, {"reason": FAILED_EARLIER, "mask_type": mask_type}
    try:
        pixels = dataset.read(photo)
        drawn = worn.draw(pixels, face, image_id=photo.image_id, seed=seed)
        aligned_on = locate_face(drawn.photo) if redetect else face
        masked, moved = crop_face(drawn.photo, aligned_on, size)
        true, _ = crop_face(pixels, aligned_on, size)
        coverage, _ = crop_face(np.repeat(drawn.coverage[:, :, None], 3, axis=2), aligned_on, size)
    except ImageRefused as refusal:
        return nothing, {"reason": refusal.reason, "mask_type": mask_type}
    hole = np.where(coverage[:, :, 0] > 0, np.uint8(255), np.uint8(0))
    values = {
        "pixels": masked,
        "holes": hole,
        "true": true,
        **geometry_values(moved),
        **{f"photo_{name}": value for name, value in geometry_values(aligned_on).items()},
    }
    return values, {"mask_type": mask_type, "parameters": dict(drawn.parameters)}
