"""The step `acquire`: finds the face in every photo and crops it, aligned, at the working size."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from benchmark.acquisition.alignment import corners_in_crop, crop_face
from benchmark.acquisition.detection import FaceSearch
from benchmark.artifacts import digest
from benchmark.context import Row, RunContext
from benchmark.datasets.base import Dataset
from benchmark.errors import ImageRefused
from benchmark.faces import NO_FACE_FOUND, FaceGeometry, Image, Photo
from benchmark.machine.library_versions import libraries_in_key
from benchmark.plugin_code.photos import read_guarded
from benchmark.views import (
    FAILED_EARLIER,
    GEOMETRY_ARRAYS,
    NO_FACE,
    PHOTO_CORNERS,
    PhotoSet,
    View,
    crop_arrays,
    geometry_values,
    stored_geometry,
    view_of,
)

_VERSION = 3


@dataclass(frozen=True)
class Acquired:
    """Where the face is in each photo of a set; None where none was found."""

    key: str
    photo_set: PhotoSet
    geometry: Sequence[FaceGeometry | None]

    def take(self, rows: Sequence[int]) -> Acquired:
        """Some of the photos, in the order of `rows`, which may repeat."""
        chosen = list(rows)
        return Acquired(
            digest({"acquired": self.key, "rows": chosen}),
            self.photo_set.take(chosen),
            [self.geometry[row] for row in chosen],
        )


def acquire(photo_set: PhotoSet, search: FaceSearch, context: RunContext) -> Acquired:
    """Find the face in every raw photo.

    The ledger says which face detector found it; photos without one are entered as failures.
    """
    about = {
        "version": _VERSION,
        "photos": photo_set.digest(),
        **search.about(),
        **libraries_in_key("opencv", "pillow", "dlib"),
    }

    make = context.make_groups(
        partial(_locate, dataset=photo_set.dataset, search=search),
        lambda row: photo_set.photos[row],
        group_size=search.batch,
        workers=search.processes(context.workers),
        count=len(photo_set),
        doing=f"find faces ({photo_set.role})",
        unit="photo",
    )
    artifact = context.store.rows("acquire", about, count=len(photo_set), arrays=GEOMETRY_ARRAYS, make=make)
    context.ledger.add(photo_set.photos, artifact.records(), role=photo_set.role, step="acquire")
    return Acquired(artifact.key, photo_set, stored_geometry(artifact))


def crop_raw(acquired: Acquired, size: int, context: RunContext) -> View:
    """Crop every raw photo, ``size`` pixels wide, aligned on its own face."""
    photo_set = acquired.photo_set
    about = {"version": _VERSION, "acquired": acquired.key, "size": size, **libraries_in_key("opencv", "pillow")}

    make = context.make_each(
        partial(_crop, dataset=photo_set.dataset, size=size),
        lambda row: (photo_set.photos[row], acquired.geometry[row]),
        count=len(photo_set),
        doing=f"crop faces ({photo_set.role}, {size} px)",
    )
    artifact = context.store.rows(
        "crop", about, count=len(photo_set), arrays={**crop_arrays(size), **PHOTO_CORNERS}, make=make
    )
    return view_of(artifact, photo_set, corners=True)


def _locate(photos: Sequence[Photo], *, dataset: Dataset, search: FaceSearch) -> list[Row]:
    rows: list[Row] = []
    for found in search.find_all([_read(photo, dataset) for photo in photos]):
        if isinstance(found, ImageRefused):
            faces = {"faces": 0} if found.reason == NO_FACE_FOUND else {}
            rows.append((dict(NO_FACE), {"reason": found.reason, **faces}))
        else:
            parameters = {"face_detector": found.face_detector}
            rows.append((geometry_values(found.geometry), {"parameters": parameters, "faces": found.faces}))
    return rows


def _read(photo: Photo, dataset: Dataset) -> Image | ImageRefused:
    try:
        return read_guarded(dataset, photo)
    except ImageRefused as refusal:
        return refusal


def _crop(item: tuple[Photo, FaceGeometry | None], *, dataset: Dataset, size: int) -> Row:
    photo, face = item
    if face is None:
        return dict(NO_FACE), {"reason": FAILED_EARLIER}
    try:
        whole = read_guarded(dataset, photo)
        pixels, moved = crop_face(whole, face, size)
        corners = corners_in_crop(whole, face, size)
    except ImageRefused as refusal:
        return dict(NO_FACE), {"reason": refusal.reason}
    return {"pixels": pixels, "photo_corners": corners, **geometry_values(moved)}, {}
