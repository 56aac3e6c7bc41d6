"""What an author tests of a plugin: alone, and through the registry once it is installed."""

from __future__ import annotations

import numpy as np
from skin_tone.method import SkinTone
from skin_tone.metric import MedianGap

from benchmark.plugins import METHODS, METRICS
from benchmark.verification.samples import ScoreSample


def test_the_entry_points_are_found() -> None:
    assert METHODS.load("skin-tone") is SkinTone
    assert METRICS.load("median-gap") is MedianGap


def test_the_hole_takes_the_colour_of_the_skin() -> None:
    pixels = np.full((1, 64, 64, 3), (200, 150, 120), dtype=np.uint8)
    holes = np.zeros((1, 64, 64), dtype=np.uint8)
    holes[:, 40:] = 255
    pixels[holes > 0] = (0, 0, 255)
    landmarks = np.full((1, 68, 2), 32, dtype=np.float32)
    landmarks[0, 36:48, 0] = np.linspace(16, 48, 12)
    landmarks[0, 36:48, 1] = 24
    restored = SkinTone().unmask(pixels, holes, landmarks, ("a",))
    np.testing.assert_allclose(restored.pixels[0, 50, 32], (200, 150, 120), atol=1)
    np.testing.assert_array_equal(restored.pixels[0, :38], pixels[0, :38])


def test_the_gap_is_the_difference_of_medians() -> None:
    scores, mated = np.array([3.0, 4.0, 5.0, 1.0, 1.5]), np.array([True, True, True, False, False])
    assert MedianGap().evaluate(ScoreSample.of(scores, mated), None) == 4.0 - 1.25
