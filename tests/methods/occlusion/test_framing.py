"""Crops that are misplaced, photos that end near the face, and what a file does to them."""

from __future__ import annotations

import numpy as np

from benchmark.methods.occlusion.framing import filed, lit_otherwise, photo_that_ends, reframed

SIZE = 128
Face = tuple[np.ndarray, np.ndarray]


def test_face_region_and_landmarks_move_together() -> None:
    dot = np.zeros((SIZE, SIZE, 3), np.uint8)
    dot[60:68, 80:88] = 255
    points = np.full((68, 2), (83.5, 63.5), np.float32)
    for seed in range(20):
        moved, region, landmarks = reframed(dot, dot[:, :, 0] > 0, points, np.random.default_rng(seed))
        rows, columns = np.nonzero(region)
        if not len(rows):  # moved out of the crop
            continue
        np.testing.assert_allclose(landmarks[0], (columns.mean(), rows.mean()), atol=1)
        assert moved[region].mean() > 200


def test_a_photo_ends_above_or_below_and_always_keeps_the_nose(face: Face) -> None:
    _, landmarks = face
    nose = np.rint(landmarks[30]).astype(int)
    ended = {"above": 0, "below": 0}
    for seed in range(60):
        photo = photo_that_ends(landmarks, SIZE, np.random.default_rng(seed))
        assert photo.dtype == bool
        assert photo[nose[1], nose[0]]
        column = photo[:, nose[0]]
        ended["above"] += not column[0]
        ended["below"] += not column[-1]
    assert min(ended.values()) > 10


def test_jpeg_keeps_the_picture(face: Face) -> None:
    pixels, _ = face
    grey = 0
    for seed in range(30):
        seen = filed(pixels, np.random.default_rng(seed))
        assert seen.shape == pixels.shape
        assert np.corrcoef(seen.mean(axis=2).ravel(), pixels.mean(axis=2).ravel())[0, 1] > 0.9
        grey += bool(np.abs(seen.astype(int) - seen.mean(axis=2, keepdims=True)).max() < 3)
    assert 0 < grey < 15


def test_another_light_changes_colours_and_keeps_the_shape(face: Face) -> None:
    pixels, _ = face
    before = pixels.copy()
    brightness = []
    for seed in range(30):
        seen = lit_otherwise(pixels, np.random.default_rng(seed))
        assert np.corrcoef(seen.mean(axis=2).ravel(), pixels.mean(axis=2).ravel())[0, 1] > 0.8
        brightness.append(seen.mean())
    assert max(brightness) - min(brightness) > 50
    np.testing.assert_array_equal(pixels, before)


def test_another_light_is_the_same_curve_for_every_pixel_of_a_colour(face: Face) -> None:
    pixels, _ = face
    seen = lit_otherwise(pixels, np.random.default_rng(3))
    generator = np.random.default_rng(3)
    curve = np.exp(generator.normal(0, 0.35) + generator.normal(0, 0.12, size=3))
    contrast = np.exp(generator.normal(0.1, 0.3))
    value = (pixels.astype(np.float32) / 255) ** curve
    expected = (value - 0.5) * contrast + 0.5 + generator.normal(0, 0.06, size=3)
    np.testing.assert_array_equal(seen, np.clip(np.rint(expected * 255), 0, 255))
