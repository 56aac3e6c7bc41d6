"""The step `mask`: draws a mask on every photo and crops the masked face, the true face and the true mask alike."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from benchmark.acquisition.alignment import corners_in_crop, crop_face
from benchmark.acquisition.detection import FaceSearch
from benchmark.acquisition.step import Acquired
from benchmark.artifacts import RowArray
from benchmark.context import Row, RunContext
from benchmark.datasets.base import Dataset
from benchmark.errors import ImageRefused
from benchmark.faces import FaceGeometry, Image, Photo
from benchmark.machine.library_versions import libraries_in_key
from benchmark.masking.base import DrawnMask, MaskStyle
from benchmark.masking.resolve import mask_style
from benchmark.plugin_code.keys import code_in_key
from benchmark.plugin_code.photos import draw_guarded, read_guarded
from benchmark.seeds import generator_for
from benchmark.views import (
    FAILED_EARLIER,
    GEOMETRY_ARRAYS,
    NO_FACE,
    PHOTO_CORNERS,
    MaskedView,
    crop_arrays,
    geometry_values,
    stored_faces,
    stored_geometry,
)

_VERSION = 3


def mask_photos(
    acquired: Acquired,
    mask_types: Sequence[str],
    *,
    size: int,
    search: FaceSearch | None,
    context: RunContext,
    variant: str = "",
) -> MaskedView:
    """Draw ``mask_types[row]`` on each photo and crop.

    Args:
        acquired: the faces of the raw photos: they place the masks.
        mask_types: one per photo.
        size: side of the crops, pixels.
        search: finds the face again on the masked photo, to align on that, as a deployed system must; None = the raw
            photo's face aligns the crop.
        context: what the run's steps share: store, ledger, progress bars, device, seed.
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
        "redetect": None if search is None else search.about(),
        "seed": context.seed,
        **code_in_key(*styles.values()),
        **libraries_in_key("opencv", "pillow", "dlib", "numpy"),
    }
    arrays = {
        **crop_arrays(size),
        **PHOTO_CORNERS,
        "holes": RowArray((size, size), "uint8"),
        "true": RowArray((size, size, 3), "uint8"),
        **{f"photo_{name}": row for name, row in GEOMETRY_ARRAYS.items()},
    }

    worn = {name: Worn(name, style) for name, style in styles.items()}
    make = context.make_groups(
        partial(_mask, dataset=photo_set.dataset, size=size, search=search, seed=context.seed),
        lambda row: (photo_set.photos[row], acquired.geometry[row], worn[mask_types[row]]),
        group_size=1 if search is None else search.batch,
        workers=context.workers if search is None else search.processes(context.workers),
        count=len(photo_set),
        doing=f"draw masks ({photo_set.role})",
    )
    artifact = context.store.rows("mask", about, count=len(photo_set), arrays=arrays, make=make)
    records = artifact.records()
    context.ledger.add(photo_set.photos, records, role=photo_set.role, step="mask", variant=variant)
    return MaskedView(
        key=artifact.key,
        photo_set=photo_set,
        faces=stored_faces(artifact, photo_set, corners=True),
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
        """The photo with its mask on: the same pixels whenever and wherever they are asked for.

        Raises:
            ImageRefused: the mask cannot be drawn on this photo, for whatever reason.
        """
        return draw_guarded(
            self.mask_type,
            self.style,
            pixels,
            face.landmarks,
            generator_for(seed, "mask", self.mask_type, image_id),
        )


_Item = tuple[Photo, FaceGeometry | None, Worn]


@dataclass(frozen=True)
class _MaskedPhoto:
    """A photo before and after a mask was drawn on it, the face that its crop is aligned on, and who found that."""

    pixels: Image
    drawn: DrawnMask
    aligned_on: FaceGeometry
    found_by: str = ""


def _mask(items: Sequence[_Item], *, dataset: Dataset, size: int, search: FaceSearch | None, seed: int) -> list[Row]:
    """One row per photo; `search` is how its face is found again, None = the raw photo's face aligns the crop."""
    masked = [_draw(item, dataset, seed) for item in items]
    if search is not None:
        masked = _found_again(masked, search)
    return [_row(worn.mask_type, of_photo, size) for (_, _, worn), of_photo in zip(items, masked, strict=True)]


def _draw(item: _Item, dataset: Dataset, seed: int) -> _MaskedPhoto | ImageRefused:
    photo, face, worn = item
    if face is None:
        return ImageRefused(FAILED_EARLIER)
    try:
        pixels = read_guarded(dataset, photo)
        return _MaskedPhoto(pixels, worn.draw(pixels, face, image_id=photo.image_id, seed=seed), face)
    except ImageRefused as refusal:
        return refusal


def _found_again(
    masked: Sequence[_MaskedPhoto | ImageRefused], search: FaceSearch
) -> list[_MaskedPhoto | ImageRefused]:
    shown = [of_photo if isinstance(of_photo, ImageRefused) else of_photo.drawn.photo for of_photo in masked]
    again: list[_MaskedPhoto | ImageRefused] = []
    for of_photo, found in zip(masked, search.find_all(shown), strict=True):
        if isinstance(of_photo, ImageRefused) or isinstance(found, ImageRefused):
            again.append(found if isinstance(found, ImageRefused) else of_photo)
        else:
            again.append(replace(of_photo, aligned_on=found.geometry, found_by=found.face_detector))
    return again


def _row(mask_type: str, masked: _MaskedPhoto | ImageRefused, size: int) -> Row:
    try:
        if isinstance(masked, ImageRefused):
            raise masked
        drawn, face = masked.drawn, masked.aligned_on
        pixels, moved = crop_face(drawn.photo, face, size)
        true, _ = crop_face(masked.pixels, face, size)
        coverage, _ = crop_face(np.repeat(drawn.coverage[:, :, None], 3, axis=2), face, size)
    except ImageRefused as refusal:
        nothing = {**NO_FACE, **{f"photo_{name}": np.nan for name in GEOMETRY_ARRAYS}}
        return nothing, {"reason": refusal.reason, "mask_type": mask_type}
    values = {
        "pixels": pixels,
        "holes": np.where(coverage[:, :, 0] > 0, np.uint8(255), np.uint8(0)),
        "true": true,
        "photo_corners": corners_in_crop(masked.pixels, face, size),
        **geometry_values(moved),
        **{f"photo_{name}": value for name, value in geometry_values(face).items()},
    }
    found_by = {"face_detector": masked.found_by} if masked.found_by else {}
    return values, {"mask_type": mask_type, "parameters": {**drawn.parameters, **found_by}}
