"""A new method needs one file and no edit elsewhere."""

from __future__ import annotations

import sys
from importlib import util

import numpy as np
import pytest

from benchmark.methods.resolve import resolve_method
from benchmark.plugins import METHODS

PLUGIN = '''
"""A method in one file."""
import torch
from torch import Tensor

from benchmark.methods.base import MaskedFaces, MaskedPairs, Unmasker
from benchmark.plugins import register_method


@register_method("my-mean-face")
class MyMeanFace(Unmasker):
    """Fill the hole with the training set's mean face."""

    trains = True

    def fit(self, pairs: MaskedPairs, *, progress) -> None:
        self.mean = torch.from_numpy(pairs.true.mean(axis=0)).permute(2, 0, 1).float() / 255

    def restore(self, faces: MaskedFaces) -> Tensor:     # (N, 3, H, W) in [0, 1]
        return self.mean.expand_as(faces.pixels)
'''


@pytest.fixture
def plugin(tmp_path):
    file = tmp_path / "my_method.py"
    file.write_text(PLUGIN, "utf-8")
    spec = util.spec_from_file_location("my_method", file)
    module = util.module_from_spec(spec)
    sys.modules["my_method"] = module
    spec.loader.exec_module(module)
    yield module
    del sys.modules["my_method"]
    METHODS._entries.pop("my-mean-face")


def test_a_method_in_one_file_becomes_a_completer(plugin, tiny_pairs, quiet):
    pairs = tiny_pairs(6)
    method = resolve_method("true-mask+my-mean-face")
    assert "Fill the hole" in method.card.summary
    method.fit(pairs, progress=quiet)
    restored = method.unmask(pairs.masked, pairs.holes, pairs.landmarks, tuple("abcdef"))
    hole = pairs.holes > 0
    mean = np.broadcast_to(pairs.true.mean(axis=0), restored.pixels.shape)
    assert np.abs(restored.pixels[hole] - mean[hole]).max() < 0.51
    assert np.array_equal(restored.pixels[~hole], pairs.masked[~hole])
    assert isinstance(resolve_method("my-mean-face").parts()[1], plugin.MyMeanFace)
