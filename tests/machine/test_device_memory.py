"""A batch that does not fit into the device's memory is computed in halves, and nothing is lost."""

import numpy as np
import pytest
import torch
from torch import Tensor

from benchmark.errors import PluginError
from benchmark.machine.device_memory import half_batch
from benchmark.methods.base import MaskedFaces, Unmasker
from benchmark.recognisers.batches import embed_in_batches


class Doubling(Unmasker):
    """Fits only so many faces into the memory that it says it has."""

    needs_holes = False
    keeps_known_pixels = False
    fits = 3

    def restore(self, faces: MaskedFaces) -> Tensor:
        if len(faces.pixels) > self.fits:
            raise torch.OutOfMemoryError("CUDA out of memory")
        assert len(faces.image_ids) == len(faces.landmarks) == len(faces.pixels)
        return faces.pixels / 2


def test_an_unmasker_goes_on_with_half_a_batch(caplog: pytest.LogCaptureFixture) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (11, 16, 16, 3), dtype=np.uint8)
    landmarks = np.zeros((11, 68, 2), np.float32)
    restored = Doubling().unmask(pixels, None, landmarks, tuple("abcdefghijk"))
    np.testing.assert_allclose(restored.pixels, pixels / 2, atol=0.5)
    assert "going on with" in caplog.text


def test_a_single_face_that_does_not_fit_is_a_failure_of_the_method() -> None:
    method = Doubling()
    method.fits = 0
    with pytest.raises(PluginError, match="out of memory"):
        method.unmask(np.zeros((2, 16, 16, 3), np.uint8), None, np.zeros((2, 68, 2), np.float32), ("a", "b"))


def test_a_recogniser_goes_on_with_half_a_batch() -> None:
    sizes = []

    def embed(chips: np.ndarray) -> np.ndarray:
        if len(chips) > 4:
            raise torch.OutOfMemoryError("CUDA out of memory")
        sizes.append(len(chips))
        return chips.reshape(len(chips), -1).astype(np.float32)

    chips = np.random.default_rng(0).integers(0, 256, (21, 2, 2, 3), dtype=np.uint8)
    np.testing.assert_array_equal(embed_in_batches(chips, embed, 16), chips.reshape(21, -1))
    assert set(sizes) == {4}


@pytest.mark.parametrize("error", [RuntimeError("another one"), torch.OutOfMemoryError("one image")])
def test_other_errors_pass(error: RuntimeError) -> None:
    with pytest.raises(type(error)):
        half_batch(1, error)
