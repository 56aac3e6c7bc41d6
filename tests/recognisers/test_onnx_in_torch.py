"""ONNX recognisers as networks of PyTorch: the same embeddings, and gradients."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import nn

from benchmark.errors import RequestError
from benchmark.faces import FaceGeometry, Image
from benchmark.recognisers import onnx_in_torch
from benchmark.recognisers.base import Recogniser
from benchmark.recognisers.onnx_in_torch import differentiable
from benchmark.recognisers.resolve import resolve_recogniser
from benchmark.recognisers.trainable_embedding import TrainableEmbedding
from tests.small_onnx_network import CARD, SIDE, export


def opened(file: Path) -> Recogniser:
    return resolve_recogniser(f"onnx:{file}", device="cpu")


def faces(count: int = 5) -> NDArray[np.uint8]:
    return np.random.default_rng(2).integers(0, 256, (count, SIDE, SIDE, 3), dtype=np.uint8)


@pytest.mark.parametrize(
    "kind",
    [
        {},
        {"channels_last": True},
        {"outputs": ("features_too", "embedding"), "card": f"{CARD}output: embedding\n"},
        {"card": "size: 32\n"},
    ],
    ids=["channels first", "channels last", "two outputs", "ArcFace's card"],
)
def test_embeddings_are_those_of_onnxruntime(tmp_path: Path, kind: dict[str, object]) -> None:
    original = opened(export(tmp_path / "net.onnx", **kind))  # type: ignore[arg-type]
    converted = differentiable(original)
    assert np.allclose(converted.embed(faces()), original.embed(faces()), rtol=1e-4, atol=1e-3)
    assert (converted.card, converted.settings) == (original.card, original.settings)


def test_gradients_reach_the_pixels_and_the_weights(tmp_path: Path) -> None:
    converted = differentiable(opened(export(tmp_path / "net.onnx")))
    converted.network.requires_grad_(True)
    pixels = torch.rand(2, 3, SIDE, SIDE, requires_grad=True)
    converted.forward(pixels).square().sum().backward()
    assert pixels.grad is not None
    assert pixels.grad.abs().sum() > 0
    learned = [parameter.grad for parameter in converted.network.parameters()]
    assert len(learned) == 3  # kernel, bias, matrix
    assert all(gradient is not None and gradient.abs().sum() > 0 for gradient in learned)


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ({"activation": "Gelu"}, r"net\.onnx: onnx2torch cannot convert it to PyTorch \(.*Gelu.*opset 17 or older"),
        ({"batch": 1, "rows": [1, 800]}, r"net\.onnx: converted to PyTorch it cannot be run .* an open batch size"),
    ],
    ids=["unknown operator", "one image at a time"],
)
def test_what_cannot_be_converted_is_one_line(tmp_path: Path, kind: dict[str, object], message: str) -> None:
    original = opened(export(tmp_path / "net.onnx", **kind))  # type: ignore[arg-type]
    with pytest.raises(RequestError, match=message) as refused:
        differentiable(original)
    assert "\n" not in str(refused.value)


def test_a_conversion_that_gives_other_embeddings_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    original = opened(export(tmp_path / "net.onnx"))
    monkeypatch.setattr(onnx_in_torch.OnnxInTorch, "_called", lambda _, images: images.flatten(1)[:, :16] + 1)
    with pytest.raises(RequestError, match="converted to PyTorch it gives other embeddings"):
        differentiable(original)


def test_without_the_package_the_command_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    original = opened(export(tmp_path / "net.onnx"))
    monkeypatch.setattr(onnx_in_torch.importlib.util, "find_spec", lambda _: None)
    with pytest.raises(
        RequestError, match=r"onnx2torch.* is not installed: pip install 'unmask-benchmark\[onnx-train\]'"
    ):
        differentiable(original)


class Neither(Recogniser):
    def chip(self, image: Image, face: FaceGeometry) -> Image:
        return image

    def embed(self, chips: NDArray[np.uint8]) -> NDArray[np.float32]:
        return chips.reshape(len(chips), -1).astype(np.float32)


def test_a_file_is_converted_once_however_often_it_is_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recogniser, other = opened(export(tmp_path / "net.onnx")), opened(export(tmp_path / "other.onnx"))
    converted = differentiable(recogniser)
    before = converted.embed(faces())
    TrainableEmbedding(converted).network.requires_grad_(False).apply(_zeroed)
    monkeypatch.setattr(onnx_in_torch.OnnxInTorch, "load_network", lambda _: pytest.fail("converted again"))
    assert differentiable(recogniser) is converted
    np.testing.assert_array_equal(converted.embed(faces()), before)
    with pytest.raises(pytest.fail.Exception, match="converted again"):
        differentiable(other)


def _zeroed(module: nn.Module) -> None:
    for parameter in module.parameters(recurse=False):
        parameter.data.zero_()


def test_networks_of_pytorch_are_left_as_they_are() -> None:
    recogniser = resolve_recogniser("face_recognition", device="cpu")
    assert differentiable(recogniser) is recogniser
    with pytest.raises(RequestError, match="no network of PyTorch and no ONNX file"):
        differentiable(Neither())
