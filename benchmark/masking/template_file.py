"""Reads a mask template: an RGBA picture and its control points.

Beside ``mask.png`` is ``mask.json``, ``mask.yaml`` or ``mask.yml``::

    points:
      - {at: [12, 40], on: 1}            # x and y in the picture, and the landmark (0 to 67) it is placed on
      - {at: [150, 8], on: nose-bridge}  # or a named place
      - …

At least four points, not all on one line. Named places: see `PLACES`; left and right are the image's.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pillow
from PIL import UnidentifiedImageError

from benchmark.errors import RequestError
from benchmark.structured_text import Unreadable, read_json, read_yaml

Target: TypeAlias = int | str
"""A landmark's index, or a name of `PLACES`."""

PLACES: dict[str, tuple[tuple[int, float], ...]] = {
    "nose-bridge": ((28, 0.7), (29, 0.3)),
    "nose-tip": ((30, 1.0),),
    "nose-base": ((33, 1.0),),
    "mouth": ((62, 0.5), (66, 0.5)),
    "chin": ((8, 1.0),),
    "under-chin": ((8, 1.15), (57, -0.15)),
    "left-ear": ((0, 1.0),),
    "right-ear": ((16, 1.0),),
    "left-cheek": ((1, 0.45), (2, 0.45), (31, 0.1)),
    "right-cheek": ((15, 0.45), (14, 0.45), (35, 0.1)),
    "left-jaw": ((4, 1.0),),
    "right-jaw": ((12, 1.0),),
    "left-mouth": ((48, 1.0),),
    "right-mouth": ((54, 1.0),),
}
"""Named places as weighted landmarks; left and right are the image's."""

_SUFFIXES = (".json", ".yaml", ".yml")
_FEWEST_POINTS = 4
_LARGEST = 8000
_EXAMPLE = "points: [{at: [12, 40], on: 1}, {at: [150, 8], on: nose-bridge}, …]"


@dataclass(frozen=True)
class Template:
    """A picture and where its points are on a face.

    Attributes:
        pixels: ``uint8 (H, W, 4)``, RGBA, alpha not premultiplied.
        points: ((x, y) in the picture, landmark index or name of `PLACES`).
    """

    pixels: NDArray[np.uint8]
    points: tuple[tuple[tuple[float, float], Target], ...]


def read_template(path: Path) -> Template:
    """The template at `path`; read once while its files do not change.

    Raises:
        RequestError: a missing or unreadable file, no alpha channel, no control-point file, an unknown landmark or
            place, too few points. One line: what, and how to fix it.
    """
    if not path.is_file():
        raise RequestError(f"mask template {path} does not exist; give template:FILE.png with the path of an RGBA PNG")
    beside = [path.with_suffix(suffix) for suffix in _SUFFIXES if path.with_suffix(suffix).is_file()]
    if not beside:
        wanted = path.with_suffix(".json").name
        raise RequestError(
            f"mask template {path} has no control points; write {wanted} (or .yaml) beside it with {_EXAMPLE}"
        )
    return _read(path, beside[0], path.stat().st_mtime_ns, beside[0].stat().st_mtime_ns)


@lru_cache(maxsize=8)
def _read(path: Path, points: Path, _picture_time: int, _points_time: int) -> Template:
    pixels = _read_picture(path)
    return Template(pixels, _read_points(points, width=pixels.shape[1], height=pixels.shape[0]))


def _read_picture(path: Path) -> NDArray[np.uint8]:
    try:
        with Pillow.open(path) as picture:
            if "A" not in picture.getbands() and "transparency" not in picture.info:
                raise RequestError(f"mask template {path} has no alpha channel ({picture.mode}); save it as RGBA")
            if max(picture.size) > _LARGEST or min(picture.size) < 2:
                raise RequestError(f"mask template {path} is {picture.size} pixels; its sides must be 2 to {_LARGEST}")
            pixels = np.array(picture.convert("RGBA"), dtype=np.uint8)
    except (OSError, UnidentifiedImageError, SyntaxError, ValueError) as error:
        raise RequestError(f"mask template {path} cannot be read as a picture: {error}") from error
    if not pixels[..., 3].any():
        raise RequestError(f"mask template {path} is fully transparent; nothing would be drawn")
    return pixels


def _read_points(path: Path, *, width: int, height: int) -> tuple[tuple[tuple[float, float], Target], ...]:
    try:
        content = read_json(path) if path.suffix == ".json" else read_yaml(path)
    except Unreadable as problem:
        raise RequestError(f"control points {path} cannot be read: the file {problem}; write {_EXAMPLE}") from problem
    entries = content.get("points") if isinstance(content, dict) else None
    if not isinstance(entries, list):
        raise RequestError(f"control points {path} have no list 'points'; write {_EXAMPLE}")
    points = tuple(_point(path, entry, width=width, height=height) for entry in entries)
    places = np.array([place for place, _ in points]).reshape(-1, 2)
    if len(points) < _FEWEST_POINTS or np.linalg.matrix_rank(places - places[:1], tol=1e-3) < 2:
        raise RequestError(
            f"control points {path} hold {len(points)} points; at least {_FEWEST_POINTS} are needed, not on one line"
        )
    if len({place for place, _ in points}) < len(points):
        raise RequestError(f"control points {path} name the same pixel twice; give each pixel one landmark")
    return points


def _point(path: Path, entry: Any, *, width: int, height: int) -> tuple[tuple[float, float], Target]:
    try:
        x, y = (float(value) for value in entry["at"])
        target = entry["on"] if "on" in entry else entry[True]  # what YAML 1.1 makes of a bare word `on`
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise RequestError(f"control points {path}: {entry!r} is not like {{at: [x, y], on: landmark}}") from error
    if not (0 <= x <= width and 0 <= y <= height):  # false for NaN too
        raise RequestError(f"control points {path}: [{x:g}, {y:g}] is outside the picture of {width}×{height} pixels")
    if isinstance(target, str) and target.isdecimal():
        target = int(target)
    known = target in PLACES if isinstance(target, str) else type(target) is int and 0 <= target <= 67
    if not known:
        raise RequestError(
            f"control points {path}: unknown landmark {target!r}; give 0 to 67 or one of {', '.join(PLACES)}"
        )
    return (x, y), target
