"""Which photos are the same picture. The photos are rendered people and made-up pictures."""

from __future__ import annotations

import io

import cv2
import numpy as np
import pytest
from PIL import Image as Pillow

from benchmark.datasets.copies import Copies, detail_correlation, find_copies, fingerprint, groups_of_copies
from benchmark.plugins import DATASETS


@pytest.fixture(scope="module")
def faces() -> list[np.ndarray]:
    dataset = DATASETS.load("synthetic")(seed=0)
    return [dataset.read(photo) for photo in dataset.protocol(dataset.protocols[0], limit=4).photos[:8]]


def again(photo: np.ndarray, change: str) -> np.ndarray:
    """The same picture as other programs save it."""
    if change == "re-encoded":
        content = io.BytesIO()
        Pillow.fromarray(photo).save(content, "JPEG", quality=40)
        return np.array(Pillow.open(content))
    if change == "smaller":
        return cv2.resize(photo, None, fx=0.4, fy=0.4, interpolation=cv2.INTER_AREA)
    if change == "larger":
        return cv2.resize(photo, None, fx=2.5, fy=2.5, interpolation=cv2.INTER_CUBIC)
    if change == "darker":
        return (photo * 0.7).astype(np.uint8)
    if change == "grey":
        return np.repeat(cv2.cvtColor(photo, cv2.COLOR_RGB2GRAY)[..., None], 3, axis=2)
    return photo.copy()


def found_among(photos: list[np.ndarray]) -> list[tuple[int, int]]:
    prints = [fingerprint(photo) for photo in photos]
    pairs = find_copies(
        np.array([one.phash for one in prints]), np.array([one.grey for one in prints]), range(len(photos))
    )
    return [(pair.one, pair.other) for pair in pairs]


@pytest.mark.parametrize("change", ["identical", "re-encoded", "smaller", "larger", "darker", "grey"])
def test_a_picture_saved_again_is_found(faces: list[np.ndarray], change: str) -> None:
    assert found_among([*faces, again(faces[2], change)]) == [(2, len(faces))]


def test_different_photos_of_one_person_are_no_copies(faces: list[np.ndarray]) -> None:
    assert found_among(faces) == []


def test_what_only_resembles_in_its_hash_is_no_copy() -> None:
    rng = np.random.default_rng(0)
    shade = np.linspace(0, 200, 64 * 64 * 3).reshape(64, 64, 3)
    one, other = ((shade + rng.integers(0, 55, shade.shape)).astype(np.uint8) for _ in range(2))
    bits = np.bitwise_count(fingerprint(one).phash ^ fingerprint(other).phash).sum()
    assert bits <= 64
    assert found_among([one, other]) == []


def test_identical_pictures_without_detail_are_copies_and_others_are_not() -> None:
    black, grey = np.zeros((40, 40, 3), np.uint8), np.full((40, 40, 3), 90, np.uint8)
    assert found_among([black, grey, black]) == [(0, 2)]
    assert detail_correlation(black[..., 0], grey[..., 0]) == 0.0


def test_rows_without_a_photo_are_left_out(faces: list[np.ndarray]) -> None:
    prints = [fingerprint(photo) for photo in (faces[0], faces[1], faces[0])]
    phashes, greys = np.array([one.phash for one in prints]), np.array([one.grey for one in prints])
    assert find_copies(phashes, greys, [0, 1]) == []
    assert find_copies(phashes, greys, [0, 2]) == [Copies(0, 2, 1.0)]


def test_copies_of_copies_are_one_group() -> None:
    pairs = [Copies(4, 9, 1.0), Copies(0, 9, 1.0), Copies(2, 3, 1.0)]
    assert groups_of_copies(pairs) == {4: 0, 9: 0, 3: 2}


@pytest.mark.lfw
@pytest.mark.slow
def test_lfws_known_copies_are_found(lfw_root) -> None:
    from benchmark.datasets.photo_reading import read_photo

    names = [
        *("Bart_Hendricks/Bart_Hendricks_0001", "Ricky_Ray/Ricky_Ray_0001"),
        *("Emmy_Rossum/Emmy_Rossum_0001", "Eva_Amurri/Eva_Amurri_0001"),
        *("Ron_Dittemore/Ron_Dittemore_0002", "Ron_Dittemore/Ron_Dittemore_0004"),  # a moment apart
    ]
    assert found_among([read_photo(lfw_root / f"{name}.jpg") for name in names]) == [(0, 1), (2, 3)]
