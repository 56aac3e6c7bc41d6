from __future__ import annotations

import numpy as np
import pytest

from benchmark.errors import ImageRefused
from benchmark.masking.head import MEAN_HEAD, MIRROR, fit_head, place_head


def test_the_mean_head_is_symmetric():
    mirrored = MEAN_HEAD[list(MIRROR)] * [-1, 1, 1]
    np.testing.assert_allclose(mirrored, MEAN_HEAD, atol=1e-12)
    assert sorted(MIRROR) == list(range(68))


@pytest.mark.parametrize(("yaw", "pitch"), [(0, 0), (25, 0), (-40, 0), (0, 15), (20, -10)])
def test_the_pose_of_a_known_head_is_found(posed_face, yaw, pitch):
    head = fit_head(posed_face(yaw=yaw, pitch=pitch, roll=12, face_width=140, sliding=False).landmarks)
    assert head.yaw == pytest.approx(yaw, abs=0.5)
    assert head.pitch == pytest.approx(pitch, abs=0.5)
    assert head.width == pytest.approx(140, rel=0.01)
    np.testing.assert_allclose(head.rotation @ head.rotation.T, np.eye(3), atol=1e-9)
    assert np.linalg.det(head.rotation) == pytest.approx(1)


def test_lifted_landmarks_project_exactly_onto_the_photo(posed_face):
    rng = np.random.default_rng(0)
    landmarks = posed_face(yaw=30).landmarks + rng.normal(0, 2, (68, 2)).astype(np.float32)
    head = fit_head(landmarks)
    np.testing.assert_allclose(head.to_photo(head.points)[:, :2], landmarks, atol=1e-3)


def test_a_turned_head_hides_its_far_side(posed_face):
    right_looking = fit_head(posed_face(yaw=35).landmarks)
    left_ear, right_ear = np.array([-1.0, 0, 0]), np.array([1.0, 0, 0])
    assert right_looking.towards_viewer(left_ear) > 0.4
    assert right_looking.towards_viewer(right_ear) < -0.4


def _refusal(landmarks, height=250, width=250) -> str:
    with pytest.raises(ImageRefused) as caught:
        place_head(landmarks, height, width)
    return caught.value.reason


def test_refusals_name_their_reason(posed_face):
    good = posed_face().landmarks
    assert place_head(good, 250, 250).width == pytest.approx(100, rel=0.01)

    with_gap = good.copy()
    with_gap[40, 1] = np.nan
    assert "68 landmarks" in _refusal(with_gap)
    assert "68 landmarks" in _refusal(good[:60])
    assert "pixels wide" in _refusal(posed_face(face_width=8).landmarks)
    assert "pixels wide" in _refusal(np.full((68, 2), 50, dtype=np.float32))
    assert "turned by" in _refusal(posed_face(yaw=60).landmarks)
    assert "outside the photo" in _refusal(good + np.float32(120))
    on_a_line = np.column_stack([np.linspace(20, 200, 68), np.full(68, 100)]).astype(np.float32)
    assert _refusal(on_a_line).startswith("mask not placed")


def test_a_profile_whose_far_cheek_is_hidden_is_refused(posed_face):
    landmarks = posed_face(yaw=30).landmarks
    landmarks[9:17, 0] = landmarks[30, 0] + 2  # the far outline coincides with the nose
    assert "profile" in _refusal(landmarks)


def test_a_chin_slightly_below_the_photo_is_accepted(posed_face):
    landmarks = posed_face().landmarks
    height = int(landmarks[8, 1]) - 5
    assert place_head(landmarks, height, 250) is not None
    assert "outside the photo" in _refusal(landmarks, height=int(landmarks[57, 1]) - 5)
