"""The strip of example faces: pictures small enough to travel inside the report."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from benchmark.faces import Image
from benchmark.reporting.picture_address import picture_address
from benchmark.reporting.run_results import ExampleStrip

_LARGEST = 192  # pixels a side inside the report
_QUALITY = 85


@dataclass(frozen=True)
class Tile:
    """One picture, or the reason why there is none."""

    caption: str
    address: str
    reason: str = ""


@dataclass(frozen=True)
class FaceRow:
    """One person."""

    subject_id: str
    image_id: str
    tiles: tuple[Tile, ...]


def face_captions(strips: Sequence[ExampleStrip]) -> list[str]:
    """Every caption of any strip, in the order they first appear."""
    return list(dict.fromkeys(caption for strip in strips for caption in strip.columns))


def face_rows(strips: Sequence[ExampleStrip]) -> list[FaceRow]:
    """One row per person, all with the same captions."""
    captions = face_captions(strips)
    return [FaceRow(s.subject_id, s.image_id, tuple(_tile(s, caption) for caption in captions)) for s in strips]


def data_uri(image: Image) -> str:
    """A face as a ``data:`` address, sharp at twice the size that it is shown in."""
    return picture_address(image, side=_LARGEST, quality=_QUALITY)


def _tile(strip: ExampleStrip, caption: str) -> Tile:
    picture = strip.columns.get(caption)
    if picture is None:
        return Tile(caption, "", strip.reasons.get(caption, "not made"))
    return Tile(caption, data_uri(picture))
