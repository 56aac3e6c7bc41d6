"""The networks of ``examples/own-completer``: one the same in both forms, and a pipeline of diffusers as a plugin."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from benchmark.errors import PluginError, RequestError
from benchmark.methods.resolve import resolve_method
from benchmark.methods.unmasker import Restored, Unmasker
from benchmark.plugin_code.importer import load_file
from benchmark.plugins import METHODS

EXAMPLES = Path(__file__).parents[2] / "examples" / "own-completer"


def unmask(method: Unmasker, *, side: int = 64) -> tuple[Restored, np.ndarray, np.ndarray]:
    ramp = np.linspace(60, 200, side)[None, :, None, None]
    pixels = np.broadcast_to(ramp, (3, side, side, 3)).astype(np.uint8)
    holes = np.zeros((3, side, side), dtype=np.uint8)
    holes[:, side // 2 : side - 8, 8 : side - 8] = 255
    masked = np.where(holes[..., None] > 0, np.uint8(255), pixels)
    ids = ("a", "b", "c")
    return method.unmask(masked, holes, np.zeros((3, 68, 2), np.float32), ids), pixels, holes > 0


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning")  # of the exporter
def test_the_example_network_fills_smoothly_and_its_onnx_file_does_the_same(tmp_path: Path) -> None:
    for name in ("smooth_fill.py", "smooth_fill.yaml"):
        shutil.copy(EXAMPLES / name, tmp_path)
    load_file(tmp_path / "smooth_fill.py").export(tmp_path / "smooth_fill.onnx")
    of_torch = resolve_method(f"true-mask+{tmp_path / 'smooth_fill.py'}:SmoothFill")
    of_onnx = resolve_method(f"true-mask+onnx:{tmp_path / 'smooth_fill.onnx'}")
    assert of_torch.card.licence == of_onnx.card.licence == "MIT"
    for side in (64, 72):
        first, pixels, inside = unmask(of_torch, side=side)
        second, _, _ = unmask(of_onnx, side=side)
        assert np.abs(first.pixels.astype(int) - second.pixels).max() <= 1
        assert np.abs(first.pixels[inside].astype(int) - pixels[inside]).mean() < 12


class FakePipeline:
    """What the plugin calls of a pipeline of diffusers: it paints noise, or black where the prompt says so."""

    calls: list[dict[str, Any]] = []  # noqa: RUF012  # of all instances

    @classmethod
    def from_pretrained(cls, folder: str, *, local_files_only: bool) -> FakePipeline:
        assert local_files_only
        assert Path(folder, "model_index.json").is_file()
        return cls()

    def set_progress_bar_config(self, *, disable: bool) -> None:
        assert disable

    def to(self, device: str) -> FakePipeline:
        assert device == "cpu"
        return self

    def __call__(self, **given: Any) -> SimpleNamespace:
        type(self).calls.append(given)
        side = given["height"]
        assert given["image"].shape[1:] == (3, side, side)
        assert given["mask_image"].shape[1:] == (1, side, side)
        assert set(given["mask_image"].unique().tolist()) <= {0.0, 1.0}
        assert given["output_type"] == "pt"
        images = torch.stack([torch.rand(3, side, side, generator=one) for one in given["generator"]])
        return SimpleNamespace(images=images * (0 if given["prompt"][0] == "black" else 1))


@pytest.fixture
def plugin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    for name in ("diffusers_inpainting.py", "diffusers_inpainting.yaml"):
        shutil.copy(EXAMPLES / name, tmp_path)
    (tmp_path / "pipeline").mkdir()
    (tmp_path / "pipeline" / "model_index.json").write_text("{}", "utf-8")
    fake = ModuleType("diffusers")
    fake.AutoPipelineForInpainting = FakePipeline
    fake.__spec__ = SimpleNamespace(name="diffusers")
    monkeypatch.setitem(sys.modules, "diffusers", fake)
    package = ModuleType("transformers")
    package.__spec__ = SimpleNamespace(name="transformers")
    monkeypatch.setitem(sys.modules, "transformers", package)
    FakePipeline.calls = []
    load_file(tmp_path / "diffusers_inpainting.py")
    yield tmp_path
    METHODS._entries.pop("diffusers-inpainting")


def test_a_pipeline_of_diffusers_is_a_completer(plugin: Path) -> None:
    card = plugin / "diffusers_inpainting.yaml"
    card.write_text(
        card.read_text("utf-8").replace("size: 512 ", "size: 96 ").replace("not stated", "OpenRAIL"), "utf-8"
    )
    method = resolve_method("true-mask+diffusers-inpainting")
    first, _, inside = unmask(method)
    again, _, _ = unmask(resolve_method("true-mask+diffusers-inpainting"))
    np.testing.assert_array_equal(first.pixels, again.pixels)
    assert (first.pixels[~inside] != 0).all()
    assert not np.array_equal(first.pixels[0][inside[0]], first.pixels[1][inside[1]])
    assert FakePipeline.calls[0]["height"] == 96
    assert method.card.licence == "code: MIT; weights: OpenRAIL; MIT"


def test_what_decides_the_pictures_is_in_the_settings(plugin: Path) -> None:
    def settings() -> object:
        return resolve_method("diffusers-inpainting").settings

    before = settings()
    (plugin / "pipeline" / "weights.safetensors").write_bytes(b"others")
    with_weights = settings()
    card = plugin / "diffusers_inpainting.yaml"
    card.write_text(card.read_text("utf-8").replace("steps: 25", "steps: 30"), "utf-8")
    assert len({repr(before), repr(with_weights), repr(settings())}) == 3


def test_a_face_that_the_pipelines_filter_blackens_is_a_failure(plugin: Path) -> None:
    card = plugin / "diffusers_inpainting.yaml"
    card.write_text("folder: pipeline\nprompt: black\nsize: 64\n", "utf-8")
    restored, _, _ = unmask(resolve_method("true-mask+diffusers-inpainting"))
    assert restored.refused.all()


def test_a_missing_pipeline_and_a_wrong_key_are_one_line(plugin: Path) -> None:
    card = plugin / "diffusers_inpainting.yaml"
    card.write_text("folder: nowhere\n", "utf-8")
    with pytest.raises(RequestError, match="holds no pipeline of diffusers"):
        resolve_method("diffusers-inpainting")
    card.write_text("folder: pipeline\nstep: 3\n", "utf-8")
    with pytest.raises((RequestError, PluginError), match="unknown key 'step'; did you mean 'steps'"):
        resolve_method("diffusers-inpainting")
