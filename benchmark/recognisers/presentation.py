"""What the recogniser is shown in the `redetect` arm: the restored face, pasted back into its photo and found again."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from benchmark.acquisition.alignment import crop_matrix, paste_back
from benchmark.acquisition.detection import FaceSearch
from benchmark.acquisition.redetection import RECOGNITION_SIZE, redetect
from benchmark.acquisition.step import Acquired
from benchmark.context import Row, RunContext
from benchmark.datasets.base import Dataset
from benchmark.errors import ImageRefused
from benchmark.faces import FaceGeometry, Image, Photo
from benchmark.machine.library_versions import libraries_in_key
from benchmark.masking.resolve import mask_style
from benchmark.masking.step import Worn
from benchmark.plugin_code.keys import code_in_key
from benchmark.plugin_code.photos import read_guarded
from benchmark.views import FAILED_EARLIER, NO_FACE, View, crop_arrays, geometry_values, view_of

_VERSION = 2

_Item = tuple[Photo, FaceGeometry | None, FaceGeometry | None, "Worn | None", "Image | None"]


def present(
    view: View,
    acquired: Acquired,
    aligned_on: Sequence[FaceGeometry | None],
    mask_types: Sequence[str] | None,
    *,
    search: FaceSearch,
    name: str,
    context: RunContext,
) -> View:
    """Paste every crop of `view` back into its photo, find the face again and crop it for the recogniser.

    Args:
        view: raw, masked or restored crops.
        acquired: the faces of the raw photos, which place the masks.
        aligned_on: the face that aligned each crop, pixels of the photo.
        mask_types: the mask that each photo wears; None if the photos are bare.
        search: how faces are looked for.
        name: the name of the view, for the ledger.
        context: what the run's steps share: store, ledger, progress bars, device, seed.
    """
    photo_set = acquired.photo_set
    worn = {kind: Worn(kind, mask_style(kind)) for kind in sorted(set(mask_types or ()))}
    about = {
        "version": _VERSION,
        "view": view.key,
        "acquired": acquired.key,
        "mask_types": None if mask_types is None else list(mask_types),
        "seed": context.seed,
        **search.about(),
        **code_in_key(*(one.style for one in worn.values())),
        **libraries_in_key("opencv", "pillow", "dlib", "numpy"),
    }

    def item(row: int) -> _Item:
        crop = None if view.failed(row) else view.faces.pixels[row]
        return (
            photo_set.photos[row],
            acquired.geometry[row],
            aligned_on[row],
            None if mask_types is None else worn[mask_types[row]],
            crop,
        )

    make = context.make_groups(
        partial(_present, dataset=photo_set.dataset, search=search, seed=context.seed),
        item,
        group_size=search.batch,
        workers=search.processes(context.workers),
        count=len(photo_set),
        doing=f"detect again ({name})",
    )
    artifact = context.store.rows(
        "present", about, count=len(photo_set), arrays=crop_arrays(RECOGNITION_SIZE), make=make
    )
    presented = view_of(artifact, photo_set)
    context.ledger.add(photo_set.photos, presented.records, role=photo_set.role, step="present", variant=name)
    return presented


def _present(items: Sequence[_Item], *, dataset: Dataset, search: FaceSearch, seed: int) -> list[Row]:
    rows: list[Row] = []
    for again in redetect([_pasted(item, dataset, seed) for item in items], search):
        if isinstance(again, ImageRefused):
            rows.append((dict(NO_FACE), {"reason": again.reason}))
        else:
            values = {"pixels": again.pixels, **geometry_values(again.geometry)}
            rows.append((values, {"parameters": {"face_detector": again.face_detector}}))
    return rows


def _pasted(item: _Item, dataset: Dataset, seed: int) -> Image | ImageRefused:
    """The photo, masked if it wears a mask, with the crop pasted back."""
    photo, raw_face, aligned_on, worn, crop = item
    if crop is None or aligned_on is None or raw_face is None:
        return ImageRefused(FAILED_EARLIER)
    try:
        pixels = read_guarded(dataset, photo)
        if worn is not None:
            pixels = worn.draw(pixels, raw_face, image_id=photo.image_id, seed=seed).photo
        return paste_back(pixels, crop, crop_matrix(aligned_on, crop.shape[0]))
    except ImageRefused as refusal:
        return refusal
