"""A small recogniser in an ONNX file, in the variants in which networks are exported."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

SIDE = 32
CARD = "size: 32\nchannels: bgr\nmean: [100, 110, 120]\nstd: 60\nflip: true\n"


def export(
    file: Path,
    *,
    card: str = CARD,
    batch: int | str = "N",
    channels_last: bool = False,
    activation: str = "Relu",
    rows: Sequence[int] | None = None,
    outputs: Sequence[str] = ("embedding",),
) -> Path:
    """A small convolutional network of 16 numbers a face, with its card."""
    rng = np.random.default_rng(1)
    constants = {
        "kernel": rng.normal(size=(8, 3, 5, 5)).astype(np.float32) * 0.2,
        "bias": rng.normal(size=8).astype(np.float32),
        "matrix": rng.normal(size=(8 * 10 * 10, 16)).astype(np.float32) * 0.1,
        "rows": np.array(rows or [0, -1], dtype=np.int64),
    }
    nodes, source = [], "image"
    if channels_last:
        nodes.append(helper.make_node("Transpose", [source], ["planes"], perm=[0, 3, 1, 2]))
        source = "planes"
    nodes += [
        helper.make_node("Conv", [source, "kernel", "bias"], ["features"], kernel_shape=[5, 5], strides=[3, 3]),
        helper.make_node(activation, ["features"], ["active"]),
        helper.make_node("Reshape", ["active", "rows"], ["flat"]),
    ]
    nodes += [helper.make_node("MatMul", ["flat", "matrix"], [name]) for name in outputs[-1:]]
    nodes += [helper.make_node("Identity", ["flat"], [name]) for name in outputs[:-1]]
    shape = [batch, SIDE, SIDE, 3] if channels_last else [batch, 3, SIDE, SIDE]
    graph = helper.make_graph(
        nodes,
        "net",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in outputs],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    opset = 20 if activation == "Gelu" else 13
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8), file)
    file.with_suffix(".yaml").write_text(card, "utf-8")
    return file
