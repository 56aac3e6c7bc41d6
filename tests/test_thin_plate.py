from __future__ import annotations

import numpy as np

from benchmark.thin_plate import SMOOTHING, anchors, warped


def test_it_is_the_smoothed_spline_of_the_textbook() -> None:
    """Bookstein's system with Wahba's smoothing term, for the kernel r² log r, solved directly."""
    rng = np.random.default_rng(0)
    source = np.vstack([rng.uniform(-0.6, 0.6, (68, 2)), anchors()])
    target = source + rng.normal(0, 0.05, source.shape)
    points = rng.uniform(-1.2, 1.2, (30, 2))

    def kernel(rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
        distance = np.linalg.norm(rows[:, None] - columns[None], axis=2)
        return distance**2 * np.log(np.where(distance == 0, 1, distance))

    count = len(source)
    linear = np.column_stack([np.ones(count), source])
    system = np.block([[kernel(source, source) + SMOOTHING * np.eye(count), linear], [linear.T, np.zeros((3, 3))]])
    weights = np.linalg.solve(system, np.vstack([target, np.zeros((3, 2))]))
    expected = np.hstack([kernel(points, source), np.ones((30, 1)), points]) @ weights
    np.testing.assert_allclose(warped(points, source=source, target=target), expected, atol=1e-9)


def test_the_anchors_hold_the_rim_while_a_landmark_moves() -> None:
    source = np.vstack([[[0.0, 0.0], [0.4, 0.0], [-0.4, 0.0]], anchors()])
    target = source.copy()
    target[0] += [0.1, 0.0]
    moved = warped(source, source=source, target=target) - source
    assert 0.05 < moved[0, 0] < 0.1, "followed, but smoothly"
    assert np.abs(moved[3:]).max() < 0.01
