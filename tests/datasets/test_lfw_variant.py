"""Which edition of LFW a folder holds."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from benchmark.datasets.lfw_variant import lfw_variant, turned_corners


def picture(number: int, degrees: float = 0.0) -> np.ndarray:
    """A picture of soft patches, without black of its own, turned about its centre as funneling does."""
    rng = np.random.default_rng(number)
    patches = rng.integers(40, 256, (10, 10, 3)).astype(np.uint8)
    pixels = cv2.resize(patches, (250, 250), interpolation=cv2.INTER_LINEAR)
    if number % 4 == 0:
        pixels[:30] = 0  # the face was at the edge of the press photo
    matrix = cv2.getRotationMatrix2D((124.5, 124.5), degrees, 1.0)
    return cv2.warpAffine(pixels, matrix, (250, 250)) if degrees else pixels


def people(folder: Path, count: int, degrees: float) -> list[str]:
    paths = []
    for number in range(count):
        path = folder / f"P_{number:03d}" / f"P_{number:03d}_0001.jpg"
        path.parent.mkdir(parents=True)
        Image.fromarray(picture(number, degrees if number % 3 == 0 else 0.0)).save(path, quality=75)
        paths.append(path.relative_to(folder).as_posix())
    return paths


@pytest.mark.parametrize("degrees", [3.0, -5.0, 12.0])
def test_a_turned_picture_has_turned_corners(degrees: float) -> None:
    assert turned_corners(picture(1, degrees)) == 4
    assert turned_corners(picture(1)) == 0
    assert turned_corners(picture(4)) == 0  # a bar is no triangle


def test_by_the_photos(tmp_path: Path) -> None:
    found = lfw_variant(tmp_path / "a", people(tmp_path / "a", 60, 6.0))
    assert found == "funneled or deep-funneled (turned black corners on 16 of 60 photos)"  # 20 are; bars hide 4
    found = lfw_variant(tmp_path / "b", people(tmp_path / "b", 60, 0.0))
    assert found == "original (turned black corners on 0 of 60 photos)"
    assert lfw_variant(tmp_path / "c", people(tmp_path / "c", 10, 0.0)) == "unknown (10 photos are too few to tell)"


@pytest.mark.parametrize(
    ("name", "edition"),
    [("lfw-deepfunneled", "deep-funneled"), ("lfw_funneled", "funneled"), ("lfw-funneled", "funneled")],
)
def test_by_the_name(tmp_path: Path, name: str, edition: str) -> None:
    assert lfw_variant(tmp_path / name, []) == f"{edition} (by the folder's name)"


@pytest.mark.lfw
def test_the_real_one_is_told_by_its_corners_too(lfw_root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("benchmark.datasets.lfw_variant.KNOWN", {})
    photos = sorted(path.relative_to(lfw_root).as_posix() for path in lfw_root.glob("*/*_0001.jpg"))
    assert lfw_variant(lfw_root, photos).startswith("funneled or deep-funneled (turned black corners on ")
