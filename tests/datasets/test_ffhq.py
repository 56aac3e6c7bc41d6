"""FFHQ: a small copy in its true layouts."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path

import pytest

from benchmark.datasets.ffhq import FlickrFaces
from tests.datasets.refusal import error

NUMBERS = (*range(0, 40_000, 1_001), 60_000, 61_000, 69_999)


@pytest.fixture(params=["images1024x1024", "thumbnails128x128"])
def small_ffhq(request: pytest.FixtureRequest, tmp_path: Path, write_photo: Callable[..., Path]) -> Path:
    for number in NUMBERS:
        thousand = number // 1000 * 1000
        write_photo(tmp_path / "ffhq" / request.param / f"{thousand:05d}" / f"{number:05d}.png")
    (tmp_path / "ffhq" / request.param / "LICENSE.txt").write_text("…")
    return tmp_path / "ffhq"


def test_the_last_ten_thousand_are_tested_and_the_others_learned_from(
    small_ffhq: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        dataset = FlickrFaces(small_ffhq)
    assert "holds 43 of FFHQ's 70000 photos" in caplog.text
    assert dataset.variant.endswith(", 43 photos")
    protocol = dataset.protocol("image-quality")
    assert [photo.image_id for photo in protocol.photos] == ["60000.png", "61000.png", "69999.png"]
    assert len(protocol.comparisons) == 0
    assert dataset.read(protocol.photos[1]).shape == (20, 20, 3)
    parts = [
        {photo.image_id for photo in dataset.training_photos(part, protocol="")} for part in ("train", "validation")
    ]
    assert [len(part) for part in parts] == [38, 2]
    assert len(parts[0] | parts[1]) == 40
    assert max(parts[0] | parts[1]) < "60000.png"
    assert len(dataset.protocol("image-quality", limit=2).photos) == 2


def test_a_copy_in_one_folder_for_training_alone(tmp_path: Path, write_photo: Callable[..., Path]) -> None:
    for number in range(40):
        write_photo(tmp_path / "thumbnails128x128" / f"{number:05d}.png")
    dataset = FlickrFaces(tmp_path)
    assert len(dataset.training_photos("train", protocol="")) == 38
    assert "none of FFHQ's last 10,000 photos" in error(lambda: dataset.protocol("image-quality"))


def test_asked_for_verification_it_says_why_not(small_ffhq: Path) -> None:
    message = error(lambda: FlickrFaces(small_ffhq).protocol("all-pairs"))
    assert "does not say who anybody is, so nothing can be verified" in message


def test_which_edition(small_ffhq: Path) -> None:
    name = next(small_ffhq.iterdir()).name
    assert len(FlickrFaces(small_ffhq / name).training_photos("train", protocol="")) == 38
    (small_ffhq / ({"images1024x1024", "thumbnails128x128"} - {name}).pop()).mkdir()
    assert "name the one to read" in error(lambda: FlickrFaces(small_ffhq))


def test_other_folders(tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    assert "neither images1024x1024 nor" in error(lambda: FlickrFaces(tmp_path))
    (tmp_path / "images1024x1024").mkdir()
    assert "no photo like 00000/00000.png" in error(lambda: FlickrFaces(tmp_path))
