"""Draws docs/images/masks.jpg: every mask style on synthetic people.

    python docs/make_mask_sheet.py

With ``--photos DIR --output FILE`` it shows the styles on your own photos instead; keep such a sheet out of the
repository.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image as Pillow
from PIL import ImageDraw

from benchmark.acquisition.alignment import crop_face
from benchmark.acquisition.detection import locate_face
from benchmark.datasets.photo_formats import PHOTO_SUFFIXES
from benchmark.datasets.photo_reading import read_photo
from benchmark.errors import ImageRefused
from benchmark.faces import FaceGeometry, Image
from benchmark.masking.head import place_head
from benchmark.masking.resolve import mask_style
from benchmark.plugins import DATASETS, MASKS
from benchmark.seeds import generator_for

_TILE, _LABEL = 176, 20
_NIST = tuple(f"nist-{shape}-{height}" for shape in ("wide", "round") for height in ("high", "medium", "low"))
_FIRST = ("surgical", "n95", "kn95", "cloth", *_NIST)


def main() -> None:
    """Read the options, draw the sheet."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--photos", type=Path, help="a folder of photos (default: the synthetic people)")
    parser.add_argument("--output", type=Path, default=Path(__file__).parent / "images" / "masks.jpg")
    parser.add_argument("--people", type=int, default=5)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    photos = _from_folder(options.photos) if options.photos else _synthetic()
    sheet = _sheet(_chosen(photos, options.people), options.seed)
    options.output.parent.mkdir(parents=True, exist_ok=True)
    sheet.save(options.output, quality=86, optimize=True)


def _synthetic() -> Iterator[Image]:
    people = DATASETS.load("synthetic")()
    for photo in people.protocol(people.protocols[0], limit=30).photos:
        yield people.read(photo)


def _from_folder(folder: Path) -> Iterator[Image]:
    for path in sorted(folder.rglob("*")):
        if path.suffix.lower() in PHOTO_SUFFIXES:
            yield read_photo(path)


def _chosen(photos: Iterator[Image], people: int) -> list[tuple[Image, FaceGeometry]]:
    """Faces spread evenly from looking left to looking right, of the first 60 photos."""
    faces: list[tuple[float, Image, FaceGeometry]] = []
    for _, photo in zip(range(60), photos, strict=False):
        try:
            face = locate_face(photo)
            yaw = place_head(face.landmarks, *photo.shape[:2]).yaw
        except ImageRefused:
            continue
        faces.append((yaw, photo, face))
    faces.sort(key=lambda one: one[0])
    usual = len(faces) // 12  # the outermost are odd faces or odd landmarks
    spread = np.linspace(usual, len(faces) - 1 - usual, min(people, len(faces))).round().astype(int)
    return [faces[index][1:] for index in spread]


def _sheet(faces: list[tuple[Image, FaceGeometry]], seed: int) -> Pillow.Image:
    names = (*_FIRST, *(name for name in MASKS.names() if name not in _FIRST))
    sheet = Pillow.new("RGB", (_TILE * (len(names) + 1), _LABEL + _TILE * len(faces)), "white")
    pen = ImageDraw.Draw(sheet)
    for column, name in enumerate(("photo", *names)):
        pen.text((column * _TILE + 6, 4), name, fill="black")
    for row, (photo, face) in enumerate(faces):
        for column, name in enumerate(("", *names)):
            try:
                rng = generator_for(seed, "mask sheet", name, str(row))
                drawn = mask_style(name).draw(photo, face.landmarks, rng).photo if name else photo
            except ImageRefused:
                continue
            tile = _close_up(drawn, face)
            sheet.paste(Pillow.fromarray(tile), (column * _TILE, _LABEL + row * _TILE))
    return sheet


def _close_up(photo: Image, face: FaceGeometry) -> Image:
    """The middle of a larger crop: the mask is what is to be seen."""
    large = round(_TILE / 0.72)
    crop, _ = crop_face(photo, face, large)
    edge = (large - _TILE) // 2
    top = edge + round(0.05 * large)
    return crop[top : top + _TILE, edge : edge + _TILE]


if __name__ == "__main__":
    main()
