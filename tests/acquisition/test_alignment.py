from __future__ import annotations

import tracemalloc

import cv2
import dlib
import numpy as np
import pytest

from benchmark.acquisition.alignment import CROP_PADDING, crop_face, crop_matrix, paste_back, quickly_cropped
from benchmark.errors import ImageRefused
from benchmark.faces import FaceGeometry, Image, move_points
from benchmark.masking.head import MEAN_HEAD

NOSE_TIP, NOSE_BASE = 30, 33
RIGHT_EYE, LEFT_EYE = slice(36, 42), slice(42, 48)


def a_face(scale: float = 1.0, *, centre: tuple[float, float] = (125, 125), turned: float = 0.0) -> FaceGeometry:
    """68 points of a schematic face about 100 pixels wide, not dlib's mean: jaw, brows, nose, eyes, mouth."""
    angle = np.linspace(np.pi, 0, 17)
    jaw = np.stack([55 * np.cos(angle), 65 * np.sin(angle) - 10], axis=1)
    brows = np.array([(x, -38 - 4 * np.sin(abs(x))) for x in (-44, -36, -28, -20, -12, 12, 20, 28, 36, 44)])
    nose = np.array([(0, -22), (0, -12), (0, -2), (1, 8), (-11, 15), (-6, 17), (0, 19), (6, 17), (11, 15)])
    eye = np.array([(-9, 0), (-4, -4), (4, -4), (9, 0), (4, 3), (-4, 3)])
    right_eye, left_eye = eye + np.array([-26, -24]), eye + np.array([26, -24])
    mouth_angle = np.linspace(np.pi, 3 * np.pi, 12, endpoint=False)
    lips = np.stack([20 * np.cos(mouth_angle), 36 + 8 * np.sin(mouth_angle)], axis=1)
    inner = np.linspace(np.pi, 3 * np.pi, 8, endpoint=False)
    inside = np.stack([14 * np.cos(inner), 36 + 3 * np.sin(inner)], axis=1)
    points = np.concatenate([jaw, brows, nose, right_eye, left_eye, lips, inside])
    five = np.array([(35, -24), (17, -24), (-35, -24), (-17, -24), (0, 19)], dtype=np.float64)
    cos, sin = scale * np.cos(turned), scale * np.sin(turned)
    move = np.array([[cos, -sin, centre[0]], [sin, cos, centre[1]]])
    box = np.array([-50, -50, 50, 50], dtype=np.float32)
    return FaceGeometry(box, points.astype(np.float32), five.astype(np.float32)).moved(move)


def smooth_photo(height: int, width: int, *, seed: int = 0) -> Image:
    rough = np.random.default_rng(seed).integers(
        40, 216, (max(2, height // 25), max(2, width // 25), 3), dtype=np.uint8
    )
    return np.asarray(cv2.resize(rough, (width, height), interpolation=cv2.INTER_CUBIC), dtype=np.uint8)


@pytest.mark.parametrize("turned", [-0.7, 0.0, 0.3])
def test_the_frame_is_dlibs_chip_frame_with_a_wider_margin(turned: float) -> None:
    face = a_face(8.0, centre=(1000, 1000), turned=turned)
    rounded = np.rint(face.landmarks)
    face = FaceGeometry(face.box, rounded.astype(np.float32), face.five_points)
    shape = dlib.full_object_detection(dlib.rectangle(0, 0, 9, 9), [dlib.point(int(x), int(y)) for x, y in rounded])
    theirs = dlib.get_face_chip_details(shape, 256, CROP_PADDING)
    matrix = crop_matrix(face, 256)
    centre = cv2.invertAffineTransform(matrix) @ (128, 128, 1)
    rect = theirs.rect
    assert 256 / np.hypot(*matrix[:, 0]) == pytest.approx(rect.width(), abs=0.01)
    assert centre == pytest.approx([(rect.left() + rect.right()) / 2, (rect.top() + rect.bottom()) / 2], abs=0.01)
    assert np.arctan2(matrix[1, 0], matrix[0, 0]) == pytest.approx(-theirs.angle, abs=1e-4)


@pytest.mark.parametrize("size", [64, 256, 1024])
@pytest.mark.parametrize("turned", [-2.0, 0.0, 0.4])
def test_eyes_and_nose_come_to_their_places_however_the_head_is_turned(size: int, turned: float) -> None:
    face = a_face(1.7, centre=(300, 80), turned=turned)
    points = move_points(face.landmarks, crop_matrix(face, size)) / size
    right, left = points[RIGHT_EYE].mean(axis=0), points[LEFT_EYE].mean(axis=0)
    assert right[1] == pytest.approx(left[1], abs=1e-4)
    assert (right[0] + left[0]) / 2 == pytest.approx(0.495, abs=0.01)
    assert 0.2 < left[0] - right[0] < 0.3
    assert 0.3 < right[1] < 0.4 < points[NOSE_BASE, 1] < 0.6
    assert points.min() > 0.1 and points.max() < 0.95  # the whole face is inside, chin and brows


def test_the_matrix_is_a_similarity_and_scales_with_the_size() -> None:
    face = a_face(1.3, turned=0.2)
    small, large = crop_matrix(face, 64), crop_matrix(face, 512)
    np.testing.assert_allclose(large, 8 * small)
    np.testing.assert_allclose(small[:, 0] @ small[:, 1], 0, atol=1e-12)
    assert np.linalg.det(small[:, :2]) > 0


def test_one_misplaced_landmark_hardly_moves_the_crop() -> None:
    face = a_face()
    points = face.landmarks.copy()
    points[NOSE_TIP] += 15
    moved = crop_matrix(FaceGeometry(face.box, points, face.five_points), 256)
    centre = crop_matrix(face, 256) @ (125, 125, 1)
    assert np.abs(moved @ (125, 125, 1) - centre).max() < 256 * 0.01


def test_jaw_brows_and_lower_lip_do_not_move_the_crop() -> None:
    face = a_face()
    points = face.landmarks.copy()
    points[[*range(27), *range(55, 60), *range(65, 68)]] += 40
    moved = FaceGeometry(face.box, points, face.five_points)
    np.testing.assert_array_equal(crop_matrix(moved, 64), crop_matrix(face, 64))


def test_landmarks_all_in_one_place_are_refused() -> None:
    face = a_face(scale=1e-4)
    with pytest.raises(ImageRefused, match="all at one point"):
        crop_matrix(face, 64)


@pytest.mark.parametrize("scale", [0.4, 1.0, 3.0, 9.0])
@pytest.mark.parametrize("size", [64, 255])
def test_a_mark_on_the_photo_lands_where_the_geometry_says(scale: float, size: int) -> None:
    face = a_face(scale, centre=(125 * scale, 125 * scale), turned=0.3)
    photo = np.zeros((round(250 * scale), round(250 * scale), 3), dtype=np.uint8)
    x, y = face.landmarks[NOSE_TIP].astype(float)
    rows, columns = np.mgrid[: photo.shape[0], : photo.shape[1]]
    photo[..., 0] = 250 * np.exp(-((columns - x) ** 2 + (rows - y) ** 2) / (2 * (12 * scale) ** 2))
    crop, moved = crop_face(photo, face, size)
    assert crop.shape == (size, size, 3) and crop.dtype == np.uint8
    weights = crop[..., 0].astype(float)
    rows, columns = np.mgrid[:size, :size]
    found = np.array([(weights * columns).sum(), (weights * rows).sum()]) / weights.sum()
    np.testing.assert_allclose(found, moved.landmarks[NOSE_TIP], atol=0.15)
    np.testing.assert_allclose(moved.five_points, move_points(face.five_points, crop_matrix(face, size)))


def test_a_fine_pattern_is_averaged_when_it_shrinks() -> None:
    face = a_face(12.0, centre=(1500, 1500), turned=0.1)
    stripes = np.zeros((3000, 3000, 3), dtype=np.uint8)
    stripes[:, ::2] = 255
    crop, _ = crop_face(stripes, face, 64)
    assert np.abs(crop[4:-4, 4:-4].astype(int) - 128).max() <= 3  # no moiré


@pytest.mark.parametrize("size", [160, 256, 420])
@pytest.mark.parametrize("turned", [-0.4, 0.0, 0.15])
def test_the_quick_crop_shows_the_same_at_the_same_place(size: int, turned: float) -> None:
    face = a_face(4.0, centre=(510, 515), turned=turned)
    photo = cv2.GaussianBlur(np.random.default_rng(0).integers(0, 256, (1021, 1024, 3), dtype=np.uint8), (0, 0), 3)
    (crop, moved), (quick, quickly_moved) = (of(photo, face, size) for of in (crop_face, quickly_cropped))
    np.testing.assert_allclose(quickly_moved.landmarks, moved.landmarks, atol=1e-3)
    contrast = np.abs(crop.astype(int) - crop.mean()).mean()
    assert np.abs(crop.astype(int) - quick).mean() < 0.15 * contrast  # half a pixel away it is more


def test_the_crop_is_black_outside_the_photo() -> None:
    photo = np.full((250, 250, 3), 200, dtype=np.uint8)
    crop, _ = crop_face(photo, a_face(centre=(20, 125)), 128)
    assert crop[:, :20].max() == 0
    assert crop[:, -40:].min() == 200


@pytest.mark.parametrize(("size", "tolerance"), [(128, 3), (256, 2), (512, 2), (1024, 2)])
def test_an_unchanged_crop_changes_the_photo_little(size: int, tolerance: int) -> None:
    photo = smooth_photo(250, 250)
    face = a_face(1.1, turned=0.2)
    crop, _ = crop_face(photo, face, size)
    pasted = paste_back(photo, crop, crop_matrix(face, size))
    assert np.abs(pasted.astype(int) - photo).max() <= tolerance
    assert not np.shares_memory(pasted, photo)


def test_a_changed_crop_appears_inside_the_frame_and_nowhere_else() -> None:
    photo = smooth_photo(300, 300)
    face = a_face(0.9, centre=(150, 150), turned=0.2)
    matrix = crop_matrix(face, 128)
    pasted = paste_back(photo, np.zeros((128, 128, 3), np.uint8), matrix)
    rows, columns = np.mgrid[:300, :300]
    places = np.stack([columns, rows], axis=-1).astype(np.float32)
    crop_places = move_points(places.reshape(-1, 2), matrix).reshape(300, 300, 2)
    outside = ((crop_places < -1) | (crop_places > 128)).any(axis=-1)
    inside = ((crop_places > 10) & (crop_places < 117)).all(axis=-1)
    assert 3000 < inside.sum() < outside.sum() + inside.sum()
    np.testing.assert_array_equal(pasted[outside], photo[outside])
    assert pasted[inside].max() == 0
    steps = np.abs(np.diff(pasted[150].astype(int), axis=0)).max()
    assert steps < 60  # the border is soft: no edge as high as the change (about 130)


def test_a_frame_that_leaves_the_photo_is_pasted_as_far_as_it_goes() -> None:
    photo = smooth_photo(250, 250)
    face = a_face(1.5, centre=(10, 240))
    crop, _ = crop_face(photo, face, 256)
    pasted = paste_back(photo, crop, crop_matrix(face, 256))
    assert np.abs(pasted[:245, 5:].astype(int) - photo[:245, 5:]).max() <= 2
    elsewhere = a_face(centre=(5000, 5000))
    np.testing.assert_array_equal(paste_back(photo, crop, crop_matrix(elsewhere, 256)), photo)


def test_a_photo_12000_pixels_wide_needs_little_memory() -> None:
    photo = np.zeros((6000, 12000, 3), dtype=np.uint8)
    face = a_face(25.0, centre=(6000, 3000))
    tracemalloc.start()
    crop, _ = crop_face(photo, face, 64)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert crop.shape == (64, 64, 3)
    assert peak < 50e6


def test_the_photos_area_in_a_crop_is_where_white_paper_would_be() -> None:
    from benchmark.acquisition.alignment import corners_in_crop, photo_area

    turn = np.deg2rad(12)
    rotation = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    landmarks = (40 * MEAN_HEAD[:, :2] @ rotation.T + [70, 60]).astype(np.float32)
    face = FaceGeometry(np.array([30, 30, 110, 110], np.float32), landmarks, landmarks[[45, 42, 36, 39, 33]])
    paper = np.full((105, 130, 3), 255, np.uint8)
    crop, _ = crop_face(paper, face, 64)
    area = photo_area(corners_in_crop(paper, face, 64), 64)
    assert 0.2 < area.mean() < 0.95
    assert (area != (crop[..., 0] > 127)).mean() < 0.01
    assert (crop[~area] < 200).all()
