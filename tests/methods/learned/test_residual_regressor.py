"""The thesis's regressor: its architecture, equation 3.1, presets, training and storage."""

from __future__ import annotations

import json
from dataclasses import replace

import cv2
import numpy as np
import pytest
import torch
from torch import nn

from benchmark.errors import RequestError, StorageError
from benchmark.methods.base import MaskedFaces, trainable_parameters
from benchmark.methods.learned import residual_regressor
from benchmark.methods.learned.residual_network import ErrorNetwork
from benchmark.methods.learned.residual_regressor import RegressionTask, ResidualRegressor
from benchmark.methods.learner import Workspace
from benchmark.training.loop import COST_COLUMNS
from benchmark.training.task import TrainingBatch

PARAMETERS_OF_FIGURE_6 = [448, 4_640, 9_248, 9_248, 4_624, 435]


def short(method: ResidualRegressor, epochs: int = 2, batch_size: int = 4) -> ResidualRegressor:
    training = replace(method.settings.training, epochs=epochs, batch_size=batch_size)
    method.settings = replace(method.settings, training=training)
    return method


def test_every_layer_of_figure_6():
    network = ErrorNetwork()
    convolutions = [layer for layer in network.modules() if isinstance(layer, nn.Conv2d)]
    assert [trainable_parameters(layer) for layer in convolutions] == PARAMETERS_OF_FIGURE_6
    assert trainable_parameters(network) == 28_643
    assert ResidualRegressor.parameter_counts() == {"network": 28_643} == dict(ResidualRegressor.card.parameters)
    kinds = [type(layer).__name__ for layer in network.modules() if not list(layer.children())]
    conv, relu = "Conv2d", "ReLU"
    assert kinds == [conv, relu, conv, relu, conv, relu, conv, relu, conv, relu, relu, conv, "Tanh"]


def test_the_residual_block_adds_its_input():
    network = ErrorNetwork()
    faces = torch.rand(1, 3, 8, 8)
    with torch.no_grad():
        for layer in network.residual.modules():
            if isinstance(layer, nn.Conv2d):
                layer.weight.zero_()
                layer.bias.zero_()
        expected = network.narrow(network.deepen(network.widen(faces)))
        assert torch.equal(network(faces), expected)


def test_input_plus_error_is_the_output_and_the_error_is_bounded():
    method = ResidualRegressor(preset="thesis-64")
    network = method.modules["network"]
    network.mean.fill_(0.4)
    network.std.fill_(0.2)
    with torch.no_grad():
        network.narrow[-2].bias.fill_(100)  # tanh saturates: an error of exactly one standard deviation
    faces = MaskedFaces(torch.full((1, 3, 64, 64), 0.5), torch.zeros(1, 1, 64, 64), torch.zeros(1, 68, 2), ("a",))
    with torch.no_grad():
        restored = method.restore(faces)
    assert torch.allclose(restored, torch.full_like(restored, 0.7))
    tuned = ResidualRegressor().settings
    assert tuned.error_scale * 0.25 >= 1  # can turn white into black, given the usual deviation of a quarter


def test_the_thesis_preset_is_the_thesis_s():
    settings = ResidualRegressor(preset="thesis-64").settings
    assert (settings.training.epochs, settings.training.batch_size, settings.side) == (6, 35, 64)
    assert (settings.learning_rate, settings.adaptive, settings.hole_weight) == (1e-4, False, None)
    assert (settings.training.patience, settings.training.flip, settings.error_scale) == (None, False, 1.0)
    assert settings.bare_every is None


def test_the_large_thesis_preset_is_the_thesis_s():
    method = ResidualRegressor(preset="thesis-1024")
    settings = method.settings
    assert (settings.training.epochs, settings.training.batch_size, settings.training.size) == (12, 1, 1024)
    assert (settings.learning_rate, settings.adaptive, settings.max_pairs) == (1e-4, False, 1000)
    assert (method.working_size, settings.error_scale, settings.hole_weight) == (1024, 1.0, None)
    assert trainable_parameters(method.modules["network"]) == 28_643


def test_no_more_pairs_are_used_than_the_preset_says(tiny_pairs, quiet):
    pairs = tiny_pairs(8)
    pairs.true[3:] = 0
    method = short(ResidualRegressor(preset="thesis-1024"), epochs=2, batch_size=1)
    method.settings = replace(method.settings, max_pairs=3)
    method.fit(pairs, progress=quiet)
    assert method.losses.step.tolist() == [3, 6]
    seen = np.concatenate([pairs.masked[:3], pairs.true[:3]]) / 255
    assert torch.allclose(
        method.modules["network"].mean.flatten().double(), torch.from_numpy(seen.mean((0, 1, 2))), atol=1e-6
    )


def test_the_normalisation_of_large_faces_is_taken_face_by_face(tiny_pairs, quiet, monkeypatch):
    means = []
    for pixels in (256 * 64 * 64, 1):
        monkeypatch.setattr(residual_regressor, "_CHUNK_PIXELS", pixels)
        method = short(ResidualRegressor(), epochs=1)
        method.fit(tiny_pairs(8), progress=quiet)
        means.append((method.modules["network"].mean.clone(), method.modules["network"].std.clone()))
    assert torch.allclose(means[0][0], means[1][0])
    assert torch.allclose(means[0][1], means[1][1])


def test_it_draws_a_sheet_an_epoch(tiny_pairs, quiet, tmp_path):
    method = short(ResidualRegressor())
    method.workspace = Workspace(samples=tmp_path)
    method.fit(tiny_pairs(8, validation=5), progress=quiet)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["epoch-001.png", "epoch-002.png"]
    assert cv2.imread(str(tmp_path / "epoch-001.png")).shape == (3 * 18, 5 * 18, 3)


def test_one_thesis_step_is_plain_gradient_descent_on_the_mean_squared_error(tiny_pairs, quiet):
    pairs = tiny_pairs(4)
    method = short(ResidualRegressor(preset="thesis-64"), epochs=1)
    before = {name: value.clone() for name, value in method.modules["network"].named_parameters()}
    pixels = np.concatenate([pairs.masked, pairs.true]).reshape(-1, 3) / 255
    mean, std = (torch.tensor(v, dtype=torch.float32).view(1, 3, 1, 1) for v in (pixels.mean(0), pixels.std(0)))
    masked, true = (
        (torch.from_numpy(images).permute(0, 3, 1, 2) / 255 - mean) / std for images in (pairs.masked, pairs.true)
    )
    reference = ErrorNetwork()
    reference.load_state_dict(method.modules["network"].state_dict())
    loss = (masked + reference(masked) - true).square().mean()
    loss.backward()
    method.fit(pairs, progress=quiet)
    assert torch.allclose(method.modules["network"].mean, mean, atol=1e-6)
    assert torch.allclose(method.modules["network"].std, std, atol=1e-6)
    assert method.losses.train_loss.item() == pytest.approx(loss.item(), rel=1e-4)
    for name, parameter in reference.named_parameters():
        step = method.modules["network"].get_parameter(name) - before[name]
        assert torch.allclose(step, -1e-4 * parameter.grad, atol=2e-8)


def test_normalisation_never_sees_validation_pixels(tiny_pairs, quiet):
    pairs = tiny_pairs(8, validation=4)
    pairs.validation.masked[:] = 255
    pairs.validation.true[:] = 255
    with_validation, without = short(ResidualRegressor()), short(ResidualRegressor())
    with_validation.fit(pairs, progress=quiet)
    without.fit(replace(pairs, validation=None), progress=quiet)
    assert torch.equal(with_validation.modules["network"].mean, without.modules["network"].mean)
    assert torch.equal(with_validation.modules["network"].std, without.modules["network"].std)


def test_it_learns_to_take_a_flat_mask_off(tiny_pairs, quiet):
    pairs = tiny_pairs(48, 16, validation=16)
    for part in (pairs, pairs.validation):
        part.masked[part.holes > 0] = (240, 240, 240)
        part.true[part.holes > 0] = (150, 110, 90)
    method = short(ResidualRegressor(), epochs=20, batch_size=8)
    method.fit(pairs, progress=quiet)
    bare = np.abs(pairs.validation.masked.astype(float) - pairs.validation.true)
    names = tuple(f"image-{row}" for row in range(16))
    restored = method.unmask(pairs.validation.masked, None, pairs.validation.landmarks, names)
    left = np.abs(restored.pixels.astype(float) - pairs.validation.true)
    hole = pairs.validation.holes > 0
    assert left[hole].mean() < 0.5 * bare[hole].mean()
    assert left[~hole].mean() < 0.2 * bare[hole].mean()
    assert {
        "epoch",
        "step",
        "train_loss",
        "validation_hole_error",
        "validation_known_error",
        "validation_bare_error",
        *COST_COLUMNS,
    } == set(method.losses)


def test_the_loss_weighs_the_hole(tiny_pairs):
    settings = replace(ResidualRegressor.presets["tuned"], hole_weight=4.0)
    network = ErrorNetwork()
    with torch.no_grad():
        network.narrow[-2].weight.zero_()
        network.narrow[-2].bias.zero_()  # no error: the output is the input
    task = RegressionTask(network, settings, steps=10)
    holes = torch.zeros(1, 1, 8, 8)
    holes[..., :2] = 1
    true = torch.full((1, 3, 8, 8), 0.5)
    true, holes = true.expand(4, -1, -1, -1), holes.expand(4, -1, -1, -1)
    batch = TrainingBatch(true + 0.1 * holes + 0.02 * (1 - holes), true, holes)

    class Fabric:
        @staticmethod
        def backward(loss, **asked):
            loss.backward(**asked)

    figures = task.validate(batch)
    assert figures["hole_error"].tolist() == pytest.approx([0.1] * 4, rel=1e-4)
    assert figures["known_error"].tolist() == pytest.approx([0.02] * 4, rel=1e-4)
    assert figures["bare_error"].tolist() == [0.0] * 4
    loss = task.step(batch, Fabric())["loss"].item()
    assert loss == pytest.approx(0.75 * (4 * 0.1 + 0.02), rel=1e-4)  # one of four is bare


@pytest.mark.parametrize("preset", ["tuned", "thesis-64"])
def test_saved_and_loaded_it_restores_alike(tiny_pairs, quiet, tmp_path, preset):
    pairs = tiny_pairs(8)
    method = short(ResidualRegressor(preset=preset))
    method.fit(pairs, progress=quiet)
    method.save(tmp_path)
    again = ResidualRegressor(preset=preset, seed=9)
    again.load(tmp_path)
    names = tuple("abcdefgh")
    before, after = (m.unmask(pairs.masked, None, pairs.landmarks, names).pixels for m in (method, again))
    assert np.array_equal(before, after)
    assert not np.array_equal(before, pairs.masked)


def test_the_seed_alone_decides_the_weights(tiny_pairs, quiet):
    pairs = tiny_pairs(8)
    one, same, other = (short(ResidualRegressor(seed=seed)) for seed in (1, 1, 2))
    for method in (one, same, other):
        method.fit(pairs, progress=quiet)
    weights = [method.modules["network"].narrow[-2].weight for method in (one, same, other)]
    assert torch.equal(weights[0], weights[1])
    assert not torch.equal(weights[0], weights[2])


def damage(folder, how: str) -> None:
    weights, about = folder / "weights.safetensors", folder / "weights.json"
    if how == "truncated":
        weights.write_bytes(weights.read_bytes()[:-1])
    elif how == "emptied":
        weights.write_bytes(b"")
    elif how == "missing":
        weights.unlink()
    elif how == "no json":
        about.write_text("{", "utf-8")
    elif how == "foreign":
        about.write_text(json.dumps({"architecture": "paired-gan 1"}), "utf-8")


@pytest.mark.parametrize("how", ["truncated", "emptied", "missing", "no json", "foreign"])
def test_damaged_weights_are_refused(tmp_path, how):
    ResidualRegressor().save(tmp_path)
    damage(tmp_path, how)
    with pytest.raises(StorageError, match="train again"):
        ResidualRegressor().load(tmp_path)


def test_weights_of_another_shape_or_not_finite_are_refused(tmp_path):
    method = ResidualRegressor()
    method.modules["network"].narrow[-2] = nn.Conv2d(16, 4, 3)
    method.save(tmp_path)
    with pytest.raises(StorageError, match=r"narrow.*is \(4.*expected \(3"):
        ResidualRegressor().load(tmp_path)
    method = ResidualRegressor()
    method.modules["network"].mean.fill_(torch.nan)
    method.save(tmp_path)
    with pytest.raises(StorageError, match="not finite"):
        ResidualRegressor().load(tmp_path)


def test_too_few_pairs_are_refused(tiny_pairs, quiet):
    with pytest.raises(RequestError, match="12 training pairs are fewer than one batch of 35"):
        ResidualRegressor(preset="thesis-64").fit(tiny_pairs(12), progress=quiet)
