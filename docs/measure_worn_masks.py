"""Measures how a mask detector marks really worn masks, against outlines that were drawn by eye.

    python docs/measure_worn_masks.py --photos DIR --numbers odd
    python docs/measure_worn_masks.py --photos DIR --numbers odd --weights reports/trained/segmenter --sheet sheet.png

DIR holds masked/NNN.jpg and bare/NNN.jpg. The outlines (tests/methods/detectors/worn_mask_outlines.csv, pixels of the
photo) were drawn before any detector was asked: 60 odd and 60 even photos, the first ones on which a face is found and
the mask's edge can be seen. A detector is tuned on even numbers and reported on odd ones. Straps are no part of an
outline. Of bare faces those do not count that are hidden by a hand or a mask.
"""

from __future__ import annotations

import argparse
import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmark.acquisition.alignment import corners_in_crop, crop_face, crop_matrix, photo_area
from benchmark.acquisition.detection import FaceSearch
from benchmark.datasets.photo_reading import read_photo
from benchmark.errors import ImageRefused
from benchmark.faces import Image, Points
from benchmark.methods.detectors.base import Detector
from benchmark.methods.detectors.hole_margin import widened
from benchmark.methods.resolve import resolve_parts
from benchmark.methods.trained_weights import TrainedWeights, shipped_weights

OUTLINES = Path(__file__).resolve().parents[1] / "tests" / "methods" / "detectors" / "worn_mask_outlines.csv"
HIDDEN_BARE = frozenset({"034", "067", "068", "151"})
"""Bare photos of a face that is hidden after all: by a mask (034), by a hand."""
Region = NDArray[np.bool_]


@dataclass(frozen=True)
class Crop:
    """One face as a detector sees it.

    Attributes:
        number: of the photo.
        pixels: ``uint8 (S, S, 3)``.
        photo: the part of the crop that the photo covers.
        outline: ``float32 (K, 2)``, pixels of the crop; None on a bare face.
    """

    number: str
    pixels: Image
    photo: Region
    outline: Points | None

    def mask(self) -> Region:
        """The inside of the outline, without what is beyond the photo."""
        inside = np.zeros(self.photo.shape, np.uint8)
        if self.outline is not None:
            cv2.fillPoly(inside, [np.rint(self.outline * 16).astype(np.int32)], 1, cv2.LINE_8, 4)
        return (inside > 0) & self.photo


@dataclass(frozen=True)
class Marked:
    """What a detector marked, photo by photo.

    Attributes:
        covered: ``(N,)``, share of each outline that is marked.
        area: ``(N,)``, marked pixels, as a multiple of the outline's.
        bare: ``(M,)``, share of each bare face's crop that is marked.
    """

    covered: NDArray[np.float64]
    area: NDArray[np.float64]
    bare: NDArray[np.float64]

    def __str__(self) -> str:
        missed = int((self.covered < 0.5).sum())
        return (
            f"masks {len(self.covered)}: covered {self.covered.mean():.1%} (median {np.median(self.covered):.1%}), "
            f"area {self.area.mean():.2f} of the outline's, under half marked {missed}; "
            f"bare {len(self.bare)}: marked {int((self.bare > 0).sum())} ({(self.bare > 0).mean():.1%})"
        )


def crops(folder: Path, kind: str, *, parity: int | None, size: int) -> Iterator[Crop]:
    """Faces of ``folder/kind``: masked ones that have an outline, bare ones that are not hidden.

    Args:
        folder: holds ``masked`` and ``bare``.
        kind: of these two.
        parity: 1 = odd numbers, 0 = even ones, None = all.
        size: side of the crops, pixels.
    """
    outlines = _outlines()
    search = FaceSearch()
    for file in sorted((folder / kind).glob("*.jpg")):
        number = file.stem
        wanted = number in outlines if kind == "masked" else number not in HIDDEN_BARE
        if not wanted or parity not in (None, int(number) % 2):
            continue
        photo = read_photo(file)
        try:
            face = search.find(photo).geometry
        except ImageRefused as refusal:
            print(f"{kind}/{number}: {refusal}")
            continue
        matrix = crop_matrix(face, size)
        outline = None
        if kind == "masked":
            outline = (outlines[number] @ matrix[:, :2].T + matrix[:, 2]).astype(np.float32)
        area = photo_area(corners_in_crop(photo, face, size), size)
        yield Crop(number, crop_face(photo, face, size)[0], area, outline)


def measured(detector: Detector, masked: list[Crop], bare: list[Crop], *, margin: float = 0.0) -> Marked:
    """Ask `detector`; what it marks beyond a photo does not count, as in a run."""
    found, true = marked(detector, masked, margin=margin), [crop.mask() for crop in masked]
    covered = [(hole & mask).sum() / mask.sum() for hole, mask in zip(found, true, strict=True)]
    area = [hole.sum() / mask.sum() for hole, mask in zip(found, true, strict=True)]
    return Marked(
        np.array(covered), np.array(area), np.array([hole.mean() for hole in marked(detector, bare, margin=margin)])
    )


def marked(detector: Detector, faces: list[Crop], *, margin: float = 0.0) -> list[Region]:
    """What `detector` marks on each face, widened by `margin` as in a run, inside its photo."""
    pixels = np.stack([crop.pixels for crop in faces])
    found = detector.detect(pixels, None, tuple(crop.number for crop in faces))
    return [(widened(hole, margin) > 0) & crop.photo for hole, crop in zip(found, faces, strict=True)]


def sheet(detector: Detector, faces: list[Crop], *, margin: float = 0.0, columns: int = 12) -> Image:
    """Every face with what is marked in red and the outline in yellow."""
    cells = []
    for crop, hole in zip(faces, marked(detector, faces, margin=margin), strict=True):
        cell = crop.pixels.copy()
        cell[hole] = cell[hole] // 2 + np.array([127, 0, 0], np.uint8)
        if crop.outline is not None:
            cv2.polylines(cell, [np.rint(crop.outline).astype(np.int32)], True, (255, 255, 0), 1)
        cv2.putText(cell, crop.number, (2, 11), cv2.FONT_HERSHEY_SIMPLEX, 0.38, (255, 0, 255), 1)
        cells.append(cell)
    cells += [np.zeros_like(cells[0])] * (-len(cells) % columns)
    return np.vstack([np.hstack(cells[start : start + columns]) for start in range(0, len(cells), columns)])


def _outlines() -> dict[str, NDArray[np.float64]]:
    with OUTLINES.open(encoding="utf-8", newline="") as table:
        return {
            row["photo"]: np.array([[float(value) for value in point.split(",")] for point in row["outline"].split()])
            for row in csv.DictReader(table)
        }


def main() -> None:
    """Read the options, print one line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--photos", type=Path, required=True, metavar="DIR")
    parser.add_argument("--numbers", choices=("odd", "even", "all"), default="odd", help="(default: %(default)s)")
    parser.add_argument("--detector", default="segmenter", help="(default: %(default)s)")
    parser.add_argument("--weights", type=Path, metavar="DIR", help="what `train` wrote (default: those shipped)")
    parser.add_argument("--size", type=int, default=128, help="side of the crops, pixels (default: %(default)s)")
    parser.add_argument("--hole-margin", type=float, default=0.0, help="as in a run (default: %(default)s)")
    parser.add_argument("--sheet", type=Path, metavar="PNG", help="draw the masked faces with what is marked")
    options = parser.parse_args()
    (detector,) = resolve_parts(options.detector, seed=0, device="cpu")
    if not isinstance(detector, Detector):
        parser.error(f"--detector {options.detector}: this is no detector")
    weights = TrainedWeights(options.weights) if options.weights else None
    weights = weights or shipped_weights(detector.name, detector.preset, options.size)
    if weights is not None:
        detector.load(weights.folder)  # type: ignore[attr-defined]
    parity = {"odd": 1, "even": 0, "all": None}[options.numbers]
    masked, bare = (list(crops(options.photos, kind, parity=parity, size=options.size)) for kind in ("masked", "bare"))
    print(measured(detector, masked, bare, margin=options.hole_margin))
    if options.sheet:
        cv2.imwrite(str(options.sheet), sheet(detector, masked, margin=options.hole_margin)[:, :, ::-1])


if __name__ == "__main__":
    main()
