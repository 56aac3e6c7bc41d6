"""The methods that learn nothing, or only a mean."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from benchmark.errors import BenchmarkError, PluginError, RequestError, StorageError
from benchmark.faces import AlignedFaces
from benchmark.methods.base import MaskedPairs, ReferenceMasker
from benchmark.methods.baselines.mask_the_reference import MaskTheReference
from benchmark.methods.baselines.mean_face import MeanFace
from benchmark.methods.baselines.no_unmasking import NoUnmasking
from benchmark.methods.baselines.opencv_inpainting import NavierStokes, Telea
from benchmark.methods.baselines.periocular import Periocular
from benchmark.methods.baselines.true_pixels import TruePixels
from benchmark.upper_face import below_the_eyes


def names(pairs: MaskedPairs) -> tuple[str, ...]:
    return tuple(f"image-{row}" for row in range(len(pairs)))


def test_none_returns_its_input(tiny_pairs):
    pairs = tiny_pairs(4)
    assert np.array_equal(NoUnmasking().unmask(pairs.masked, None, pairs.landmarks, names(pairs)).pixels, pairs.masked)


def test_true_pixels_are_the_truth_to_the_bit(tiny_pairs):
    pairs = tiny_pairs(4)
    method = TruePixels()
    assert method.card.privileged
    restored = method.unmask(pairs.masked, None, pairs.landmarks, names(pairs), pairs.true)
    assert np.array_equal(restored.pixels, pairs.true)
    with pytest.raises(PluginError, match="true-pixels"):
        method.unmask(pairs.masked, None, pairs.landmarks, names(pairs))


def test_mean_face_fills_the_hole_with_the_mean(tiny_pairs, quiet, tmp_path):
    pairs = tiny_pairs(7)
    method = MeanFace()
    method.fit(pairs, progress=quiet)
    mean = pairs.true.astype(np.float64).mean(axis=0)
    pixels = method.unmask(pairs.masked, pairs.holes, pairs.landmarks, names(pairs)).pixels
    hole = pairs.holes > 0
    expected = np.broadcast_to(mean, pixels.shape)[hole]
    assert np.abs(pixels[hole] - expected).max() <= 0.5 + 1e-3
    assert np.array_equal(pixels[~hole], pairs.masked[~hole])
    method.save(tmp_path)
    again = MeanFace()
    again.load(tmp_path)
    assert np.array_equal(again.unmask(pairs.masked, pairs.holes, pairs.landmarks, names(pairs)).pixels, pixels)


def test_mean_face_of_another_size_is_resized(tiny_pairs, quiet):
    method = MeanFace()
    method.fit(tiny_pairs(3, 32), progress=quiet)
    pairs = tiny_pairs(2, 16)
    assert method.unmask(pairs.masked, pairs.holes, pairs.landmarks, names(pairs)).pixels.shape == (2, 16, 16, 3)


def test_mean_face_needs_faces_and_fitting(tiny_pairs, quiet, tmp_path):
    pairs = tiny_pairs(1)
    with pytest.raises(BenchmarkError, match="before fit"):
        MeanFace().unmask(pairs.masked, pairs.holes, pairs.landmarks, names(pairs))
    with pytest.raises(RequestError, match="no training faces"):
        MeanFace().fit(tiny_pairs(0), progress=quiet)
    with pytest.raises(StorageError, match="train again"):
        MeanFace().load(tmp_path)


@pytest.mark.parametrize(("method", "flag"), [(Telea(), cv2.INPAINT_TELEA), (NavierStokes(), cv2.INPAINT_NS)])
def test_classical_inpainting_is_opencv_s(tiny_pairs, method, flag):
    pairs = tiny_pairs(5, 32)
    pixels = method.unmask(pairs.masked, pairs.holes, pairs.landmarks, names(pairs)).pixels
    for row in range(5):
        assert np.array_equal(pixels[row], cv2.inpaint(pairs.masked[row], pairs.holes[row], 3, flag))


def test_navier_stokes_continues_a_flat_colour_exactly():
    face = np.full((1, 12, 12, 3), (200, 120, 40), dtype=np.uint8)
    hole = np.zeros((1, 12, 12), dtype=np.uint8)
    hole[0, 4:9, 4:9] = 255
    masked = face.copy()
    masked[hole > 0] = 255
    restored = NavierStokes().unmask(masked, hole, np.zeros((1, 68, 2), np.float32), ("a",))
    assert np.array_equal(restored.pixels, face)
    telea = Telea().unmask(masked, hole, np.zeros((1, 68, 2), np.float32), ("a",))
    assert np.abs(telea.pixels.astype(int) - face).max() <= 2  # OpenCV's rounds less carefully


def test_mask_the_reference_is_of_its_kind():
    assert isinstance(MaskTheReference(), ReferenceMasker)
    assert not MaskTheReference().trains


def eyes_at(left: tuple[float, float], right: tuple[float, float]) -> np.ndarray:
    landmarks = np.full((68, 2), 999, dtype=np.float32)  # nothing but the eyes may matter
    landmarks[36:42] = left
    landmarks[42:48] = right
    return landmarks


def test_periocular_cuts_below_level_eyes():
    below = below_the_eyes(eyes_at((20, 30), (60, 30)), (100, 100), depth=0.3)
    assert not below[:43].any()  # 30 + 0.3 · 40 = 42
    assert below[43:].all()


def test_periocular_cut_is_parallel_to_tilted_eyes():
    below = below_the_eyes(eyes_at((20, 20), (60, 60)), (100, 100), depth=0.25)
    # the line through the eyes is y = x; a quarter of the distance 40√2 below it is 10√2 away, so y − x > 20
    rows, columns = np.mgrid[:100, :100]
    assert np.array_equal(below, rows - columns > 20)


def test_periocular_greys_the_lower_face_and_leaves_failed_rows():
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 256, (3, 50, 50, 3)).astype(np.uint8)
    landmarks = np.stack([eyes_at((10, 15), (30, 15))] * 3)
    landmarks[1] = np.nan
    faces = AlignedFaces(("a", "b", "c"), pixels, landmarks, np.zeros((3, 5, 2), np.float32))
    before = pixels.copy()
    changed = Periocular().transform(faces)
    assert np.array_equal(pixels, before)
    assert np.array_equal(changed[1], pixels[1])
    assert np.array_equal(changed[0, :22], pixels[0, :22])
    assert (changed[0, 22:] == 128).all()
