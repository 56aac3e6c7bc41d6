"""Photographs to measure with: synthetic people enlarged to 1,024², or the user's own."""

from __future__ import annotations

from pathlib import Path

import cv2
from PIL import Image as Pillow

from benchmark.datasets.photo_folders import find_photos
from benchmark.datasets.photo_reading import read_photo
from benchmark.datasets.synthetic import SyntheticPeople
from perf.contest import PerfError

SIDE = 1024
_QUALITY = 92


def photos_in(folder: Path, count: int, source: Path | None) -> Path:
    """`count` JPEGs of 1,024² in `folder`, from the photos below `source` or, without it, of synthetic people.

    Raises:
        PerfError: `source` has no photos.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if source is None:
        people = SyntheticPeople(people=max(2, count), probes=1)
        wanted = people.protocol("probes").photos[::2][:count]
        images = [people.read(photo) for photo in wanted]
    else:
        found = sorted(find_photos(source).photos)[:count]
        if not found:
            raise PerfError(f"no photos in {source}; name another folder with --photos")
        images = [read_photo(source / path) for path in found]
    for number, image in enumerate(images):
        enlarged = cv2.resize(image, (SIDE, SIDE), interpolation=cv2.INTER_CUBIC)
        Pillow.fromarray(enlarged).save(folder / f"{number:04}.jpg", quality=_QUALITY)
    return folder
