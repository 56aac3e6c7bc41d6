from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest
from skimage.transform import SimilarityTransform

from benchmark.errors import ImageRefused
from benchmark.faces import FaceGeometry, Points, key_points_of, move_points
from benchmark.recognisers.five_point_template import (
    FivePointTemplate,
    arcface_template,
    least_squares_similarity,
)

SQUARE = arcface_template()


def a_face(points: Points) -> FaceGeometry:
    """A face whose five points are `points`; every other landmark is NaN, so that nothing may depend on it."""
    landmarks = np.full((68, 2), np.nan, dtype=np.float32)
    spread = np.array([(-6, 0), (-2, -3), (2, -3), (6, 0), (2, 3), (-2, 3)])
    landmarks[36:42], landmarks[42:48] = points[0] + spread, points[1] + spread
    landmarks[30], landmarks[48], landmarks[54] = points[2:]
    return FaceGeometry(np.zeros(4, np.float32), landmarks, np.zeros((5, 2), np.float32))


def placed(scale: float, turned: float, shift: tuple[float, float]) -> np.ndarray:
    cos, sin = scale * np.cos(turned), scale * np.sin(turned)
    return np.array([[cos, -sin, shift[0]], [sin, cos, shift[1]]])


def test_the_five_points_go_from_left_to_right_in_the_image() -> None:
    points = SQUARE.points.astype(np.float32)
    np.testing.assert_allclose(key_points_of(a_face(points).landmarks), points, atol=1e-5)
    assert points[0, 0] < points[1, 0] and points[3, 0] < points[4, 0]


def test_a_detectors_own_points_come_first() -> None:
    photo = np.random.default_rng(3).integers(0, 256, (200, 200, 3), dtype=np.uint8)
    detected = SQUARE.points.astype(np.float32) + 20
    face = replace(a_face(SQUARE.points.astype(np.float32)), detected_points=detected)
    np.testing.assert_array_equal(SQUARE.chip(photo, face), SQUARE.chip(photo, a_face(detected)))


@pytest.mark.parametrize("seed", range(5))
def test_the_similarity_is_umeyamas(seed: int) -> None:
    generator = np.random.default_rng(seed)
    points = (SQUARE.points * generator.uniform(0.3, 5) + generator.normal(0, 6, (5, 2))).astype(np.float32)
    theirs = SimilarityTransform.from_estimate(points.astype(np.float64), SQUARE.points)
    np.testing.assert_allclose(least_squares_similarity(points, SQUARE.points), theirs.params[:2], atol=1e-5)


def test_a_mirrored_face_is_not_reflected() -> None:
    mirrored = SQUARE.points * (-1, 1)
    matrix = least_squares_similarity(mirrored.astype(np.float32), SQUARE.points)
    assert np.linalg.det(matrix[:, :2]) > 0


def test_points_in_one_place_are_refused() -> None:
    with pytest.raises(ImageRefused, match="all at one point"):
        least_squares_similarity(np.full((5, 2), 7, np.float32), SQUARE.points)
    with pytest.raises(ImageRefused, match="all at one point"):
        least_squares_similarity(np.full((5, 2), np.nan, np.float32), SQUARE.points)


def test_the_narrow_template_is_the_middle_of_the_square_one() -> None:
    narrow = arcface_template((112, 96))
    expected = [(30.2946, 51.6963), (65.5318, 51.5014), (48.0252, 71.7366), (33.5493, 92.3655), (62.7299, 92.2041)]
    np.testing.assert_allclose(narrow.points, expected, atol=1e-9)
    np.testing.assert_allclose(arcface_template((224, 224)).points, 2 * SQUARE.points)


@pytest.mark.parametrize(("scale", "turned"), [(0.7, 0.4), (1.5, -0.3), (6.0, 0.1)])
def test_the_chip_shows_the_face_upright_at_its_place(scale: float, turned: float) -> None:
    """A dot drawn on each eye and corner of the mouth lands on the template's point."""
    move = placed(scale, turned, (60 * scale, 30 * scale))
    points = move_points(SQUARE.points.astype(np.float32), move)
    side = int(300 * scale)
    photo = np.zeros((side, side, 3), np.uint8)
    radius = max(2, int(3 * scale))
    for x, y in points[[0, 1, 3, 4]]:
        cv2.circle(photo, (round(float(x)), round(float(y))), radius, (255, 255, 255), -1)
    chip = SQUARE.chip(photo, a_face(points))
    assert chip.shape == (112, 112, 3)
    assert chip.dtype == np.uint8
    rows, columns = np.mgrid[:112, :112]
    for x, y in SQUARE.points[[0, 1, 3, 4]]:
        near = np.hypot(columns - x, rows - y) < 9
        weights = chip[..., 0] * near
        assert weights.sum() > 0
        centre = (columns * weights).sum() / weights.sum(), (rows * weights).sum() / weights.sum()
        assert centre == pytest.approx((x, y), abs=0.8)


def test_a_face_that_shrinks_is_averaged_and_not_picked_from() -> None:
    """Noise finer than the chip's pixels must turn grey; one linear warp would keep it and alias."""
    photo = np.random.default_rng(0).integers(0, 256, (1200, 1200, 3), dtype=np.uint8)
    points = move_points(SQUARE.points.astype(np.float32), placed(10.0, 0.0, (20, 20)))
    chip = SQUARE.chip(photo, a_face(points))
    picked = cv2.warpAffine(photo, least_squares_similarity(points, SQUARE.points), (112, 112))
    assert chip[20:-20, 20:-20].std() < 10
    assert picked[20:-20, 20:-20].std() > 30


def test_outside_the_image_the_chip_is_black() -> None:
    photo = np.full((50, 50, 3), 200, np.uint8)
    chip = FivePointTemplate((112, 96), arcface_template((112, 96)).points).chip(
        photo, a_face(SQUARE.points.astype(np.float32) + 1000)
    )
    assert chip.shape == (112, 96, 3)
    assert chip.max() == 0
