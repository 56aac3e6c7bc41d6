from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from benchmark.acquisition.alignment import crop_face
from benchmark.acquisition.detection import locate_face
from benchmark.datasets.synthetic import SyntheticPeople
from benchmark.methods.occlusion.occluders import (
    Coverage,
    _choice,
    below_a_line,
    blended,
    covered,
    cut_off,
    hand,
    jaw_hull,
    with_glasses,
    worse_seen,
)

SIZE = 128
Face = tuple[np.ndarray, np.ndarray]


@pytest.fixture(scope="module")
def faces() -> list[Face]:
    people = SyntheticPeople(seed=0, people=2, probes=1)
    made = []
    for photo in people.protocol("probes").photos[:2]:
        pixels = people.read(photo)
        crop, geometry = crop_face(pixels, locate_face(pixels), SIZE)
        made.append((crop, geometry.landmarks))
    return made


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("outline", [jaw_hull, below_a_line])
def test_the_mouth_is_covered_and_the_brows_are_not(
    faces: list[Face], outline: Callable[..., Coverage], seed: int
) -> None:
    _, landmarks = faces[0]
    coverage = outline(landmarks, SIZE, np.random.default_rng(seed))
    assert coverage.shape == (SIZE, SIZE)
    assert 0 <= coverage.min() <= coverage.max() <= 1
    mouth = landmarks[48:60].mean(axis=0).astype(int)
    assert coverage[mouth[1], mouth[0]] == 1
    brows = landmarks[17:27].astype(int)
    assert not coverage[brows[:, 1] - 3, brows[:, 0]].any()


@pytest.mark.parametrize("seed", range(20))
def test_a_hand_covers_a_part_of_the_face(faces: list[Face], seed: int) -> None:
    _, landmarks = faces[0]
    coverage = hand(landmarks, SIZE, np.random.default_rng(seed))
    assert 0.02 < coverage.mean() < 0.6
    jaw = landmarks[:17]
    left, top = jaw.min(axis=0).astype(int)
    right, bottom = jaw.max(axis=0).astype(int)
    assert coverage[top:bottom, left:right].max() == 1


def test_the_top_edge_lies_anywhere_on_the_nose(faces: list[Face]) -> None:
    _, landmarks = faces[0]
    nose = np.rint(landmarks[27]).astype(int)[0]
    tops = [
        np.flatnonzero(below_a_line(landmarks, SIZE, np.random.default_rng(seed))[:, nose]).min() for seed in range(60)
    ]
    bridge, base = landmarks[27, 1], landmarks[33, 1]
    assert min(tops) < bridge + 0.25 * (base - bridge)
    assert max(tops) > bridge + 0.75 * (base - bridge)


def test_the_same_generator_gives_the_same_cover_and_the_face_is_not_changed(faces: list[Face]) -> None:
    (face, landmarks), (other, _) = faces
    before = face.copy()
    first, again, third = (covered(face, landmarks, other, np.random.default_rng(seed)) for seed in (3, 3, 4))
    np.testing.assert_array_equal(first, again)
    assert (first != third).any()
    assert (first != face).any()
    np.testing.assert_array_equal(face, before)


def test_a_cover_in_the_dark_is_dark(faces: list[Face]) -> None:
    (face, landmarks), (other, _) = faces
    dark = (face // 6).astype(np.uint8)
    brightness = {
        name: np.mean(
            [covered(shown, landmarks, other, np.random.default_rng(seed))[70:, 40:90].mean() for seed in range(30)]
        )
        for name, shown in (("lit", face), ("dark", dark))
    }
    assert brightness["dark"] < 0.8 * brightness["lit"]


def test_glasses_change_the_eyes_and_leave_the_chin(faces: list[Face]) -> None:
    face, landmarks = faces[0]
    worn = with_glasses(face, landmarks, np.random.default_rng(0))
    eyes = landmarks[36:48].astype(int)
    region = slice(eyes[:, 1].min() - 12, eyes[:, 1].max() + 12)
    assert (worn[region] != face[region]).any()
    np.testing.assert_array_equal(worn[100:], face[100:])


def test_beyond_the_photos_edge_it_is_black(faces: list[Face]) -> None:
    face, landmarks = faces[0]
    below = side = 0
    for seed in range(20):
        cut = cut_off(face, landmarks, np.random.default_rng(seed))
        black = ~cut.any(axis=2) & face.any(axis=2)
        np.testing.assert_array_equal(cut[~black], face[~black])
        below += bool(black[-2].mean() > 0.9)
        side += bool(black[:, 1].mean() > 0.9 or black[:, -2].mean() > 0.9)
    assert below
    assert side


def test_a_poorer_camera_keeps_the_picture(faces: list[Face]) -> None:
    face, _ = faces[0]
    for seed in range(10):
        seen = worse_seen(face, np.random.default_rng(seed))
        assert seen.shape == face.shape
        assert np.corrcoef(seen.ravel(), face.ravel())[0, 1] > 0.8


def test_half_a_coverage_mixes_both() -> None:
    mixed = blended(
        np.full((2, 2, 3), 100, np.uint8), np.full((2, 2, 3), 200, np.float32), np.full((2, 2), 0.5, np.float32)
    )
    assert (mixed == 150).all()


def test_a_weighted_choice_draws_what_numpy_draws() -> None:
    weights = (0.35, 0.2, 0.2, 0.25)
    ours, theirs = np.random.default_rng(1), np.random.default_rng(1)
    drawn = [_choice(ours, tuple(enumerate(weights))) for _ in range(500)]
    assert drawn == [int(theirs.choice(len(weights), p=weights)) for _ in range(500)]
