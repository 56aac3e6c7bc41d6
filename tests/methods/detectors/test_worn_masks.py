"""Really worn masks: the outlines are sound, and the segmenter that travels with the program covers them."""

from __future__ import annotations

import importlib.util
import sys
from types import ModuleType

import numpy as np
import pytest

from benchmark.methods.detectors.segmenter import Segmenter
from benchmark.methods.trained_weights import shipped_weights
from tests.conftest import ROOT

SIZE = 128


@pytest.fixture(scope="module")
def measure() -> ModuleType:
    """docs/measure_worn_masks.py."""
    spec = importlib.util.spec_from_file_location("measure_worn_masks", ROOT / "docs" / "measure_worn_masks.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


class EverythingBelow(Segmenter):
    """Marks the lower half of every crop."""

    def detect(self, pixels, true_holes, image_ids):
        found = np.zeros(pixels.shape[:3], np.uint8)
        found[:, SIZE // 2 :] = 255
        return found


def crop(measure: ModuleType, outline: np.ndarray | None) -> object:
    photo = np.ones((SIZE, SIZE), bool)
    photo[:, : SIZE // 2] = False
    return measure.Crop("001", np.zeros((SIZE, SIZE, 3), np.uint8), photo, outline)


def test_what_is_beyond_the_photo_counts_neither_as_mask_nor_as_marked(measure):
    square = np.array([(32, 32), (95, 32), (95, 95), (32, 95)], np.float32)
    figures = measure.measured(EverythingBelow(), [crop(measure, square)], [crop(measure, None)])
    assert figures.covered[0] == pytest.approx(0.5)  # its lower half; the left half is not in the photo
    assert figures.area[0] == pytest.approx(64 * 64 / (32 * 64))
    assert figures.bare[0] == pytest.approx(0.25)
    assert "under half marked 0" in str(figures)


def test_there_are_60_outlines_of_odd_and_of_even_photos(measure):
    outlines = measure._outlines()
    assert [sum(int(number) % 2 == parity for number in outlines) for parity in (0, 1)] == [60, 60]
    assert all(6 <= len(corners) <= 18 for corners in outlines.values())


@pytest.mark.shared
@pytest.mark.slow
def test_the_weights_that_travel_along_cover_worn_masks_and_leave_bare_faces(measure, real_masks_root):
    weights = shipped_weights("segmenter", "default", SIZE)
    assert weights is not None
    detector = Segmenter()
    detector.load(weights.folder)
    masked, bare = (list(measure.crops(real_masks_root, kind, parity=1, size=SIZE)) for kind in ("masked", "bare"))
    assert len(masked) == 60
    figures = measure.measured(detector, masked, bare)
    assert figures.covered.mean() > 0.89
    assert figures.area.mean() < 1.3
    assert (figures.covered < 0.5).sum() <= 3
    assert (figures.bare > 0).sum() <= 3
