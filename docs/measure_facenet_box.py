"""Measure where MTCNN's box is around dlib's 68 points: the constants of `benchmark/recognisers/facenet.py`.

    python docs/measure_facenet_box.py ../shared/data/faces-train --photos 600

Takes one photo of each of some people, aligns it upright, lets MTCNN find the face in the crop, and prints by how much
its box reaches beyond the points' bounds (median over two thirds of the people), and how well that predicts the box of
the others.
"""

from __future__ import annotations

import argparse
import csv
import random
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image

from benchmark.acquisition.alignment import crop_face
from benchmark.acquisition.detection import locate_face
from benchmark.errors import ImageRefused
from benchmark.recognisers.facenet import mtcnn_box
from benchmark.torchvision_operators import provide_operators

CROP = 256
SURE = 0.99


def main() -> None:
    """Read the command line, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="holds manifest.csv with columns file and subject_id")
    parser.add_argument("--photos", type=int, default=600, help="(default: %(default)s)")
    options = parser.parse_args()

    pairs = [pair for pair, _ in zip(_boxes(options.folder), range(options.photos), strict=False)]
    theirs = np.stack([box for box, _ in pairs])
    points = np.stack([landmarks for _, landmarks in pairs])
    low, high = points.min(axis=1), points.max(axis=1)
    (width, height), sides = (high - low).T, np.concatenate([low, high], axis=1)
    reach = (theirs - sides) / np.stack([-width, -height, width, height], axis=1)
    fitted = 2 * len(pairs) // 3
    left, top, right, bottom = np.median(reach[:fitted], axis=0)
    print(f"reach beyond the points: sides {(left + right) / 2:.3f}, top {top:.3f}, bottom {bottom:.3f}")
    extent = theirs[:, 2:] - theirs[:, :2]
    print(f"their box is {np.median(extent[:, 0] / extent[:, 1]):.2f} times as wide as high")
    overlaps = [_overlap(box, mtcnn_box(face)) for box, face in zip(theirs[fitted:], points[fitted:], strict=True)]
    low_overlap, overlap = np.quantile(overlaps, [0.05, 0.5])
    print(f"overlap (IoU) of theirs with ours: median {overlap:.3f}, 5th percentile {low_overlap:.3f}")


def _boxes(folder: Path) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """MTCNN's box and dlib's points of the same face, pixels of an upright crop."""
    provide_operators()
    from facenet_pytorch import MTCNN  # noqa: PLC0415  # it must find the operators in place

    detector = MTCNN()
    rows = list(csv.DictReader((folder / "manifest.csv").open(encoding="utf-8")))
    random.Random(0).shuffle(rows)
    for row in {row["subject_id"]: row for row in reversed(rows)}.values():
        photo = np.asarray(Image.open(folder / row["file"]).convert("RGB"))
        try:
            crop, face = crop_face(photo, locate_face(photo), CROP)
        except ImageRefused:
            continue
        boxes, sure = detector.detect(Image.fromarray(crop))
        if boxes is None or sure[0] < SURE:
            continue
        areas = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
        yield np.asarray(boxes[areas.argmax()], dtype=np.float64), face.landmarks


def _overlap(one: np.ndarray, other: np.ndarray) -> float:
    shared = np.clip(np.minimum(one[2:], other[2:]) - np.maximum(one[:2], other[:2]), 0, None).prod()
    both = (one[2:] - one[:2]).prod() + (other[2:] - other[:2]).prod()
    return float(shared / (both - shared))


if __name__ == "__main__":
    main()
