"""Random faces small enough for tests of methods."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from benchmark.methods.base import MaskedPairs
from benchmark.progress import Progress

MakePairs = Callable[..., MaskedPairs]


def _tiny_pairs(count: int = 12, size: int = 16, *, seed: int = 0, validation: int = 0) -> MaskedPairs:
    """Blocky random faces whose lower half wears a flat mask of random colour; two photos per person."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(40, 216, (count, 2, 2, 3))
    true = coarse.repeat(size // 2, axis=1).repeat(size // 2, axis=2)
    true = (true + rng.integers(0, 20, true.shape)).astype(np.uint8)
    holes = np.zeros((count, size, size), dtype=np.uint8)
    for row, top in enumerate(rng.integers(size // 2, size // 2 + 3, count)):
        holes[row, top : size - 2, 3 : size - 3] = 255
    colours = rng.integers(0, 256, (count, 1, 1, 3)).astype(np.uint8)
    masked = np.where(holes[..., None] > 0, colours, true).astype(np.uint8)
    landmarks = rng.uniform(0, size, (count, 68, 2)).astype(np.float32)
    subjects = tuple(f"person-{seed}-{row // 2}" for row in range(count))
    others = _tiny_pairs(validation, size, seed=seed + 1000) if validation else None
    return MaskedPairs(masked, true, holes, landmarks, subjects, others)


@pytest.fixture
def tiny_pairs() -> MakePairs:
    return _tiny_pairs


@pytest.fixture
def quiet() -> Progress:
    return Progress(quiet=True)
