from __future__ import annotations

from io import BytesIO

import cv2
import numpy as np
import pytest
from PIL import Image

from benchmark.storage import png_pair
from benchmark.storage.png_pair import encode_png_pair


@pytest.fixture(params=["isal", "zlib"])
def compressor(request, monkeypatch):
    if request.param == "zlib":
        monkeypatch.setattr(png_pair, "_isal", lambda: None)
    else:
        pytest.importorskip("isal")


def _decoded(content):
    with Image.open(BytesIO(content)) as image:
        image.verify()
    with Image.open(BytesIO(content)) as image:
        assert image.mode == "RGB"
        by_pillow = np.array(image)
    by_opencv = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_UNCHANGED)[..., ::-1]
    np.testing.assert_array_equal(by_pillow, by_opencv)
    return by_pillow


@pytest.mark.parametrize(
    ("height", "width", "changed"),
    [
        (64, 64, slice(20, 50)),
        (16, 33, slice(0, 16)),
        (31, 16, slice(30, 31)),
        (16, 16, slice(0, 0)),
        (1, 1, slice(0, 1)),
    ],
)
def test_both_pictures_come_back(height, width, changed, compressor):
    first = np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)
    second = first.copy()
    second[changed] = 255 - second[changed]
    for picture, content in zip((first, second), encode_png_pair(first, second), strict=True):
        np.testing.assert_array_equal(_decoded(content), picture)


def test_rows_that_both_share_are_compressed_once(monkeypatch):
    counts = []
    compressed = png_pair._compressed
    monkeypatch.setattr(png_pair, "_compressed", lambda rows: counts.append(len(rows)) or compressed(rows))
    first = np.random.default_rng(1).integers(0, 256, (64, 48, 3), dtype=np.uint8)
    second = first.copy()
    second[25, 3] ^= 1
    second[40, 47] ^= 1
    encode_png_pair(first, second)
    assert sum(counts) == 64 + (41 - 25)


def test_files_are_hardly_larger_than_opencvs(compressor):
    noise = np.random.default_rng(2).normal(size=(128, 128, 3))
    smooth = np.clip(128 + 40 * cv2.GaussianBlur(noise, (0, 0), 2) * 5, 0, 255).astype(np.uint8)
    masked = smooth.copy()
    masked[40:90, 30:100] //= 2
    for picture, content in zip((smooth, masked), encode_png_pair(smooth, masked), strict=True):
        assert len(content) < 1.1 * len(cv2.imencode(".png", picture)[1])
