from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image as PillowImage

from benchmark.acquisition.alignment import crop_face, crop_matrix, paste_back
from benchmark.acquisition.detection import FaceSearch, locate_face, most_central_large_face
from benchmark.acquisition.face_detectors import dlib_hog
from benchmark.acquisition.redetection import RECOGNITION_SIZE, Redetected, redetect
from benchmark.errors import ImageRefused
from benchmark.faces import FaceGeometry, Image

BUSH = "George_W_Bush/George_W_Bush_0007.jpg"
WILLIAMS = "Serena_Williams/Serena_Williams_0003.jpg"


def read(path: Path) -> Image:
    return np.array(PillowImage.open(path).convert("RGB"))


def resized(photo: Image, scale: float) -> Image:
    size = (round(photo.shape[1] * scale), round(photo.shape[0] * scale))
    return np.array(PillowImage.fromarray(photo).resize(size, PillowImage.Resampling.BICUBIC))


def centre(face: FaceGeometry) -> np.ndarray:
    return (face.box[:2] + face.box[2:]) / 2


@pytest.mark.parametrize(
    ("boxes", "chosen"),
    [
        ([[10, 10, 50, 50]], 0),
        ([[0, 0, 40, 40], [80, 80, 120, 120]], 1),  # equally large: the central one
        ([[0, 0, 100, 100], [90, 90, 110, 110]], 0),  # a small one at the centre is a passer-by
        ([[0, 0, 100, 100], [75, 75, 125, 125]], 1),  # exactly half as wide is large enough
        ([[60, 80, 100, 120], [98, 78, 142, 122]], 1),  # equally near: the wider one
    ],
)
def test_the_subject_is_the_most_central_large_face(boxes: list[list[float]], chosen: int) -> None:
    assert most_central_large_face(np.array(boxes, dtype=np.float64), width=200, height=200) == chosen


@pytest.mark.parametrize("brightness", [0, 127, 255])
def test_a_plain_photo_has_no_face(brightness: int) -> None:
    with pytest.raises(ImageRefused, match="no face found"):
        locate_face(np.full((250, 250, 3), brightness, dtype=np.uint8))


@pytest.mark.parametrize("shape", [(1, 1, 3), (19, 400, 3), (3, 12000, 3)])
def test_a_tiny_photo_is_refused_with_its_size(shape: tuple[int, int, int]) -> None:
    with pytest.raises(ImageRefused, match=f"too small to hold a face: {shape[1]}×{shape[0]} pixels"):
        locate_face(np.zeros(shape, dtype=np.uint8))


def test_a_long_strip_is_searched() -> None:
    with pytest.raises(ImageRefused, match="no face found"):
        locate_face(np.zeros((20, 12000, 3), dtype=np.uint8))


def test_a_worker_needs_no_torch() -> None:
    code = "import sys, benchmark.acquisition.redetection; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.lfw
def test_the_face_is_found_at_every_size_of_photo(lfw_root: Path) -> None:
    photo = read(lfw_root / BUSH)
    expected = locate_face(photo)
    assert expected.landmarks.shape == (68, 2) and expected.landmarks.dtype == np.float32
    assert expected.five_points.shape == (5, 2)
    face_width = expected.box[2] - expected.box[0]
    # the two predictors agree where the eyes are: 42 and 45 are corners of the eye on the image's right
    assert np.abs(expected.five_points[[1, 0]] - expected.landmarks[[42, 45]]).max() < 0.06 * face_width
    for scale in (0.4, 2, 6):
        found = locate_face(resized(photo, scale)).landmarks / scale
        assert np.abs(found - expected.landmarks).mean() < 0.03 * face_width


@pytest.mark.lfw
def test_of_two_faces_the_central_one_is_taken(lfw_root: Path) -> None:
    left, right = read(lfw_root / BUSH), read(lfw_root / WILLIAMS)
    margin = np.zeros((250, 200, 3), np.uint8)
    found = locate_face(np.concatenate([left, right, margin], axis=1))
    np.testing.assert_allclose(centre(found) - np.array([250, 0]), centre(locate_face(right)), atol=8)
    found = locate_face(np.concatenate([margin, left, right], axis=1))
    np.testing.assert_allclose(centre(found) - np.array([200, 0]), centre(locate_face(left)), atol=8)


@pytest.mark.lfw
def test_a_passer_by_at_the_centre_does_not_take_the_subjects_place(lfw_root: Path) -> None:
    subject, passer_by = resized(read(lfw_root / WILLIAMS), 2), resized(read(lfw_root / BUSH), 0.9)
    scene = np.zeros((700, 800, 3), dtype=np.uint8)
    scene[:500, :500] = subject
    scene[300:525, 350:575] = np.maximum(scene[300:525, 350:575] // 4, passer_by)
    found = locate_face(scene)
    np.testing.assert_allclose(centre(found), 2 * centre(locate_face(read(lfw_root / WILLIAMS))), atol=20)


@pytest.mark.lfw
@pytest.mark.parametrize("scale", [4.096, 2.6, 6.1])
def test_a_quick_look_places_a_large_central_face_as_the_whole_search_does(lfw_root: Path, scale: float) -> None:
    for name in (BUSH, WILLIAMS):
        photo = resized(read(lfw_root / name), scale)
        quick, whole = FaceSearch().find_large(photo), FaceSearch().find(photo)
        assert quick is not None
        assert quick.face_detector == whole.face_detector
        assert np.abs(quick.geometry.box - whole.geometry.box).max() <= 0.06 * np.ptp(whole.geometry.box[::2])
        assert np.abs(quick.geometry.landmarks - whole.geometry.landmarks).mean() < 0.02 * np.ptp(whole.geometry.box)


def test_a_quick_look_leaves_small_and_eccentric_faces_and_small_photos_to_the_whole_search(lfw_root: Path) -> None:
    face = read(lfw_root / BUSH)
    assert FaceSearch().find_large(resized(face, 2)) is None  # 500 pixels
    large = resized(face, 4.096)
    wide = np.zeros((1024, 1900, 3), np.uint8)
    wide[:, :1024] = large
    assert FaceSearch().find_large(wide) is None
    small = np.zeros((1024, 1024, 3), np.uint8)
    small[312:712, 312:712] = resized(face, 1.6)
    assert FaceSearch().find_large(small) is None
    assert FaceSearch(min_face=900).find_large(large) is None
    assert FaceSearch(("mtcnn",)).find_large(np.zeros((600, 600, 3), np.uint8)) is None


def test_a_quick_look_takes_the_central_one_of_several_faces(lfw_root: Path) -> None:
    photo = np.full((1024, 1400, 3), 90, np.uint8)
    photo[:, 188:1212] = resized(read(lfw_root / BUSH), 4.096)
    for left in (0, 1180):
        photo[700:920, left : left + 220] = resized(read(lfw_root / WILLIAMS), 0.88)
    quick, whole = FaceSearch().find_large(photo), FaceSearch().find(photo)
    assert quick is not None
    assert np.abs(centre(quick.geometry) - centre(whole.geometry)).max() < 10


def test_a_small_face_in_a_large_photo_is_found_at_the_second_look(
    lfw_root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    face = read(lfw_root / BUSH)
    scene = np.zeros((1024, 1024, 3), dtype=np.uint8)
    scene[300:550, 500:750] = face
    looks = []
    look = dlib_hog.look
    monkeypatch.setattr(dlib_hog, "look", lambda photo, scale: looks.append(scale) or look(photo, scale))
    found = locate_face(scene)
    assert looks == [0.5, 1.0]
    np.testing.assert_allclose(centre(found) - np.array([500, 300]), centre(locate_face(face)), atol=8)


@pytest.mark.lfw
def test_a_face_upside_down_or_cut_through_is_refused(lfw_root: Path) -> None:
    photo = read(lfw_root / BUSH)
    with pytest.raises(ImageRefused, match="no face found"):
        FaceSearch(("dlib-hog",)).find(np.ascontiguousarray(photo[::-1]))
    middle = round(float(centre(locate_face(photo))[0]))
    with pytest.raises(ImageRefused):
        locate_face(np.ascontiguousarray(photo[:, middle + 10 :]))


@pytest.mark.lfw
def test_a_photo_12000_pixels_wide_is_searched_in_seconds(lfw_root: Path) -> None:
    small = read(lfw_root / BUSH)
    expected = locate_face(small)
    photo = np.zeros((2500, 12000, 3), dtype=np.uint8)
    photo[:, 4000:6500] = cv2.resize(small, (2500, 2500))
    start = time.process_time()
    face = locate_face(photo)
    crop, moved = crop_face(photo, face, 64)
    assert time.process_time() - start < 5
    assert np.abs((face.landmarks - np.array([4000, 0])) / 10 - expected.landmarks).mean() < 3
    assert crop.std() > 20
    assert 0 < moved.landmarks.min() < moved.landmarks.max() < 64


@pytest.mark.lfw
@pytest.mark.parametrize("size", [64, 256])
def test_an_unchanged_face_is_found_where_it_was(lfw_root: Path, size: int) -> None:
    photo = read(lfw_root / WILLIAMS)
    face = locate_face(photo)
    crop, _ = crop_face(photo, face, size)
    again = redetect([paste_back(photo, crop, crop_matrix(face, size))], FaceSearch())[0]
    assert isinstance(again, Redetected)
    directly, expected = crop_face(photo, face, RECOGNITION_SIZE)
    assert again.pixels.shape == (RECOGNITION_SIZE, RECOGNITION_SIZE, 3)
    assert np.abs(again.geometry.landmarks - expected.landmarks).mean() < 4
    assert np.abs(again.pixels.astype(int) - directly).mean() < 12


@pytest.mark.lfw
def test_a_face_that_was_destroyed_fails_to_be_acquired(lfw_root: Path) -> None:
    photo = read(lfw_root / WILLIAMS)
    face = locate_face(photo)
    gone = paste_back(photo, np.zeros((64, 64, 3), np.uint8), crop_matrix(face, 64))
    refused = redetect([gone, ImageRefused("unreadable")], FaceSearch())
    assert [str(refusal) for refusal in refused] == ["no face found", "unreadable"]


@pytest.mark.lfw
@pytest.mark.slow
def test_of_lfws_photos_hardly_one_is_lost(lfw_root: Path) -> None:
    files = sorted(lfw_root.glob("*/*.jpg"))[::20]
    lost = 0
    for file in files:
        try:
            locate_face(read(file))
        except ImageRefused:
            lost += 1
    assert len(files) > 600
    assert lost <= 6
