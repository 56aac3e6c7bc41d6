from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import yaml
from onnx import TensorProto

from benchmark.errors import BenchmarkError, PluginError, RequestError
from benchmark.methods.own_completers.onnx_completer import OnnxCompleter
from benchmark.methods.resolve import resolve_method
from benchmark.methods.unmasker import Restored
from tests.methods.own_completers.made_networks import COLOUR, export, random_network

SIDE = 32
PAINTED = np.array([round(255 * share) for share in COLOUR])


def faces(count: int = 3, side: int = SIDE) -> tuple[np.ndarray, np.ndarray]:
    """Smooth faces, none of them black anywhere, and a hole in the lower half of each."""
    rng = np.random.default_rng(0)
    ends = rng.integers(40, 216, (count, 2, 3))
    ramp = np.linspace(0, 1, side)[None, :, None, None]
    pixels = (ends[:, None, None, 0] * (1 - ramp) + ends[:, None, None, 1] * ramp).repeat(side, axis=2).astype(np.uint8)
    holes = np.zeros((count, side, side), dtype=np.uint8)
    holes[:, side // 2 : side - 4, 4 : side - 4] = 255
    return pixels, holes


def unmask(method: OnnxCompleter, pixels: np.ndarray, holes: np.ndarray) -> Restored:
    ids = tuple(f"image-{row}" for row in range(len(pixels)))
    return method.unmask(pixels, holes, np.zeros((len(pixels), 68, 2), np.float32), ids)


def completer(file: Path, card: dict[str, Any] | None = None) -> OnnxCompleter:
    if card is not None:
        file.with_suffix(".yaml").write_text(yaml.safe_dump(card), "utf-8")
    return OnnxCompleter(file, label=f"onnx:{file.name}")


CASES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "plain": ({}, {}),
    "minus one to one": ({"values": (-1, 1)}, {"values": [-1, 1]}),
    "bytes out": ({"output_values": (0, 255)}, {"output_values": [0, 255]}),
    "blue first": ({"channels": "bgr"}, {"channels": "bgr"}),
    "mask 1 where known": ({"mask_values": (1, 0)}, {"mask_values": [1, 0]}),
    "mask of 255": ({"mask_values": (0, 255)}, {"mask_values": [0, 255]}),
    "stacked": ({"inputs": "stacked"}, {}),
    "mask first": ({"inputs": "mask-first"}, {"inputs": "mask-first"}),
    "picture alone": ({"inputs": "image"}, {"blank": "black"}),
    "channels last": ({"last": True}, {}),
    "stacked, channels last": ({"last": True, "inputs": "stacked"}, {}),
    "mask without channels": ({"flat_mask": True}, {}),
    "mask of truths": ({"mask_kind": TensorProto.BOOL}, {}),
    "one at a time": ({"batch": 1}, {}),
    "five at a time": ({"batch": 5}, {}),
    "batches that fail": ({"one_by_one": True}, {}),
    "half precision": ({"kind": TensorProto.FLOAT16}, {}),
    "double precision": ({"kind": TensorProto.DOUBLE, "mask_kind": TensorProto.DOUBLE}, {}),
    "of bytes": ({"kind": TensorProto.UINT8, "values": (0, 255)}, {}),
    "names backwards": ({"names": ("mask_of_nothing", "picture")}, {}),
    "output by name": ({"outputs": ("coarse", "painted")}, {"output": "painted"}),
}


@pytest.mark.parametrize(("made", "card"), CASES.values(), ids=CASES)
@pytest.mark.parametrize("side", ["S", SIDE])
def test_however_a_network_takes_its_picture_it_paints_the_same(
    tmp_path: Path, made: dict[str, Any], card: dict[str, Any], side: int | str
) -> None:
    pixels, holes = faces()
    method = completer(export(tmp_path / "net.onnx", side=side, **made), card)
    restored = unmask(method, pixels, holes)
    assert not restored.refused.any()
    inside = holes > 0
    np.testing.assert_array_equal(restored.pixels[~inside], pixels[~inside])
    np.testing.assert_allclose(restored.pixels[inside].astype(int), np.broadcast_to(PAINTED, (inside.sum(), 3)), atol=1)
    alone = unmask(method, pixels[1:2], holes[1:2])
    np.testing.assert_array_equal(alone.pixels[0], restored.pixels[1])


@pytest.mark.parametrize("fit", ["resize", "pad"])
@pytest.mark.parametrize("crop", [SIDE, 20])
def test_a_network_of_one_size_gets_crops_of_that_size(tmp_path: Path, fit: str, crop: int) -> None:
    """Resized, or with mirrored borders; a hole never shrinks on the way."""
    pixels, holes = faces(side=crop)
    restored = unmask(completer(export(tmp_path / "net.onnx", side=48), {"fit": fit}), pixels, holes)
    inside = holes > 0
    np.testing.assert_array_equal(restored.pixels[~inside], pixels[~inside])
    core = np.zeros_like(inside)
    core[:, crop // 2 + 1 : crop - 5, 5 : crop - 5] = True  # a resized edge mixes with what is beside it
    exact = inside if fit == "pad" else core
    np.testing.assert_allclose(restored.pixels[exact].astype(int), np.broadcast_to(PAINTED, (exact.sum(), 3)), atol=1)


def test_a_larger_crop_is_scaled_down_and_back(tmp_path: Path) -> None:
    pixels, holes = faces(side=96)
    restored = unmask(completer(export(tmp_path / "net.onnx", side=SIDE)), pixels, holes)
    core = np.zeros(holes.shape, dtype=bool)
    core[:, 54:86, 10:86] = True
    np.testing.assert_allclose(restored.pixels[core].astype(int), np.broadcast_to(PAINTED, (core.sum(), 3)), atol=1)


def test_sides_are_padded_to_a_multiple(tmp_path: Path) -> None:
    pixels, holes = faces(side=20)
    method = completer(export(tmp_path / "net.onnx"), {"multiple": 16})
    assert method.size_for(20, 20) == (32, 32)
    restored = unmask(method, pixels, holes)
    inside = holes > 0
    np.testing.assert_allclose(restored.pixels[inside].astype(int), np.broadcast_to(PAINTED, (inside.sum(), 3)), atol=1)


def test_a_crop_that_cannot_be_padded_is_one_line(tmp_path: Path) -> None:
    method = completer(export(tmp_path / "net.onnx", side=16), {"fit": "pad"})
    with pytest.raises(PluginError, match=r"takes 16×16 pixels.*'fit: resize'"):
        unmask(method, *faces())


@pytest.mark.parametrize(("blank", "seen"), [("keep", None), ("black", 0), ("grey", 128), ("white", 255)], ids=str)
def test_the_card_says_what_the_network_sees_in_the_hole(tmp_path: Path, blank: str, seen: int | None) -> None:
    """A network that paints nothing shows its own input."""
    file = export(tmp_path / "net.onnx", mask_values=(0, 1e9))  # its share of the hole is nearly nothing
    pixels, holes = faces()
    restored = unmask(completer(file, {"blank": blank}), pixels, holes)
    inside = holes > 0
    expected = pixels[inside].astype(int) if seen is None else seen
    np.testing.assert_allclose(
        restored.pixels[inside].astype(int), np.broadcast_to(expected, (inside.sum(), 3)), atol=1
    )


def test_a_picture_of_nan_is_a_failure_of_that_image_alone(tmp_path: Path) -> None:
    pixels, holes = faces()
    pixels[1, 0, 0] = 0
    restored = unmask(completer(export(tmp_path / "net.onnx", poisoned=True)), pixels, holes)
    assert restored.refused.tolist() == [False, True, False]


@pytest.mark.parametrize(
    ("made", "card", "message"),
    [
        ({"output_values": (0, 255)}, {}, "gives values from .* to .*, but its card says that black is 0 and white 1"),
        ({}, {"output_values": [0, 255]}, "which is all black, for its card says that black is 0 and white 255"),
        ({"values": (-1, 1)}, {"output_values": [0, 1]}, "correct output_values in the card"),
    ],
)
def test_a_card_with_the_wrong_scale_is_one_line(
    tmp_path: Path, made: dict[str, Any], card: dict[str, Any], message: str
) -> None:
    pixels, holes = faces()
    pixels[:, 0, 0] = 0
    method = completer(export(tmp_path / "net.onnx", **made), card)
    with pytest.raises(PluginError, match=message) as caught:
        unmask(method, pixels, holes)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("made", "card", "message"),
    [
        ({}, {"sise": 512}, r"unknown key 'sise'; did you mean 'size'"),
        ({}, {"values": [1, 1]}, "two different numbers"),
        ({}, {"values": [0, float("inf")]}, "finite number"),
        ({}, {"blank": "pink"}, "'keep', 'black', 'grey' or 'white'"),
        ({}, {"size": 64, "multiple": 8}, "multiple is for networks of any size"),
        ({"side": 48}, {"size": 512}, r"takes pictures of 48×48 pixels .* where its card says 512×512"),
        ({}, {"inputs": "stacked"}, r"takes two inputs \(image, mask\) where its card says 'inputs: stacked'"),
        ({"inputs": "stacked"}, {"inputs": "separate"}, "takes one input"),
        ({"inputs": "stacked"}, {"inputs": "image"}, "takes 4 channels where 'inputs: image' has 3"),
        ({}, {"mask_input": "masc"}, "has no input 'masc'.*did you mean 'mask'"),
        ({}, {"mask_input": "image"}, "'mask' takes 1 channels and 'image' 3"),
        ({"outputs": ("rough", "fine")}, {}, r"several outputs \(rough, fine\); name the picture in its card"),
        ({}, {"output": "paintd"}, "has no output 'paintd'; did you mean 'painted'"),
        ({"kind": TensorProto.UINT8, "values": (0, 255)}, {"values": [0, 1]}, "takes bytes"),
    ],
)
def test_a_card_that_does_not_fit_is_one_line(
    tmp_path: Path, made: dict[str, Any], card: dict[str, Any], message: str
) -> None:
    with pytest.raises(RequestError, match=message) as caught:
        completer(export(tmp_path / "net.onnx", **made), card)
    assert "\n" not in str(caught.value)


def classifier(file: Path, shape: list[object], axes: list[int]) -> Path:
    graph = onnx.helper.make_graph(
        [onnx.helper.make_node("ReduceMean", ["x"], ["y"], axes=axes, keepdims=1)],
        "net",
        [onnx.helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
        [onnx.helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
    )
    onnx.save(onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 13)], ir_version=8), file)
    return file


@pytest.mark.parametrize(
    ("shape", "axes", "message"),
    [
        (["N", 3, 32, 32], [2, 3], r"has shape \(1, 3, 1, 1\) for 1 pictures of 32×32"),
        (["N", 3, 32, 32], [1], r"has shape \(1, 1, 32, 32\)"),
        (["N", 5, 32, 32], [1], r"input 'x' has shape \(N, 5, 32, 32\)"),
        (["N", 512], [1], r"input 'x' has shape \(N, 512\)"),
    ],
)
def test_a_network_that_paints_no_picture_is_one_line(
    tmp_path: Path, shape: list[object], axes: list[int], message: str
) -> None:
    with pytest.raises(BenchmarkError, match=message) as caught:
        completer(classifier(tmp_path / "net.onnx", shape, axes))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("content", [b"", b"no network", b"\x08\x07"])
def test_what_is_no_network_is_one_line(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "net.onnx").write_bytes(content)
    with pytest.raises(RequestError, match=r"net\.onnx") as caught:
        completer(tmp_path / "net.onnx")
    assert "\n" not in str(caught.value)


def test_without_a_card_the_defaults_are_said(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    file = random_network(tmp_path / "net.onnx")
    with caplog.at_level(logging.WARNING):
        method = completer(file)
    assert "onnx:net.onnx has no card (net.yaml): assuming pictures of 0 to 1, RGB, a mask of 1" in caplog.text
    assert method.card.licence.startswith("not stated")
    assert method.card.trained_on == ("unknown",)
    assert method.card.sha256 == method.settings.network


def test_the_card_is_what_the_report_says(tmp_path: Path) -> None:
    said = {
        "summary": "mine",
        "licence": "CC0",
        "trained_on": "celeba",
        "saw_recognisers": "face_recognition",
        "source": "https://example.org",
    }
    card = completer(random_network(tmp_path / "net.onnx"), said).card
    assert (card.summary, card.licence, card.source) == ("mine", "CC0", "https://example.org")
    assert card.trained_on == ("celeba",)
    assert card.saw_recognisers == ("face_recognition",)
    assert "net.onnx, described by net.yaml" in card.weights_source


def test_what_decides_the_picture_is_in_the_key_and_nothing_else(tmp_path: Path) -> None:
    file = random_network(tmp_path / "net.onnx")
    plain = completer(file, {}).settings
    assert completer(file, {"summary": "another", "licence": "mine"}).settings == plain
    assert completer(file, {"blank": "black"}).settings != plain
    assert completer(random_network(file, seed=1), {}).settings != plain
    assert completer(random_network(file), {}).settings == plain


def test_weights_beside_the_file_are_in_the_key(tmp_path: Path) -> None:
    file = random_network(tmp_path / "net.onnx")
    network = onnx.load(str(file))
    onnx.save_model(network, str(file), save_as_external_data=True, location="net.onnx.data", size_threshold=0)
    before = completer(file).settings
    data = bytearray((tmp_path / "net.onnx.data").read_bytes())
    data[-1] ^= 1
    (tmp_path / "net.onnx.data").write_bytes(data)
    assert completer(file).settings != before
    (tmp_path / "net.onnx.data").unlink()
    with pytest.raises(RequestError, match="which is not beside it"):
        completer(file)


def test_the_published_lama_file_is_known_by_its_name(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A network of LaMa's inputs and outputs as programs that use it describe them; not LaMa's weights."""
    file = export(tmp_path / "lama_fp32.onnx", side=512, batch="batch", output_values=(0, 255))
    with caplog.at_level(logging.WARNING):
        method = completer(file)
    assert "is read as the published file of that name" in caplog.text
    assert "not verified" in method.card.summary
    pixels, holes = faces(2, side=128)
    restored = unmask(method, pixels, holes)
    core = np.zeros(holes.shape, dtype=bool)
    core[:, 66:122, 6:122] = True
    np.testing.assert_allclose(restored.pixels[core].astype(int), np.broadcast_to(PAINTED, (core.sum(), 3)), atol=1)
    file.with_suffix(".yaml").write_text("output_values: [0, 255]\nlicence: my own\n", "utf-8")
    assert OnnxCompleter(file, label="lama").card.licence == "my own"


def test_the_command_line_names_it_alone_and_behind_a_detector(tmp_path: Path) -> None:
    folder = tmp_path / "a+b"
    folder.mkdir()
    file = random_network(folder / "net.onnx")
    alone = resolve_method(f"onnx:{file}")
    assert (alone.label, alone.mask_source) == ("onnx:net.onnx", "detected")
    assert resolve_method(f"segmenter+onnx:{file}").label == "onnx:net.onnx"
    behind = resolve_method(f"landmarks+onnx:{file}")
    assert behind.label == "landmarks+onnx:net.onnx"
    assert [part.label for part in behind.parts()] == ["landmarks", "onnx:net.onnx"]
    assert resolve_method(f"true-mask+onnx:{file}").card.privileged
    with pytest.raises(RequestError, match=r"onnx:.*no such file"):
        resolve_method(f"onnx:{folder / 'nte.onnx'}")
