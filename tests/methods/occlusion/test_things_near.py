"""Hats, scarves and things beside a face leave mouth and nose free."""

from __future__ import annotations

import numpy as np
import pytest

from benchmark.methods.occlusion.occluders import hand
from benchmark.methods.occlusion.things_near import beard, hat, moved_away, scarf_below_chin, thing_beside

SIZE = 128
Face = tuple[np.ndarray, np.ndarray]


@pytest.mark.parametrize("thing", [hat, scarf_below_chin, thing_beside])
def test_mouth_and_nose_stay_free(face: Face, thing) -> None:
    _, landmarks = face
    places = np.rint(landmarks[27:36]).astype(int)
    mouth = np.rint(landmarks[48:68].mean(axis=0)).astype(int)
    seen = 0
    for seed in range(40):
        coverage = thing(landmarks, SIZE, np.random.default_rng(seed))
        assert coverage.shape == (SIZE, SIZE)
        assert coverage[places[:, 1], places[:, 0]].max() == 0
        assert coverage[mouth[1], mouth[0]] == 0
        seen += bool(coverage.any())
    assert seen > 20


def test_a_hat_is_above_the_brows_and_a_scarf_below_the_chin(face: Face) -> None:
    _, landmarks = face
    for seed in range(20):
        above = hat(landmarks, SIZE, np.random.default_rng(seed))
        below = scarf_below_chin(landmarks, SIZE, np.random.default_rng(seed))
        assert not above[int(landmarks[36:48, 1].mean()) :].any()
        assert not below[: int(landmarks[33, 1])].any()


def test_a_hand_at_the_edge_is_moved_to_a_side(face: Face) -> None:
    _, landmarks = face
    fingers = hand(landmarks, SIZE, np.random.default_rng(0))
    moved = moved_away(fingers, landmarks, np.random.default_rng(1))
    assert moved.shape == fingers.shape
    assert (moved != fingers).any()


def test_a_beard_is_on_the_jaw_and_never_quite_dense(face: Face) -> None:
    _, landmarks = face
    jaw = np.rint(landmarks[4:13]).astype(int)
    eyes = np.rint(landmarks[36:48]).astype(int)
    chins = []
    for seed in range(30):
        hair = beard(landmarks, SIZE, np.random.default_rng(seed))
        assert 0 < hair.max() < 1
        assert hair[eyes[:, 1], eyes[:, 0]].max() < 0.05
        chins.append(hair[jaw[:, 1], jaw[:, 0]].max())
    assert np.mean(chins) > 0.3
