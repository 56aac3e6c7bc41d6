"""Names, detectors, and the two halves of a detect-and-inpaint method."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from benchmark.errors import PluginError, RequestError
from benchmark.methods.base import MaskedFaces, Unmasker
from benchmark.methods.baselines.mean_face import MeanFace
from benchmark.methods.baselines.opencv_inpainting import Telea
from benchmark.methods.detect_inpaint import DetectInpaint
from benchmark.methods.detectors.base import Detector
from benchmark.methods.detectors.true_mask import TrueMask
from benchmark.methods.resolve import resolve_method, selectable_methods


class Finds(Detector):
    """Finds a fixed square; remembers what it was shown."""

    trains = True
    found = np.uint8(255)

    def fit(self, pairs, *, progress):
        self.fitted = len(pairs)

    def detect(self, pixels, true_holes, image_ids):
        self.shown = true_holes
        holes = np.zeros(pixels.shape[:3], np.uint8)
        holes[:, 2:5, 2:5] = self.found
        return holes


class White(Unmasker):
    """Paints white."""

    def restore(self, faces: MaskedFaces):
        return torch.ones_like(faces.pixels)


def names(count: int) -> tuple[str, ...]:
    return tuple(f"image-{row}" for row in range(count))


def test_a_detector_s_hole_is_filled_and_the_true_one_is_hidden(tiny_pairs):
    pairs = tiny_pairs(3)
    method = DetectInpaint(Finds(), White(), name="white")
    assert method.mask_source == "detected"
    assert not method.card.privileged
    assert not method.needs_holes
    restored = method.unmask(pairs.masked, pairs.holes, pairs.landmarks, names(3), pairs.true)
    assert method.detector.shown is None
    expected = pairs.masked.copy()
    expected[:, 2:5, 2:5] = 255
    assert np.array_equal(restored.pixels, expected)
    assert restored.seconds_per_image > 0


def test_the_true_mask_is_privileged_and_exact(tiny_pairs):
    pairs = tiny_pairs(3)
    method = DetectInpaint(TrueMask(), White(), name="true-mask+white")
    assert method.mask_source == "true"
    assert method.card.privileged
    assert method.needs_holes
    restored = method.unmask(pairs.masked, pairs.holes, pairs.landmarks, names(3))
    expected = np.where(pairs.holes[..., None] > 0, np.uint8(255), pairs.masked)
    assert np.array_equal(restored.pixels, expected)
    with pytest.raises(PluginError, match="true mask"):
        method.unmask(pairs.masked, None, pairs.landmarks, names(3))


def test_a_detector_that_finds_nothing_changes_nothing(tiny_pairs):
    pairs = tiny_pairs(2)
    detector = Finds()
    detector.found = np.uint8(0)
    restored = DetectInpaint(detector, White(), name="x").unmask(pairs.true, None, pairs.landmarks, names(2))
    assert np.array_equal(restored.pixels, pairs.true)


def test_a_detector_of_another_shape_is_named(tiny_pairs):
    class Broken(Finds):
        def detect(self, pixels, true_holes, image_ids):
            return np.zeros(pixels.shape[:3], np.float32)

    detector = Broken()
    detector.name = "my-yolo"
    pairs = tiny_pairs(2)
    with pytest.raises(PluginError, match=r"my-yolo.*float32"):
        DetectInpaint(detector, White(), name="x").unmask(pairs.masked, None, pairs.landmarks, names(2))


def test_halves_are_fitted_saved_and_loaded_together(tiny_pairs, quiet, tmp_path):
    pairs = tiny_pairs(4)
    method = DetectInpaint(Finds(), MeanFace(), name="mean-face")
    assert method.trains
    assert method.parts() == (method.detector, method.completer)
    method.fit(pairs, progress=quiet)
    assert method.detector.fitted == 4
    method.save(tmp_path)
    again = DetectInpaint(Finds(), MeanFace(), name="mean-face")
    again.load(tmp_path)
    given = (pairs.masked, None, pairs.landmarks, names(4))
    assert np.array_equal(again.unmask(*given).pixels, method.unmask(*given).pixels)


def test_a_completer_alone_means_the_segmenter_with_it():
    for text in ("telea", "segmenter+telea", "segmenter:default+telea:default"):
        method = resolve_method(text, seed=3)
        assert isinstance(method, DetectInpaint)
        assert method.name == "telea"
        assert [part.name for part in method.parts()] == ["segmenter", "telea"]
        assert method.mask_source == "detected"
        assert all(part.seed == 3 for part in method.parts())


def test_the_true_mask_is_spelt_out():
    method = resolve_method("true-mask+mean-face")
    assert method.name == "true-mask+mean-face"
    assert method.card.privileged
    assert [part.name for part in method.parts()] == ["true-mask", "mean-face"]
    assert isinstance(method.parts()[1], MeanFace)


def test_blind_methods_and_other_kinds_stand_alone():
    for name in ("none", "true-pixels", "residual-regressor", "periocular", "template-ridge", "mask-the-reference"):
        method = resolve_method(name)
        assert method.name == name
        assert method.parts() == (method,)
        assert method.mask_source == "none"


def test_presets_are_part_of_the_name():
    assert resolve_method("residual-regressor:thesis-64").preset == "thesis-64"
    assert resolve_method("residual-regressor").preset == "tuned"
    with pytest.raises(RequestError, match="did you mean 'thesis-64'"):
        resolve_method("residual-regressor:thesis")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("tela", "did you mean 'telea'"),
        ("segmenter", r"only finds the mask.*segmenter\+telea"),
        ("segmenter+none", "takes no detector"),
        ("segmenter+periocular", "takes no detector"),
        ("none+telea", "'none' is not a detector; known are: landmarks, segmenter, true-mask, yolov5"),
        ("segmentr+telea", "did you mean 'segmenter'"),
        ("+telea", "unknown method ''"),
        ("segmenter+", "unknown method ''"),
    ],
)
def test_requests_that_make_no_sense_say_why(text, message):
    with pytest.raises(RequestError, match=message):
        resolve_method(text)


def test_all_methods_are_all_but_detectors():
    names_of_all, _ = selectable_methods()
    assert {"none", "mean-face", "telea", "navier-stokes", "mask-the-reference", "periocular"} <= set(names_of_all)
    assert {"true-pixels", "template-ridge", "residual-regressor"} <= set(names_of_all)
    assert not {"segmenter", "true-mask"} & set(names_of_all)


def test_the_label_tells_presets_apart(monkeypatch):
    monkeypatch.setattr(Telea, "presets", {"near": Telea().settings, "far": Telea().settings})
    assert resolve_method("telea").label == "telea"
    assert resolve_method("telea:far").label == "telea:far"
    assert resolve_method("true-mask+telea:far").label == "true-mask+telea:far"
    assert resolve_method("true-mask+telea:near").label == "true-mask+telea"


def test_telea_s_own_settings_survive_the_composition():
    method = resolve_method("telea")
    assert method.settings == Telea().settings
    assert "found by segmenter" in method.card.summary
