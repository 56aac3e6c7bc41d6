"""Finds photos that are the same picture: byte for byte, or saved again, resized, cropped a little or recoloured.

Two photos are copies if their perceptual hashes differ in at most `MAX_BITS` of 64 bits and what remains of them after
the coarse shading is removed correlates by at least `MIN_LIKENESS`. Among LFW's 13,233 photos 18 pairs reach this,
five of them under two names; the six most doubtful ones were inspected and look like the same picture. The next pair
is at 0.73 (the same picture with different contrast), the first pair of different pictures at 0.68, and the first of
strangers at 0.67.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import imagehash
import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pillow

from benchmark.faces import Image, Photo

VERSION = 1
"""Raised whenever the same photo would give another `Fingerprint`."""
SIDE = 64
"""Of the small grey picture that confirms what the hash suggests."""
MAX_BITS = 8
MIN_LIKENESS = 0.8
_COARSE = 3.0
"""Standard deviation, in pixels of the small picture, of the blur that gives the coarse shading."""
_FLAT = 0.5
"""Grey levels: a picture whose detail deviates less has none to compare."""


@dataclass(frozen=True)
class Fingerprint:
    """What is kept of a photo to find its copies.

    Attributes:
        phash: ``uint8 (8,)``, the 64 bits of imagehash's DCT hash.
        grey: ``uint8 (SIDE, SIDE)``, the photo shrunk by averaging.
    """

    phash: NDArray[np.uint8]
    grey: NDArray[np.uint8]


@dataclass(frozen=True)
class Copies:
    """Two photos that are one picture.

    Attributes:
        one: row of the first.
        other: row of the second, greater than `one`.
        likeness: correlation of their detail, at most 1.
    """

    one: int
    other: int
    likeness: float


@dataclass(frozen=True)
class CopiedPhoto:
    """Two photos that are one picture.

    Attributes:
        one: the photo that comes first.
        other: its copy.
        likeness: as of `Copies`.
        passed_over: `other` takes no part.
    """

    one: Photo
    other: Photo
    likeness: float
    passed_over: bool

    @property
    def of_two_people(self) -> bool:
        """Whether they are labelled with different subjects."""
        return self.one.subject_id != self.other.subject_id

    def facts(self) -> dict[str, Any]:
        """As JSON values, for ``manifest.json``."""
        return {
            "one": self.one.image_id,
            "one_subject": self.one.subject_id,
            "other": self.other.image_id,
            "other_subject": self.other.subject_id,
            "likeness": self.likeness,
            "passed_over": self.passed_over,
        }


def fingerprint(photo: Image) -> Fingerprint:
    """The fingerprint of a photo ``uint8 (H, W, 3)``."""
    grey = np.asarray(cv2.cvtColor(photo, cv2.COLOR_RGB2GRAY), dtype=np.uint8)
    if max(grey.shape) > 8 * SIDE:  # the hash shrinks by a filter whose cost grows with the photo
        factor = 8 * SIDE / max(grey.shape)
        size = tuple(max(1, round(side * factor)) for side in grey.shape[::-1])
        grey = np.asarray(cv2.resize(grey, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)
    bits = imagehash.phash(Pillow.fromarray(grey)).hash
    small = cv2.resize(grey, (SIDE, SIDE), interpolation=cv2.INTER_AREA)
    return Fingerprint(np.packbits(bits), np.asarray(small, dtype=np.uint8))


def find_copies(phashes: NDArray[np.uint8], greys: NDArray[np.uint8], rows: Sequence[int]) -> list[Copies]:
    """Every photo that is a copy of an earlier one, with the earliest of its kind or with the one it is likest to.

    Each photo is compared with every other: N²/2 hashes, 0.3 s for 13,000 photos, and pixels where the hashes agree.

    Args:
        phashes: ``uint8 (N, 8)``.
        greys: ``uint8 (N, SIDE, SIDE)``, perhaps a memory map.
        rows: those that hold a photo, in ascending order.
    """
    found: list[Copies] = []
    first: dict[bytes, int] = {}
    distinct: list[int] = []
    for row in rows:
        earliest = first.setdefault(np.asarray(greys[row]).tobytes(), row)
        if earliest == row:
            distinct.append(row)
        else:
            found.append(Copies(earliest, row, 1.0))
    for one, other in _alike(np.asarray(phashes)[distinct]):
        likeness = detail_correlation(greys[distinct[one]], greys[distinct[other]])
        if likeness >= MIN_LIKENESS:
            found.append(Copies(distinct[one], distinct[other], round(likeness, 3)))
    return sorted(found, key=lambda pair: (pair.one, pair.other))


def detail_correlation(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> float:
    """Pearson's correlation of two small pictures without their coarse shading, −1 to 1; 0 where one has no detail.

    >>> picture = np.random.default_rng(0).integers(0, 256, (64, 64), dtype=np.uint8)
    >>> round(detail_correlation(picture, picture // 2 + 60), 2)  # darker, and with less contrast
    1.0
    """
    first, second = _detail(one), _detail(other)
    if min(float(first.std()), float(second.std())) < _FLAT:
        return 0.0
    return float(np.corrcoef(first, second)[0, 1])


def groups_of_copies(copies: Sequence[Copies]) -> dict[int, int]:
    """By the row of each photo that is a copy, directly or through others, the first of its group.

    >>> groups_of_copies([Copies(0, 3, 1.0), Copies(3, 5, 1.0), Copies(1, 2, 1.0)])
    {3: 0, 5: 0, 2: 1}
    """
    neighbours: dict[int, set[int]] = defaultdict(set)
    for pair in copies:
        neighbours[pair.one].add(pair.other)
        neighbours[pair.other].add(pair.one)
    of_group: dict[int, int] = {}
    for row in sorted(neighbours):
        if row in of_group:
            continue
        waiting = [row]
        while waiting:
            member = waiting.pop()
            if member not in of_group:
                of_group[member] = row
                waiting += neighbours[member]
    return {row: group for row, group in of_group.items() if row != group}


def _alike(phashes: NDArray[np.uint8]) -> Iterator[tuple[int, int]]:
    """Pairs of rows whose hashes differ in at most `MAX_BITS` bits."""
    words = np.ascontiguousarray(phashes).view(np.uint64).ravel()
    for row in range(len(words) - 1):
        near = np.bitwise_count(words[row + 1 :] ^ words[row]) <= MAX_BITS
        for step in np.flatnonzero(near):
            yield row, row + 1 + int(step)


def _detail(picture: NDArray[np.uint8]) -> NDArray[np.float32]:
    values = np.asarray(picture, dtype=np.float32)
    return (values - np.asarray(cv2.GaussianBlur(values, (0, 0), _COARSE), dtype=np.float32)).ravel()
