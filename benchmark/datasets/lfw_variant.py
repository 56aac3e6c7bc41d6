"""Tells LFW's editions apart: the original photos, funneled ones, and deep-funneled ones."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmark.datasets.photo_reading import read_photo
from benchmark.errors import ImageRefused
from benchmark.faces import Image

NAMED = {"deepfunneled": "deep-funneled", "funneled": "funneled"}
"""What the folders of the archives are called: ``lfw-deepfunneled``, ``lfw_funneled``; ``lfw`` tells nothing."""
KNOWN = {
    "f9cf7eec9aad86731228422c8812616939e2bbff2f8345bb13df17a31e1a9b1e": "deep-funneled",  # Aaron_Peirsol_0001.jpg
    "4f19991979a6138e73fa0a75a34bcab30eaea46d3670a7047a1451c1b178e91f": "deep-funneled",  # George_W_Bush_0001.jpg
}
"""SHA-256 of single photos of the deep-funneled edition that this project was developed with."""
_KNOWN_PHOTOS = ("Aaron_Peirsol/Aaron_Peirsol_0001.jpg", "George_W_Bush/George_W_Bush_0001.jpg")
LOOKED_AT, FEWEST = 200, 50
"""Photos that are looked at where neither a name nor a digest tells, and how many it takes."""
TURNED, UPRIGHT = 0.15, 0.06
"""From this share of turned photos on, an edition counts as turned, and below that one as upright. Of the deep-funneled
photos 38 % are seen to be turned; of the centres of the same photos, which have no such corners, 3 % by accident."""
_BLACK = 12
_SHORTEST, _LONGEST = 4, 0.95
_BEND = 3


def lfw_variant(folder: Path, photos: Sequence[str]) -> str:
    """The edition, and how it was told.

    By the folder's name; else by the digest of a photo whose edition is known; else by the black corners that turning a
    photo leaves, which the original ones do not have. The last cannot tell the two funneled editions apart.

    Args:
        folder: that holds the people's folders.
        photos: paths below it.
    """
    name = folder.name.lower().replace("-", "").replace("_", "")
    for ending, edition in NAMED.items():  # the longer ending first
        if name.endswith(ending):
            return f"{edition} (by the folder's name)"
    for path in _KNOWN_PHOTOS:
        if (folder / path).is_file():
            edition = KNOWN.get(hashlib.sha256((folder / path).read_bytes()).hexdigest(), "")
            if edition:
                return f"{edition} (by a photo's checksum)"
    looked_at = [photos[row] for row in np.linspace(0, len(photos) - 1, min(LOOKED_AT, len(photos))).astype(int)]
    turned = [answer for path in looked_at if (answer := _is_turned(folder / path)) is not None]
    if len(turned) < FEWEST:
        return f"unknown ({len(turned)} photos are too few to tell)"
    seen = f"turned black corners on {sum(turned)} of {len(turned)} photos"
    if np.mean(turned) >= TURNED:
        return f"funneled or deep-funneled ({seen})"
    return f"original ({seen})" if np.mean(turned) <= UPRIGHT else f"unknown ({seen})"


def _is_turned(path: Path) -> bool | None:
    try:
        return turned_corners(read_photo(path)) > 0
    except ImageRefused:
        return None


def turned_corners(pixels: Image) -> int:
    """How many of the four corners are black triangles, as turning a photo about its centre leaves.

    >>> photo = np.full((100, 100, 3), 200, np.uint8)
    >>> photo[:30] = 0  # a black bar, as where the face was at the edge of the original photo
    >>> turned_corners(photo)
    0
    >>> photo[:] = 200
    >>> for row in range(20):
    ...     photo[row, : 40 - 2 * row] = 0
    >>> turned_corners(photo)
    1
    """
    dark = pixels.max(axis=2) <= _BLACK
    return sum(_is_triangle(corner) for corner in (dark, dark[:, ::-1], dark[::-1], dark[::-1, ::-1]))


def _is_triangle(dark: NDArray[np.bool_]) -> bool:
    """Whether the dark region at the upper left shrinks row by row along a straight line."""
    height, width = dark.shape
    across, down = _run(dark[0]), _run(dark[:, 0])
    if not (_SHORTEST <= across < _LONGEST * width and _SHORTEST <= down < _LONGEST * height):
        return False
    runs = np.array([_run(row) for row in dark[:down]])
    straight = across * (1 - np.arange(down) / down)
    return bool(np.abs(runs - straight).max() <= _BEND + across / down)  # one row more or less


def _run(line: NDArray[np.bool_]) -> int:
    """How many are true at the start."""
    return int(np.argmin(np.append(line, False)))
