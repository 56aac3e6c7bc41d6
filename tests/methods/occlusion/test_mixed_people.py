"""Faces between two people's."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from benchmark.faces import Points
from benchmark.methods.occlusion.mixed_people import TrainingFace, mixed
from benchmark.seeds import generator_for

SIZE = 128


@pytest.fixture
def points(face: tuple[np.ndarray, np.ndarray]) -> Points:
    """The landmarks of a face."""
    return face[1].astype(np.float32)


def plain(colour: int, landmarks: Points) -> TrainingFace:
    """A plain face with a white dot at the tip of the nose, and a black mask on its lower half."""
    true = np.full((SIZE, SIZE, 3), colour, np.uint8)
    x, y = landmarks[30]
    cv2.circle(true, (round(float(x)), round(float(y))), 3, (255, 255, 255), -1)
    hole = np.zeros((SIZE, SIZE), bool)
    hole[90:] = True
    return TrainingFace(np.where(hole[..., None], np.uint8(0), true), true, hole, landmarks)


def dot(image: np.ndarray) -> np.ndarray:
    """Where the bright dot's centre is, x then y."""
    rows, columns = np.nonzero(image[..., 0] > image[5, 5, 0] + 20)
    return np.array([columns.mean(), rows.mean()])


def test_a_face_mixed_with_itself_stays_as_it_is(points: Points) -> None:
    own = plain(90, points)
    result = mixed(own, own, generator_for(0, "test"))
    np.testing.assert_allclose(result.landmarks, own.landmarks, atol=1e-3)
    for name in ("true", "masked"):
        difference = np.abs(getattr(result, name).astype(int) - getattr(own, name))
        assert difference.mean() < 0.5, name
    assert (result.hole != own.hole).mean() < 0.02


def test_shape_and_texture_lie_between_the_two_and_the_mask_is_the_first_ones(points: Points) -> None:
    own = plain(60, points)
    longer = own.landmarks.copy()
    longer[27:36, 1] += 8  # a nose that is further down
    other = plain(180, longer)
    moves, shares = [], []
    for number in range(30):
        result = mixed(own, other, generator_for(number, "test"))
        np.testing.assert_allclose(dot(result.true), result.landmarks[30], atol=1.5)
        moves.append(float((result.landmarks - own.landmarks)[30, 1]))
        shares.append((int(result.true[5, 5, 0]) - 60) / 120)
        assert (result.masked[-5:] == 0).all()
        np.testing.assert_array_equal(result.masked[~result.hole], result.true[~result.hole])
    assert min(moves) < -0.5, "away from the other"
    assert max(moves) > 3, "towards the other"
    assert 0.19 < min(shares) < 0.4
    assert 0.6 < max(shares) < 0.81


def test_the_place_and_size_of_the_other_face_do_not_matter(points: Points) -> None:
    own = plain(60, points)
    smaller = plain(180, (own.landmarks - 64) * np.float32(0.8) + 66)
    result = mixed(own, smaller, generator_for(3, "test"))
    np.testing.assert_allclose(result.landmarks, own.landmarks, atol=0.05)
    np.testing.assert_allclose(dot(result.true), own.landmarks[30], atol=1.5)


def test_the_result_depends_on_the_generator_alone(points: Points) -> None:
    own, other = plain(60, points), plain(180, points * np.float32(1.02))
    first, second = (mixed(own, other, generator_for(7, "test")) for _ in range(2))
    np.testing.assert_array_equal(first.true, second.true)
    before = replace(own, true=own.true.copy())
    mixed(own, other, generator_for(8, "test"))
    np.testing.assert_array_equal(own.true, before.true)
