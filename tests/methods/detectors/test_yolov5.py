"""The box detector: its geometry without the optional package, its training and storage with it."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
import torch

from benchmark.errors import PluginError, RequestError, StorageError
from benchmark.methods.detectors import yolov5_network
from benchmark.methods.detectors.yolov5 import BoxTask, Yolov5Detector, best_boxes, filled, true_boxes
from benchmark.methods.resolve import resolve_method
from benchmark.training.batches import PairBatches


@pytest.fixture
def installed() -> None:
    found = Yolov5Detector.availability()
    if not found.available:
        if os.environ.get("UNMASK_REQUIRE_YOLO"):
            pytest.fail(found.reason)
        pytest.skip(found.reason)


@pytest.fixture
def toy(tiny_pairs):
    """Faces of 64 px whose mask is white."""
    pairs = tiny_pairs(48, 64, validation=16)
    for part in (pairs, pairs.validation):
        part.masked[part.holes > 0] = 250
    return pairs


def detector(**training) -> Yolov5Detector:
    method = Yolov5Detector()
    method.settings = replace(method.settings, training=replace(method.settings.training, **training))
    return method


@pytest.mark.usefixtures("installed")
def test_importing_the_package_leaves_opencv_s_threads_and_numpy_s_printing_alone():
    code = (
        "import cv2, numpy as np\n"
        "from benchmark.methods.detectors.yolov5_network import MaskYolo\n"
        "def seen(): return cv2.getNumThreads(), repr(np.array([0.5]))\n"
        "cv2.setNumThreads(2)\nbefore = seen()\nMaskYolo()\nassert seen() == before, (before, seen())\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_the_box_round_a_mask_leaves_straps_out():
    holes = torch.zeros(3, 1, 64, 64)
    holes[0, 0, 30:50, 20:44] = 1
    holes[0, 0, 32, 2:62] = 1  # a strap from ear to ear
    holes[2, 0, 40:42, 10:20] = 1  # nothing but a strap
    rows, boxes = true_boxes(holes, 0.08)
    assert rows.tolist() == [0, 2]
    assert (boxes[0] * 64).tolist() == [32, 40, 24, 20]
    assert (boxes[1] * 64).tolist() == [15, 41, 10, 2]
    whole = true_boxes(holes, 0.0)[1]
    assert (whole[0] * 64).tolist() == [32, 40, 60, 20]
    none = true_boxes(torch.zeros(2, 1, 64, 64), 0.08)
    assert none[0].shape == (0,)
    assert none[1].shape == (0, 4)


def test_the_best_box_is_taken_if_it_is_good_enough_and_filled():
    candidates = torch.zeros(2, 5, 3)
    candidates[0, :, 1] = torch.tensor([0.5, 0.5, 0.5, 0.25, 0.9])
    candidates[0, 4, 2] = 0.6
    candidates[1, :, 0] = torch.tensor([0.5, 0.5, 0.5, 0.25, 0.4])
    boxes = best_boxes(candidates, 0.5)
    assert boxes.tolist() == [[0.5, 0.5, 0.5, 0.25], [0, 0, 0, 0]]
    region = filled(boxes, 16, rounded=False)
    assert region[0].sum() == 8 * 4
    assert region[0, 6:10, 4:12].all()
    assert not region[1].any(), "no box, no mask"
    smooth = filled(boxes, 16, rounded=True)
    assert torch.equal(smooth[0, :8], region[0, :8])
    assert not smooth[0, 9, 4]
    assert 8 * 2 < smooth[0].sum() < 8 * 4


def test_without_the_package_it_says_how_to_get_it(monkeypatch):
    find = importlib.util.find_spec
    absent = ("ultralytics", "torchvision")
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, *rest: None if name in absent else find(name, *rest))
    found = Yolov5Detector.availability()
    assert not found.available
    assert "pip install 'ultralytics" in found.reason
    assert "AGPL" in found.reason
    with pytest.raises(RequestError, match="pip install 'ultralytics"):
        resolve_method("yolov5+telea")
    with pytest.raises(PluginError, match="pip install"):
        yolov5_network.MaskYolo()
    assert Yolov5Detector.parameter_counts() == dict(Yolov5Detector.card.parameters)


def test_its_licence_is_on_its_card_and_the_thesis_s_epochs_in_its_preset():
    assert "AGPL" in Yolov5Detector.card.licence
    assert next(iter(Yolov5Detector.presets)) == "tuned"
    assert Yolov5Detector.presets["thesis"].training.epochs == 60
    assert not Yolov5Detector.presets["thesis"].adaptive


@pytest.mark.usefixtures("installed")
def test_its_size_is_on_its_card():
    network = yolov5_network.MaskYolo()
    trainable = sum(parameter.numel() for parameter in network.parameters() if parameter.requires_grad)
    assert {"yolov5n": trainable} == dict(Yolov5Detector.card.parameters)


@pytest.mark.slow
@pytest.mark.usefixtures("installed")
def test_it_learns_a_toy_mask_and_is_stored_without_pickles(toy, quiet, tmp_path):
    method = detector(epochs=30, batch_size=8, patience=None, max_steps=150)
    method.settings = replace(method.settings, confidence=0.0)  # so short a training makes no network sure
    method.fit(toy, progress=quiet)
    assert method.losses.train_loss.iloc[-1] < 0.6 * method.losses.train_loss.iloc[0]
    found = method.detect(toy.validation.masked, None, ())
    both = ((found > 0) & (toy.validation.holes > 0)).sum()
    either = ((found > 0) | (toy.validation.holes > 0)).sum()
    assert both / either > 0.5
    assert np.array_equal(method.detect(toy.validation.masked[5:6], None, ())[0], found[5])
    method.save(tmp_path)
    assert {path.suffix for path in tmp_path.iterdir()} == {".safetensors", ".json"}
    again = Yolov5Detector(seed=3)
    again.settings = method.settings
    again.load(tmp_path)
    assert again.side == method.side == 64
    assert np.array_equal(again.detect(toy.validation.masked, None, ()), found)
    assert again.detect(np.zeros((2, 100, 100, 3), np.uint8), None, ()).shape == (2, 100, 100)
    weights = tmp_path / "weights.safetensors"
    weights.write_bytes(weights.read_bytes()[:100_000])
    with pytest.raises(StorageError, match="train again"):
        Yolov5Detector().load(tmp_path)


@pytest.mark.usefixtures("installed")
@pytest.mark.parametrize("preset", ["tuned", "thesis"])
def test_a_step_lowers_the_loss_of_its_batch(toy, preset):
    from lightning_fabric import Fabric

    settings = Yolov5Detector.presets[preset]
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = yolov5_network.MaskYolo()
    task = BoxTask(network, settings, side=64, steps=100)
    batch = PairBatches(toy, batch_size=4, size=64, flip=False, seed=0, device="cpu").batch(0)
    network.train()
    fabric = Fabric(accelerator="cpu", devices=1)
    losses = []
    for _ in range(8):
        losses.append(float(task.step(batch, fabric)["loss"].detach()))
        task.schedulers["yolov5n"].step()
    assert losses[-1] < losses[0]
    network.eval()
    with torch.no_grad():
        figures = task.validate(batch)
    assert {key: value.shape for key, value in figures.items()} == dict.fromkeys(("error", "iou", "bare_found"), (4,))
