"""Sheets of faces that show how a training goes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from torch import Tensor

from benchmark.masked_faces import to_pixels
from benchmark.storage.atomic_files import write_atomically

_GAP = 2


def write_sheet(file: Path, rows: Sequence[Tensor]) -> None:
    """Write rows of faces as one PNG.

    Args:
        file: replaced as a whole.
        rows: each ``(B, 3, S, S)`` in [0, 1], of one size.
    """
    strips = []
    for row in rows:
        faces = np.pad(to_pixels(row), ((0, 0), (_GAP, 0), (_GAP, 0), (0, 0)), constant_values=255)
        strips.append(np.concatenate(list(faces), axis=1))
    sheet = np.concatenate(strips)
    _, encoded = cv2.imencode(".png", sheet[:, :, ::-1])
    write_atomically(file, encoded.tobytes())
