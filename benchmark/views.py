"""Views: the same photos as a step shows them to the next one (raw, masked, restored, …), one row per photo."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmark.artifacts import Artifact, RowArray, digest
from benchmark.datasets.base import Dataset
from benchmark.faces import AlignedFaces, FaceGeometry, Photo
from benchmark.plugin_code.keys import code_in_key

GEOMETRY_ARRAYS: Mapping[str, RowArray] = {
    "box": RowArray((4,), "float32"),
    "landmarks": RowArray((68, 2), "float32"),
    "five_points": RowArray((5, 2), "float32"),
    "detected_points": RowArray((5, 2), "float32"),
}
"""What is stored of a `FaceGeometry`, in the order of its fields."""


FAILED_EARLIER = "failed at an earlier step"
"""The reason of every failure that follows from one; the ledger has the first one's own reason."""


def crop_arrays(size: int) -> dict[str, RowArray]:
    """The arrays of a view of crops ``size`` pixels wide."""
    return {"pixels": RowArray((size, size, 3), "uint8"), **GEOMETRY_ARRAYS}


PHOTO_CORNERS: Mapping[str, RowArray] = {"photo_corners": RowArray((4, 2), "float32")}
"""The array of an artefact that also stores where the photo ends: `AlignedFaces.photo_corners`."""


def geometry_values(face: FaceGeometry) -> dict[str, Any]:
    """The row that stores `face`."""
    detected = np.nan if face.detected_points is None else face.detected_points
    return {
        "box": face.box,
        "landmarks": face.landmarks,
        "five_points": face.five_points,
        "detected_points": detected,
    }


NO_FACE: Mapping[str, Any] = dict.fromkeys(GEOMETRY_ARRAYS, np.nan)
"""The row that stores the absence of a face."""


def stored_geometry(artifact: Artifact, prefix: str = "") -> list[FaceGeometry | None]:
    """The face of each row, None where there is none; the arrays' names begin with `prefix`."""
    arrays = [np.asarray(artifact.array(prefix + name)) for name in GEOMETRY_ARRAYS]
    return [FaceGeometry(*face) if np.isfinite(face[0][0]) else None for face in zip(*arrays, strict=True)]


@dataclass(frozen=True)
class PhotoSet:
    """Photos of one data set in a fixed order, and the part they play.

    Attributes:
        dataset_name: as registered.
        dataset: reads the pixels.
        photos: one per row of everything made from this set.
        role: ``"test"``, ``"train"`` or ``"validation"``, for the ledger.
    """

    dataset_name: str
    dataset: Dataset
    photos: tuple[Photo, ...]
    role: str

    def digest(self) -> str:
        """Changes with the pixels, their order, and the data set's settings and code."""
        ids = [photo.image_id for photo in self.photos]
        content = self.dataset.digest(self.photos)
        return digest({"dataset": self.dataset_name, "content": content, "ids": ids, **code_in_key(self.dataset)})

    def take(self, rows: Sequence[int]) -> PhotoSet:
        """Some of the photos, in the order of `rows`, which may repeat."""
        return replace(self, photos=tuple(self.photos[row] for row in rows))

    def __len__(self) -> int:
        return len(self.photos)


@dataclass(frozen=True)
class View:
    """Aligned faces of a photo set, as one step left them.

    Attributes:
        key: the key of the artefact that holds them.
        photo_set: the photos, one per row.
        faces: crops and landmarks.
        records: one per row; ``reason`` says why a row failed.
    """

    key: str
    photo_set: PhotoSet
    faces: AlignedFaces
    records: Sequence[Mapping[str, Any]]

    @property
    def masked(self) -> bool:
        """Whether these faces wear masks, drawn or real."""
        return any(photo.masked for photo in self.photo_set.photos)

    def failed(self, row: int) -> bool:
        """Whether the row holds no face."""
        return bool(self.records[row].get("reason"))

    def take(self, rows: Sequence[int]) -> View:
        """Some of the faces, in the order of `rows`."""
        chosen = list(rows)
        detected = self.faces.detected_points
        faces = AlignedFaces(
            tuple(self.faces.image_ids[row] for row in chosen),
            self.faces.pixels[chosen],
            self.faces.landmarks[chosen],
            self.faces.five_points[chosen],
            None if detected is None else detected[chosen],
            None if self.faces.photo_corners is None else self.faces.photo_corners[chosen],
        )
        key = digest({"view": self.key, "rows": chosen})
        return View(key, self.photo_set.take(chosen), faces, [self.records[row] for row in chosen])

    def __len__(self) -> int:
        return len(self.records)


@dataclass(frozen=True)
class MaskedView(View):
    """Aligned masked faces with the truth beside them.

    Attributes:
        holes: ``uint8 (N, S, S)``, the true mask, 255 = covered.
        true_pixels: ``uint8 (N, S, S, 3)``, the same crops without the mask.
        mask_types: the mask drawn on each photo.
        photo_geometry: the face that aligned each crop, pixels of the photo; None where the row failed.
    """

    holes: NDArray[np.uint8]
    true_pixels: NDArray[np.uint8]
    mask_types: tuple[str, ...]
    photo_geometry: Sequence[FaceGeometry | None]

    @property
    def masked(self) -> bool:
        """Always: they were drawn."""
        return True

    def unmasked(self) -> View:
        """The same crops without their masks."""
        faces = replace(self.faces, pixels=self.true_pixels)
        return View(digest({"unmasked": self.key}), self.photo_set, faces, self.records)


def view_of(artifact: Artifact, photo_set: PhotoSet, *, corners: bool = False) -> View:
    """The view that an artefact of crops holds; `corners` as of `stored_faces`."""
    return View(artifact.key, photo_set, stored_faces(artifact, photo_set, corners=corners), artifact.records())


def stored_faces(artifact: Artifact, photo_set: PhotoSet, *, corners: bool) -> AlignedFaces:
    """The aligned faces that an artefact of crops holds, with `PHOTO_CORNERS` where it has `corners`."""
    return AlignedFaces(
        tuple(photo.image_id for photo in photo_set.photos),
        artifact.array("pixels"),
        artifact.array("landmarks"),
        artifact.array("five_points"),
        artifact.array("detected_points"),
        artifact.array("photo_corners") if corners else None,
    )
