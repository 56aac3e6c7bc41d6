"""Small inpainting networks, exported for the tests: what they paint is known exactly."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

COLOUR = (0.2, 0.4, 0.6)
"""What the networks paint into the hole: red, green and blue as shares of white. Not the same backwards."""


class _Graph:
    """Nodes and constants, one after the other."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []

    def number(self, value: object, kind: type = np.float32) -> str:
        """The name of a constant."""
        name = f"constant_{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.array(value, dtype=kind), name))
        return name

    def add(self, op: str, *given: str, **attributes: object) -> str:
        """The name of what a node gives."""
        name = f"node_{len(self.nodes)}"
        self.nodes.append(helper.make_node(op, list(given), [name], **attributes))
        return name

    def floats(self, source: str, *, last: bool) -> str:
        """An input as floats, channels first."""
        cast = self.add("Cast", source, to=TensorProto.FLOAT)
        return self.add("Transpose", cast, perm=[0, 3, 1, 2]) if last else cast


def export(
    file: Path,
    *,
    values: tuple[float, float] = (0, 1),
    output_values: tuple[float, float] | None = None,
    channels: str = "rgb",
    mask_values: tuple[float, float] = (0, 1),
    inputs: str = "separate",
    last: bool = False,
    batch: int | str = "N",
    side: int | str = "S",
    kind: int = TensorProto.FLOAT,
    mask_kind: int = TensorProto.FLOAT,
    flat_mask: bool = False,
    names: Sequence[str] = ("image", "mask"),
    outputs: Sequence[str] = ("painted",),
    one_by_one: bool = False,
    poisoned: bool = False,
) -> Path:
    """A network that leaves known pixels as they are and paints `COLOUR` where the mask says so.

    Args:
        file: to write.
        values: what black and white are in its picture.
        output_values: likewise in its output; None = the same.
        channels: order of the colours.
        mask_values: what known and covered are in its mask.
        inputs: as a card has it: ``separate``, ``stacked``, ``mask-first`` or ``image`` (which paints what is black).
        last: whether channels come last, in every input and in the output.
        batch: how many pictures at once; a name leaves it open.
        side: of the picture; a name leaves it open.
        kind: of the numbers of picture and output.
        mask_kind: of the mask.
        flat_mask: whether the mask has no axis for channels.
        names: of the inputs.
        outputs: names of outputs, each the same picture.
        one_by_one: whether it fails on more than one picture, though it says that it takes any number.
        poisoned: whether every picture whose first pixel is black becomes NaN.
    """
    graph = _Graph()

    def taken(name: str, count: int, of: int = kind) -> onnx.ValueInfoProto:
        return helper.make_tensor_value_info(
            name, of, [batch, side, side, count] if last else [batch, count, side, side]
        )

    if inputs == "separate":
        picture = graph.floats(names[0], last=last)
        given = [taken(names[0], 3), taken(names[1], 1, mask_kind)]
        if flat_mask:
            given[1] = helper.make_tensor_value_info(names[1], mask_kind, [batch, side, side])
            cast = graph.add("Cast", names[1], to=TensorProto.FLOAT)
            mask = graph.add("Unsqueeze", cast, graph.number([1], np.int64))
        else:
            mask = graph.floats(names[1], last=last)
    elif inputs == "image":
        picture = graph.floats(names[0], last=last)
        given = [taken(names[0], 3)]
        brightest = graph.add("ReduceMax", picture, axes=[1], keepdims=1)
        black = graph.add("Less", brightest, graph.number(values[0] + 0.01 * (values[1] - values[0])))
        mask, mask_values = graph.add("Cast", black, to=TensorProto.FLOAT), (0, 1)
    else:
        both = graph.floats(names[0], last=last)
        given = [taken(names[0], 4)]
        first = inputs == "mask-first"
        mask = graph.add("Gather", both, graph.number([0 if first else 3], np.int64), axis=1)
        picture = graph.add("Gather", both, graph.number([1, 2, 3] if first else [0, 1, 2], np.int64), axis=1)
    share = _scaled(graph, mask, mask_values)
    light = _scaled(graph, picture, values)
    ordered = COLOUR if channels == "rgb" else COLOUR[::-1]
    kept = graph.add("Mul", light, graph.add("Sub", graph.number(1.0), share))
    painted = graph.add("Mul", share, graph.number(np.array(ordered).reshape(1, 3, 1, 1)))
    out = graph.add("Add", kept, painted)
    if poisoned:
        out = graph.add("Add", out, _nan_where_the_corner_is_black(graph, light))
    if one_by_one:
        alone = graph.add("Reshape", out, graph.number([1, 3, -1, 0], np.int64))
        back = graph.add("Reshape", alone, graph.add("Shape", out))
        wrong = graph.add("Concat", back, alone, axis=0)  # of two pictures: sides that do not fit
        out = graph.add("Slice", wrong, *(graph.number([value], np.int64) for value in (0, 1, 0)))
    low, high = output_values or values
    out = graph.add("Add", graph.add("Mul", out, graph.number(high - low)), graph.number(low))
    out = graph.add("Cast", graph.add("Round", out) if kind == TensorProto.UINT8 else out, to=kind)
    out = graph.add("Transpose", out, perm=[0, 2, 3, 1]) if last else out
    graph.nodes += [helper.make_node("Identity", [out], [name]) for name in outputs]
    return _saved(file, graph, given, [helper.make_tensor_value_info(name, kind, None) for name in outputs])


def _scaled(graph: _Graph, source: str, ends: tuple[float, float]) -> str:
    low, high = ends
    return graph.add("Div", graph.add("Sub", source, graph.number(low)), graph.number(high - low))


def _nan_where_the_corner_is_black(graph: _Graph, light: str) -> str:
    begin, end, along = (graph.number(value, np.int64) for value in ([0, 0], [1, 1], [2, 3]))
    corner = graph.add("ReduceMax", graph.add("Slice", light, begin, end, along), axes=[1], keepdims=1)
    return graph.add("Mul", graph.add("Log", corner), graph.number(0.0))


def _saved(file: Path, graph: _Graph, given: list[onnx.ValueInfoProto], found: list[onnx.ValueInfoProto]) -> Path:
    made = helper.make_graph(graph.nodes, "net", given, found, graph.constants)
    onnx.save(helper.make_model(made, opset_imports=[helper.make_opsetid("", 16)], ir_version=8), file)
    return file


def random_network(file: Path, *, seed: int = 0, side: int | str = "S", scale: float = 0.3) -> Path:
    """Two convolutions with random numbers over picture and mask, and a sigmoid: pictures of 0 to 1."""
    rng = np.random.default_rng(seed)
    graph = _Graph()
    found = graph.add("Concat", "image", "mask", axis=1)
    for inner, outer in ((4, 8), (8, 3)):
        weights = graph.number(rng.normal(0, scale, (outer, inner, 3, 3)))
        found = graph.add("Conv", found, weights, graph.number(rng.normal(0, scale, outer)), pads=[1, 1, 1, 1])
        found = graph.add("Relu" if outer == 8 else "Sigmoid", found)
    graph.nodes.append(helper.make_node("Identity", [found], ["painted"]))
    given = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, ["N", count, side, side])
        for name, count in (("image", 3), ("mask", 1))
    ]
    return _saved(file, graph, given, [helper.make_tensor_value_info("painted", TensorProto.FLOAT, None)])
