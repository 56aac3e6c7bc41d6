"""Small data sets in their true layouts, made on the spot."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

WritePhoto = Callable[..., Path]


@pytest.fixture
def write_photo() -> WritePhoto:
    """Writes a small photo whose pixels depend on its path, with the folders above it."""

    def write(path: Path, side: int = 20) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        seed = sum(path.name.encode("utf-8", "surrogateescape"))
        pixels = np.random.default_rng(seed).integers(0, 256, (side, side, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(path, quality=80)
        return path

    return write
