"""Writes the contact sheet of the documentation: the first test people of seed 0, one row each.

python datasets/synthetic-people/contact_sheet.py --output docs/images/synthetic-people.jpg
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import cv2
import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from benchmark.datasets.synthetic import SyntheticPeople

PEOPLE, PHOTOS, SIDE, GAP = 8, 5, 176, 4


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path, required=True, help="a .jpg file")
    arguments = parser.parse_args()
    dataset = SyntheticPeople(people=PEOPLE, probes=PHOTOS - 1)
    step = SIDE + GAP
    sheet = np.full((PEOPLE // 2 * step + GAP, 2 * PHOTOS * step + 3 * GAP, 3), 255, np.uint8)
    for index, photo in enumerate(dataset.protocol("probes").photos):
        person, number = divmod(index, PHOTOS)
        top = GAP + person // 2 * step
        left = GAP + (person % 2) * (PHOTOS * step + GAP) + number * step
        small = cv2.resize(dataset.read(photo), (SIDE, SIDE), interpolation=cv2.INTER_AREA)
        sheet[top : top + SIDE, left : left + SIDE] = small
    arguments.output.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(arguments.output), sheet[:, :, ::-1], [cv2.IMWRITE_JPEG_QUALITY, 88])


if __name__ == "__main__":
    main()
