"""Random pairs and a task small enough for tests of the loop."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from benchmark.methods.base import MaskedPairs
from benchmark.progress import Progress


def _noise_pairs(count: int = 10, size: int = 8, *, seed: int = 0, validation: int = 0) -> MaskedPairs:
    """True faces of noise whose masked version is dark in the lower half."""
    rng = np.random.default_rng(seed)
    true = rng.integers(0, 256, (count, size, size, 3)).astype(np.uint8)
    holes = np.zeros((count, size, size), dtype=np.uint8)
    holes[:, size // 2 :] = 255
    masked = np.where(holes[..., None] > 0, true // 4, true).astype(np.uint8)
    landmarks = rng.uniform(0, size, (count, 68, 2)).astype(np.float32)
    others = _noise_pairs(validation, size, seed=seed + 1) if validation else None
    return MaskedPairs(masked, true, holes, landmarks, tuple(f"p{row}" for row in range(count)), others)


@pytest.fixture
def noise_pairs() -> Callable[..., MaskedPairs]:
    return _noise_pairs


@pytest.fixture
def quiet() -> Progress:
    return Progress(quiet=True)
