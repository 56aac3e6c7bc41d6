"""A face of the synthetic people with its landmarks, as crops are."""

from __future__ import annotations

import numpy as np
import pytest

from benchmark.acquisition.alignment import crop_face
from benchmark.acquisition.detection import locate_face
from benchmark.datasets.synthetic import SyntheticPeople

SIZE = 128


@pytest.fixture(scope="session")
def face() -> tuple[np.ndarray, np.ndarray]:
    """``uint8 (128, 128, 3)`` and its 68 points."""
    people = SyntheticPeople(seed=0, people=2, probes=1)
    pixels = people.read(people.protocol("probes").photos[0])
    crop, geometry = crop_face(pixels, locate_face(pixels), SIZE)
    return crop, geometry.landmarks
