"""Batches: every pair once per epoch, in an order that depends on seed and epoch alone."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import torch

from benchmark.faces import key_points_of
from benchmark.masked_faces import FoundPoints, to_pixels
from benchmark.training.batches import PairBatches, mirrored_points, pairs_digest


def batches(pairs, *, batch_size=4, size=None, flip=False, seed=0) -> PairBatches:
    return PairBatches(pairs, batch_size=batch_size, size=size, flip=flip, seed=seed, device="cpu")


def epoch(source: PairBatches, number: int) -> torch.Tensor:
    return torch.cat([source.batch(number * len(source) + index).true for index in range(len(source))])


def test_an_epoch_holds_every_pair_once_in_an_order_of_its_own(noise_pairs):
    pairs = noise_pairs(10)
    source = batches(pairs)
    assert len(source) == 3
    first, second = to_pixels(epoch(source, 0)), to_pixels(epoch(source, 1))
    assert sorted(row.tobytes() for row in first) == sorted(row.tobytes() for row in pairs.true)
    assert sorted(row.tobytes() for row in second) == sorted(row.tobytes() for row in pairs.true)
    assert not np.array_equal(first, second)
    assert not np.array_equal(first, pairs.true)


def test_a_batch_depends_on_nothing_but_seed_and_step(noise_pairs):
    pairs = noise_pairs(10)
    source = batches(pairs, flip=True)
    late = source.batch(7)
    assert torch.equal(late.masked, batches(pairs, flip=True).batch(7).masked)
    assert not torch.equal(late.masked, batches(pairs, flip=True, seed=1).batch(7).masked)
    assert late.step == 7


def test_masked_true_and_hole_stay_together_when_mirrored(noise_pairs):
    pairs = noise_pairs(12)
    for row in range(12):
        pairs.holes[row, :, row % 4 :] = 255  # unsymmetrical
    pairs.masked[pairs.holes > 0] = 0
    mirrored = 0
    source = batches(pairs, flip=True)
    for step in range(3):
        batch = source.batch(step)
        for masked, true, hole in zip(batch.masked, batch.true, batch.holes, strict=True):
            assert torch.equal(masked, torch.where(hole > 0, torch.zeros(()), true))
            pixels = to_pixels(true[None])[0]
            found = [row for row in range(12) if np.array_equal(pairs.true[row], pixels)]
            mirrored += not found
            if not found:
                assert any(np.array_equal(pairs.true[row][:, ::-1], pixels) for row in range(12))
    assert 0 < mirrored < 12


def test_landmarks_are_shrunk_and_mirrored_with_their_faces(noise_pairs):
    pairs = noise_pairs(12, 16)
    small = next(batches(pairs, size=8).in_order())
    assert np.allclose(small.landmarks, (pairs.landmarks[:4] + 0.5) / 2 - 0.5, atol=1e-5)
    seen = set()
    for step in range(3):
        batch = batches(pairs, flip=True).batch(step)
        for true, points in zip(to_pixels(batch.true), batch.landmarks.numpy(), strict=True):
            turned = not any(np.array_equal(true, stored) for stored in pairs.true)
            seen.add(turned)
            upright = true[:, ::-1] if turned else true
            row = next(row for row in range(12) if np.array_equal(pairs.true[row], upright))
            expected = mirrored_points(pairs.landmarks[row : row + 1], 16)[0] if turned else pairs.landmarks[row]
            assert np.allclose(points, expected, atol=1e-5)
    assert seen == {True, False}


def test_a_mirror_swaps_the_points_of_left_and_right_and_undoes_itself(noise_pairs):
    points = noise_pairs(3, 16).landmarks
    mirrored = mirrored_points(points, 16)
    assert np.allclose(mirrored_points(mirrored, 16), points, atol=1e-5)
    for left, right in (
        (0, 16),
        (17, 26),
        (31, 35),
        (36, 45),
        (39, 42),
        (40, 47),
        (48, 54),
        (60, 64),
        (59, 55),
        (67, 65),
    ):
        assert np.allclose(mirrored[:, left], points[:, right] * (-1, 1) + (15, 0), atol=1e-5)
    for middle in (8, 27, 30, 33, 51, 57, 62, 66):
        assert np.allclose(mirrored[:, middle, 0], 15 - points[:, middle, 0], atol=1e-5)


def test_validation_order_is_the_stored_one_and_unmirrored(noise_pairs):
    pairs = noise_pairs(10)
    stored = torch.cat([batch.true for batch in batches(pairs, flip=True).in_order()])
    assert np.array_equal(to_pixels(stored), pairs.true)


def test_faces_are_averaged_down_and_never_enlarged(noise_pairs):
    pairs = noise_pairs(4, 8)
    small = next(batches(pairs, size=4).in_order())
    assert np.array_equal(to_pixels(small.true)[2], cv2.resize(pairs.true[2], (4, 4), interpolation=cv2.INTER_AREA))
    assert small.holes.shape == (4, 1, 4, 4)
    assert set(small.holes.unique().tolist()) == {0.0, 1.0}
    assert next(batches(pairs, size=64).in_order()).true.shape[-1] == 8


def test_reading_does_not_change_the_pairs(noise_pairs):
    pairs = noise_pairs(8)
    before = pairs.masked.copy()
    batches(pairs, flip=True).batch(0).masked.zero_()
    assert np.array_equal(pairs.masked, before)


def test_the_digest_tells_training_sets_apart(noise_pairs):
    pairs = noise_pairs(10)
    assert pairs_digest(pairs) == pairs_digest(noise_pairs(10))
    changed = pairs.true.copy()
    changed[3, 0, 0, 0] ^= 1
    assert pairs_digest(replace(pairs, true=changed)) != pairs_digest(pairs)
    assert pairs_digest(replace(pairs, subject_ids=("x",) * 10)) != pairs_digest(pairs)


def test_found_points_are_scaled_and_mirrored_with_the_faces(noise_pairs):
    pairs = noise_pairs(12)
    size = pairs.size
    generator = np.random.default_rng(0)
    landmarks = generator.uniform(0, size, (12, 68, 2)).astype(np.float32)
    five = landmarks[:, (45, 42, 36, 39, 33)]
    detected = key_points_of(landmarks)
    landmarks[3] = np.nan
    found = FoundPoints(landmarks, five, detected)
    pairs = replace(pairs, landmarks=np.nan_to_num(landmarks), found=found)
    half = size // 2
    source = batches(pairs, batch_size=12, size=half, flip=True)
    batch = source.batch(0)
    assert batch.found is not None
    mirrored = 0
    for row, pair in enumerate(batch.rows.tolist()):
        if pair == 3:
            assert batch.found.face(row) is None
            continue
        face = batch.found.face(row)
        assert face is not None and face.detected_points is not None
        np.testing.assert_allclose(face.landmarks, batch.landmarks[row], atol=1e-4)
        np.testing.assert_allclose(face.five_points, face.landmarks[[45, 42, 36, 39, 33]], atol=1e-4)
        np.testing.assert_allclose(face.detected_points, key_points_of(face.landmarks), atol=1e-3)
        mirrored += not np.allclose(face.landmarks, (landmarks[pair] + 0.5) / 2 - 0.5, atol=1e-3)
    assert 0 < mirrored < 11
