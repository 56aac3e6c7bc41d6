from __future__ import annotations

import numpy as np

from benchmark.faces import FaceGeometry, key_points_of


def a_face(detected: np.ndarray | None = None) -> FaceGeometry:
    points = np.random.default_rng(0).uniform(0, 100, (68, 2)).astype(np.float32)
    return FaceGeometry(np.array([0, 0, 99, 99], np.float32), points, points[:5], detected)


def test_key_points_are_eyes_nose_and_mouth_of_the_landmarks() -> None:
    face = a_face()
    points = face.key_points
    np.testing.assert_allclose(points[0], face.landmarks[36:42].mean(axis=0))
    np.testing.assert_allclose(points[1], face.landmarks[42:48].mean(axis=0))
    np.testing.assert_array_equal(points[2:], face.landmarks[[30, 48, 54]])
    assert key_points_of(np.stack([face.landmarks] * 3)).shape == (3, 5, 2)


def test_a_face_detectors_own_points_come_first_unless_there_are_none() -> None:
    own = np.arange(10, dtype=np.float32).reshape(5, 2)
    np.testing.assert_array_equal(a_face(own).key_points, own)
    nothing = a_face(np.full((5, 2), np.nan, np.float32))
    np.testing.assert_array_equal(nothing.key_points, a_face().key_points)


def test_they_move_with_the_face() -> None:
    matrix = np.array([[0.0, -2.0, 5.0], [2.0, 0.0, -7.0]])
    own = np.arange(10, dtype=np.float32).reshape(5, 2)
    expected = np.stack([5 - 2 * own[:, 1], 2 * own[:, 0] - 7], axis=1)
    np.testing.assert_allclose(a_face(own).moved(matrix).key_points, expected)
    assert a_face().moved(matrix).detected_points is None
