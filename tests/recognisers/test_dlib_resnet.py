from __future__ import annotations

import dlib
import numpy as np
import pytest
import torch

from benchmark.acquisition.dlib_models import RECOGNISER_FILE, SHA256, model_path, read_verified
from benchmark.recognisers.dlib_resnet import DlibResNet, parse_dlib_weights
from benchmark.recognisers.face_recognition import load_network


@pytest.fixture(scope="module")
def content() -> bytes:
    return read_verified(model_path(RECOGNISER_FILE), SHA256[RECOGNISER_FILE])


@pytest.fixture(scope="module")
def network() -> DlibResNet:
    return load_network()


def test_agrees_with_dlibs_own_code_on_noise(network: DlibResNet) -> None:
    chips = np.random.default_rng(0).integers(0, 256, (6, 150, 150, 3), dtype=np.uint8)
    chips[4] = 0
    chips[5] = 255
    theirs = dlib.face_recognition_model_v1(str(model_path(RECOGNISER_FILE)))
    expected = np.array([theirs.compute_face_descriptor(chip) for chip in chips])
    ours = network(torch.from_numpy(chips).permute(0, 3, 1, 2).float() / 255).numpy()
    assert np.abs(expected).max() > 0.3  # not a comparison of zeros
    np.testing.assert_allclose(ours, expected, atol=1e-5, rtol=0)


def test_the_embedding_is_differentiable_with_respect_to_the_chip(network: DlibResNet) -> None:
    chip = torch.rand(1, 3, 150, 150, generator=torch.Generator().manual_seed(0)).requires_grad_()
    direction = torch.randn(1, 3, 150, 150, generator=torch.Generator().manual_seed(1))
    score = network(chip).square().sum()
    score.backward()
    assert chip.grad is not None
    predicted = float((chip.grad * direction).sum())
    step = 1e-4
    with torch.no_grad():
        ahead, behind = (network(chip + sign * step * direction).square().sum() for sign in (1, -1))
    assert predicted == pytest.approx(float(ahead - behind) / (2 * step), rel=0.05)
    assert all(not parameter.requires_grad for parameter in network.parameters())


def test_the_file_holds_29_convolutions_and_one_matrix(content: bytes) -> None:
    weights = parse_dlib_weights(content)
    assert len(weights.convolutions) == 29
    assert weights.convolutions[0][0].shape == (32, 3, 7, 7)
    assert weights.convolutions[-1][0].shape == (256, 256, 3, 3)
    assert weights.matrix.shape == (256, 128)
    assert all(np.isfinite(weight).all() and np.isfinite(bias).all() for weight, bias in weights.convolutions)


@pytest.mark.parametrize("length", [0, 100, 19_000, 1_000_000, 22_400_000])
def test_a_truncated_file_is_refused(content: bytes, length: int) -> None:
    with pytest.raises(ValueError, match="layer"):
        parse_dlib_weights(content[:length])
