"""Weights that are beside an ``.onnx`` file are a part of the recogniser."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from benchmark.errors import RequestError
from benchmark.model_files import sha256_of
from benchmark.own_networks.onnx_external_data import external_data_files, network_digest
from benchmark.recognisers.onnx_file import OnnxRecogniser


def export(folder: Path, seed: int, *, location: str = "net.onnx.data", constant: bool = False) -> Path:
    """A network whose weights, an initialiser or a node's attribute, are in the file `location`."""
    folder.mkdir(parents=True, exist_ok=True)
    weights = np.random.default_rng(seed).normal(size=(12 * 12 * 3, 32)).astype(np.float32)
    tensor = numpy_helper.from_array(weights, "W")
    nodes = [
        helper.make_node("AveragePool", ["x"], ["p"], kernel_shape=[9, 9], strides=[9, 9]),
        helper.make_node("Flatten", ["p"], ["f"], axis=1),
        helper.make_node("MatMul", ["f", "W"], ["embedding"]),
    ]
    if constant:
        nodes.insert(0, helper.make_node("Constant", [], ["W"], value=tensor))
    graph = helper.make_graph(
        nodes,
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["N", 3, 112, 112])],
        [helper.make_tensor_value_info("embedding", TensorProto.FLOAT, ["N", 32])],
        [] if constant else [tensor],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    file = folder / "net.onnx"
    for old in (file, folder / location):
        old.unlink(missing_ok=True)
    onnx.save_model(
        model,
        file,
        save_as_external_data=True,
        location=location,
        size_threshold=0,
        convert_attribute=constant,
    )
    return file


def pointing_to(file: Path, location: str) -> Path:
    """The same network, made to read from elsewhere, as nobody's exporter does."""
    model = onnx.load(file, load_external_data=False)
    for entry in model.graph.initializer[0].external_data:
        if entry.key == "location":
            entry.value = location
    file.write_bytes(model.SerializeToString())
    return file


@pytest.mark.parametrize("constant", [False, True])
def test_other_weights_beside_the_same_file_are_another_recogniser(tmp_path: Path, constant: bool) -> None:
    file = export(tmp_path, 1, constant=constant)
    assert external_data_files(file) == ("net.onnx.data",)
    first, graph = OnnxRecogniser(file), file.read_bytes()
    chips = np.random.default_rng(0).integers(0, 256, (2, 112, 112, 3), dtype=np.uint8)
    embedded = first.embed(chips)
    export(tmp_path, 2, constant=constant)
    assert file.read_bytes() == graph
    second = OnnxRecogniser(file)
    assert not np.allclose(second.embed(chips), embedded)
    assert second.card.sha256 != first.card.sha256
    assert "net.onnx, net.onnx.data" in second.card.weights_source


def test_a_file_that_holds_everything_has_its_own_digest(tmp_path: Path) -> None:
    file = export(tmp_path, 1)
    whole = tmp_path / "whole.onnx"
    onnx.save(onnx.load(file), whole)
    assert external_data_files(whole) == ()
    assert network_digest(whole) == sha256_of(whole)


@pytest.mark.parametrize(
    "location", ["../outside.data", "/etc/hostname", "a/../../outside.data", "..\\outside.data", "C:\\outside.data"]
)
def test_weights_outside_the_folder_are_refused(tmp_path: Path, location: str) -> None:
    (tmp_path / "outside.data").write_bytes(bytes(432 * 32 * 4))
    file = pointing_to(export(tmp_path / "model", 1), location)
    with pytest.raises(RequestError, match="outside its folder"):
        OnnxRecogniser(file)


def test_a_link_that_somebody_made_is_followed_and_its_content_counts(tmp_path: Path) -> None:
    file = export(tmp_path / "model", 1)
    before = network_digest(file)
    data = tmp_path / "model" / "net.onnx.data"
    data.rename(tmp_path / "blob")
    data.symlink_to(tmp_path / "blob")
    assert network_digest(file) == before
    (tmp_path / "blob").write_bytes(bytes(432 * 32 * 4))
    assert network_digest(file) != before


def test_missing_weights_are_one_line(tmp_path: Path) -> None:
    file = export(tmp_path, 1)
    (tmp_path / "net.onnx.data").unlink()
    with pytest.raises(RequestError, match=r"net.onnx reads weights from 'net.onnx.data', which is not beside it"):
        OnnxRecogniser(file)
