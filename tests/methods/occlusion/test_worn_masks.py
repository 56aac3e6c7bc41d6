"""Masks of any outline: they cover the mouth and leave the eyes, and no two look alike."""

from __future__ import annotations

import numpy as np
import pytest

from benchmark.methods.occlusion.occluders import filled
from benchmark.methods.occlusion.worn_masks import cloth, gaiter_outline, mask_outline, straps

SIZE = 128
Face = tuple[np.ndarray, np.ndarray]


def shares(landmarks: np.ndarray, region: np.ndarray, points: slice) -> float:
    """Of some landmarks the share that is inside."""
    places = np.clip(np.rint(landmarks[points]).astype(int), 0, SIZE - 1)
    return float((region[places[:, 1], places[:, 0]] > 0).mean())


@pytest.mark.parametrize("kind", ["mask", "gaiter"])
def test_the_mouth_is_covered_and_the_eyes_are_not(face: Face, kind: str) -> None:
    _, landmarks = face
    mouths, eyes = [], []
    for seed in range(40):
        generator = np.random.default_rng(seed)
        corners = mask_outline(landmarks, generator) if kind == "mask" else gaiter_outline(landmarks, SIZE, generator)
        region = filled(corners, SIZE)
        mouths.append(shares(landmarks, region, slice(48, 60)))
        eyes.append(shares(landmarks, region, slice(36, 48)))
    assert np.mean(mouths) > 0.95
    assert np.mean(eyes) < 0.05


def test_a_gaiter_goes_on_below_the_chin(face: Face) -> None:
    _, landmarks = face
    below = [gaiter_outline(landmarks, SIZE, np.random.default_rng(seed))[:, 1].max() for seed in range(20)]
    assert min(below) > landmarks[8, 1]


def test_outlines_differ_in_size_and_height(face: Face) -> None:
    _, landmarks = face
    regions = [filled(mask_outline(landmarks, np.random.default_rng(seed)), SIZE) for seed in range(40)]
    areas = [region.sum() for region in regions]
    tops = [np.flatnonzero(region.any(axis=1)).min() for region in regions]
    assert max(areas) > 1.5 * min(areas)
    assert max(tops) - min(tops) > 0.1 * SIZE


def test_straps_reach_both_ears_and_are_thin(face: Face) -> None:
    _, landmarks = face
    corners = mask_outline(landmarks, np.random.default_rng(0))
    bands = straps(landmarks, corners, SIZE, np.random.default_rng(1))
    assert 0 < bands.mean() < 0.05
    columns = np.flatnonzero(bands.any(axis=0))
    assert columns.min() <= landmarks[0, 0]
    assert columns.max() >= landmarks[16, 0]


def test_cloth_comes_in_many_colours_and_patterns(face: Face) -> None:
    pixels, landmarks = face
    coverage = filled(mask_outline(landmarks, np.random.default_rng(0)), SIZE)
    cloths = [cloth(landmarks, coverage, pixels, pixels, np.random.default_rng(seed)) for seed in range(30)]
    assert all(worn.shape == (SIZE, SIZE, 3) for worn in cloths)
    brightness = [worn[coverage > 0].mean() for worn in cloths]
    assert max(brightness) - min(brightness) > 100
    rough = [worn[coverage > 0].std() for worn in cloths]
    assert min(rough) < 10
    assert max(rough) > 30
    np.testing.assert_array_equal(cloths[3], cloth(landmarks, coverage, pixels, pixels, np.random.default_rng(3)))
