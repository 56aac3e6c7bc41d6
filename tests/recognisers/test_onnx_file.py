from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from benchmark.errors import BenchmarkError, RequestError
from benchmark.model_files import sha256_of
from benchmark.recognisers import onnx_network
from benchmark.recognisers.onnx_file import OnnxRecogniser
from benchmark.recognisers.onnx_network import OnnxNetwork
from benchmark.recognisers.resolve import resolve_recogniser

SIDES = (112, 112)


def export(
    file: Path,
    shape: Sequence[int | str | None] = ("N", 3, *SIDES),
    *,
    outputs: Sequence[str] = ("embedding",),
    flat: bool = True,
    reshape_to_one: bool = False,
    kind: int = TensorProto.FLOAT,
    extra_input: bool = False,
) -> Path:
    """A network whose embedding is the mean over each quarter of the image, channel by channel: 12 numbers.

    The quarters are told apart and so are the channels: a mirrored, turned or recoloured image gives other numbers.
    """
    nodes, source = [], "image"
    if len(shape) == 4 and shape[3] == 3:
        nodes.append(helper.make_node("Transpose", [source], ["nchw"], perm=[0, 3, 1, 2]))
        source = "nchw"
    half = [SIDES[0] // 2, SIDES[1] // 2]
    if len(shape) == 4:
        nodes.append(helper.make_node("AveragePool", [source], ["pooled"], kernel_shape=half, strides=half))
    else:
        nodes.append(helper.make_node("Identity", [source], ["pooled"]))
    constants = []
    for name in outputs:
        if reshape_to_one:
            constants = [numpy_helper.from_array(np.array([1, -1], dtype=np.int64), "rows")]
            nodes.append(helper.make_node("Reshape", ["pooled", "rows"], [name]))
        else:
            nodes.append(helper.make_node("Flatten" if flat else "Identity", ["pooled"], [name]))
    inputs = [helper.make_tensor_value_info("image", kind, list(shape))]
    if extra_input:
        inputs.append(helper.make_tensor_value_info("age", kind, [1]))
    given = [helper.make_tensor_value_info(name, kind, None) for name in outputs]
    graph = helper.make_graph(nodes, "net", inputs, given, constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    onnx.save(model, file)
    return file


def expected(chips: np.ndarray) -> np.ndarray:
    """What `export` computes under the default card."""
    half = SIDES[0] // 2
    pooled = chips.reshape(len(chips), 2, half, 2, half, 3).mean(axis=(2, 4), dtype=np.float64)
    return ((pooled.transpose(0, 3, 1, 2) - 127.5) / 127.5).reshape(len(chips), 12)


def pooled_bytes(file: Path) -> Path:
    """The mean over each quarter of bytes, as (N, 12, 1, 1)."""
    half = [SIDES[0] // 2, SIDES[1] // 2]
    nodes = [
        helper.make_node("Cast", ["image"], ["floats"], to=TensorProto.FLOAT),
        helper.make_node("AveragePool", ["floats"], ["pooled"], kernel_shape=half, strides=half),
        helper.make_node("Reshape", ["pooled", "shape"], ["embedding"]),
    ]
    shape = numpy_helper.from_array(np.array([-1, 12, 1, 1], dtype=np.int64), "shape")
    inputs = [helper.make_tensor_value_info("image", TensorProto.UINT8, ["N", 3, *SIDES])]
    outputs = [helper.make_tensor_value_info("embedding", TensorProto.FLOAT, None)]
    graph = helper.make_graph(nodes, "net", inputs, outputs, [shape])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8), file)
    return file


def test_a_network_of_bytes_gets_bytes_and_a_pooled_embedding_is_taken(tmp_path: Path) -> None:
    recogniser = OnnxRecogniser(pooled_bytes(tmp_path / "net.onnx"))
    chips = chips_of(3)
    np.testing.assert_allclose(recogniser.embed(chips), expected(chips) * 127.5 + 127.5, atol=1e-3)
    assert recogniser.card.normalisation == "RGB, bytes"
    (tmp_path / "net.yaml").write_text("mean: 127.5\n")
    with pytest.raises(RequestError, match="takes bytes"):
        OnnxRecogniser(tmp_path / "net.onnx")


def chips_of(count: int) -> np.ndarray:
    """Quarters and channels of different brightness."""
    generator = np.random.default_rng(0)
    coarse = generator.integers(0, 256, (count, 2, 2, 3), dtype=np.uint8)
    return coarse.repeat(SIDES[0] // 2, axis=1).repeat(SIDES[1] // 2, axis=2)


@pytest.mark.parametrize(
    ("shape", "batch"),
    [
        (("N", 3, 112, 112), 16),
        ((None, 3, None, None), 16),
        ((None, None, None, None), 16),
        ((1, 3, 112, 112), 1),
        ((5, 3, 112, 112), 5),
        (("N", 112, 112, 3), 16),
        ((1, 112, 112, 3), 1),
    ],
)
def test_any_batch_and_order_of_axes_gives_the_same_embeddings(
    tmp_path: Path, shape: tuple[int | str | None, ...], batch: int
) -> None:
    recogniser = OnnxRecogniser(export(tmp_path / "net.onnx", shape))
    assert recogniser.network.batch == batch
    chips = chips_of(18)
    embeddings = recogniser.embed(chips)
    assert embeddings.shape == (18, 12)
    assert embeddings.dtype == np.float32
    np.testing.assert_allclose(embeddings, expected(chips), atol=1e-4)
    np.testing.assert_array_equal(recogniser.embed(chips[7:8])[0], embeddings[7])
    assert recogniser.embed(chips[:0]).shape == (0, 12)


def test_a_network_that_takes_batches_and_cannot_handle_them_is_run_one_by_one(tmp_path: Path) -> None:
    recogniser = OnnxRecogniser(export(tmp_path / "net.onnx", reshape_to_one=True))
    assert recogniser.network.batch == 1
    np.testing.assert_allclose(recogniser.embed(chips_of(3)), expected(chips_of(3)), atol=1e-4)


def test_without_a_card_the_defaults_are_said(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    file = export(tmp_path / "net.onnx")
    with caplog.at_level(logging.WARNING):
        recogniser = OnnxRecogniser(file)
    assert "onnx:net.onnx has no card (net.yaml): assuming 112×112 pixels, (RGB − 127.5) / 127.5" in caplog.text
    card = recogniser.card
    assert card.sha256 == sha256_of(file)
    assert "defaults taken" in card.weights_source
    assert card.trained_on == ("unknown",)
    assert card.chip_size == SIDES
    assert recogniser.settings


def test_the_card_beside_the_file_is_followed(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    file = export(tmp_path / "net.v2.onnx")
    plain = OnnxRecogniser(file)
    caplog.clear()
    (tmp_path / "net.v2.yaml").write_text(
        "size: 112\nmean: 0\nstd: 255\nchannels: bgr\nflip: true\nmetric: euclidean\nlicence: MIT\ntrained_on: [a, b]\n"
    )
    recogniser = OnnxRecogniser(file)
    assert not caplog.records
    assert (recogniser.card.metric, recogniser.card.licence, recogniser.card.trained_on) == (
        "euclidean",
        "MIT",
        ("a", "b"),
    )
    chips = chips_of(2)
    face, mirrored = np.split(recogniser.embed(chips), 2, axis=1)
    in_0_to_1 = (expected(chips[..., ::-1]) + 1) / 2
    np.testing.assert_allclose(face, in_0_to_1, atol=1e-4)
    np.testing.assert_allclose(mirrored, (expected(chips[:, :, ::-1, ::-1]) + 1) / 2, atol=1e-4)
    assert recogniser.settings != plain.settings
    assert recogniser.card.sha256 == plain.card.sha256


def test_the_network_decides_the_size_where_the_card_does_not(tmp_path: Path) -> None:
    (tmp_path / "net.yaml").write_text("std: 128\n")
    recogniser = OnnxRecogniser(export(tmp_path / "net.onnx", ("N", 3, 112, 224)))
    assert recogniser.card.chip_size == (112, 224)
    assert recogniser.spec.size == (112, 224)
    assert recogniser.embed(np.zeros((1, 112, 224, 3), np.uint8)).shape == (1, 24)


@pytest.mark.parametrize(
    ("how", "card", "message"),
    [
        ({"shape": ("N", 3, 112, 112)}, "size: 160", r"card says 160×160; correct 'size' in the card"),
        ({"shape": ("N", 3, 112, 112)}, "size: [112, 96]", "card says 112×96"),
        ({"shape": ("N", 1, 112, 112)}, "", r"shape \(N, 1, 112, 112\) where images of three channels are needed"),
        ({"shape": ("N", 3, 112)}, "", r"shape \(N, 3, 112\) where images of three channels"),
        ({"outputs": ("features", "embedding")}, "", r"several outputs \(features, embedding\); name the embedding"),
        ({"outputs": ("features", "embedding")}, "output: embeding", r"no output 'embeding'; did you mean 'embedding'"),
        ({"flat": False}, "", r"output 'embedding' has shape \(16, 3, 2, 2\) .* one row per image"),
        ({"flat": False, "shape": (1, 3, 112, 112)}, "", r"has shape \(1, 3, 2, 2\)"),
        ({"kind": TensorProto.FLOAT16, "extra_input": True}, "", r"takes 2 inputs \(image, age\)"),
        ({}, "siez: 112", r"unknown key 'siez'; did you mean 'size'\?"),
        ({}, "size: [", "is not YAML"),
    ],
)
def test_what_cannot_be_run_is_one_line(tmp_path: Path, how: dict[str, Any], card: str, message: str) -> None:
    file = export(tmp_path / "net.onnx", **how)
    if card:
        (tmp_path / "net.yaml").write_text(card)
    with pytest.raises(RequestError, match=message) as caught:
        OnnxRecogniser(file)
    assert "\n" not in str(caught.value)
    assert str(file.with_suffix("")) in str(caught.value)


def test_a_named_output_is_taken(tmp_path: Path) -> None:
    file = export(tmp_path / "net.onnx", outputs=("other", "embedding"))
    (tmp_path / "net.yaml").write_text("output: embedding\n")
    assert OnnxRecogniser(file).network.width == 12


def test_a_network_of_whole_numbers_is_refused(tmp_path: Path) -> None:
    """Its pixels would not be normalised as the card says."""
    graph = helper.make_graph(
        [
            helper.make_node("Cast", ["image"], ["real"], to=TensorProto.FLOAT),
            helper.make_node("Flatten", ["real"], ["out"]),
        ],
        "net",
        [helper.make_tensor_value_info("image", TensorProto.INT32, ["N", 3, 112, 112])],
        [helper.make_tensor_value_info("out", TensorProto.FLOAT, None)],
    )
    onnx.save(
        helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8), tmp_path / "net.onnx"
    )
    with pytest.raises(RequestError, match=r"takes tensor\(int32\)"):
        OnnxRecogniser(tmp_path / "net.onnx")


@pytest.mark.parametrize("content", [b"", b"<html>not found</html>", bytes(5000)])
def test_what_is_no_onnx_file_is_one_line(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "net.onnx"
    file.write_bytes(content)
    with pytest.raises(RequestError, match="is not an ONNX network") as caught:
        OnnxRecogniser(file)
    assert "\n" not in str(caught.value)


def test_half_a_file_is_one_line(tmp_path: Path) -> None:
    content = export(tmp_path / "net.onnx").read_bytes()
    file = tmp_path / "half.onnx"
    file.write_bytes(content[: len(content) // 2])
    with pytest.raises(BenchmarkError) as caught:
        OnnxRecogniser(file)
    assert "\n" not in str(caught.value)


def test_the_command_line_names_it_by_its_file(tmp_path: Path) -> None:
    file = export(tmp_path / "net.onnx")
    assert isinstance(resolve_recogniser(f"onnx:{file}"), OnnxRecogniser)
    with pytest.raises(RequestError, match="no such file"):
        resolve_recogniser(f"onnx:{tmp_path / 'none.onnx'}")
    with pytest.raises(RequestError, match="leave --weights out"):
        OnnxRecogniser(file, weights=file)


def test_another_precision_is_said_to_be_ignored(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    recogniser = OnnxRecogniser(export(tmp_path / "net.onnx"), precision="bfloat16")
    assert recogniser.precision == "float32"
    assert "--precision bfloat16" in caplog.text


def test_cuda_without_its_onnxruntime_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = export(tmp_path / "net.onnx")
    monkeypatch.setattr("onnxruntime.get_available_providers", lambda: ["CPUExecutionProvider"])
    with pytest.raises(RequestError, match="--device cuda: this onnxruntime has no CUDAExecutionProvider"):
        OnnxNetwork(file, device="cuda")


def test_a_missing_onnxruntime_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = export(tmp_path / "net.onnx")
    monkeypatch.setitem(__import__("sys").modules, "onnxruntime", None)
    with pytest.raises(RequestError, match=r"onnxruntime is not installed: pip install 'unmask-benchmark\[onnx\]'"):
        onnx_network.OnnxNetwork(file)
