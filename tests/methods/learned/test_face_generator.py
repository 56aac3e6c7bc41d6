"""The unconditional GAN of faces: networks, who learns from what, samples, storage; and that it is no method alone."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest
import torch
from averaged import with_average
from torch import nn

from benchmark.cli.list_plugins import list_kind
from benchmark.errors import RequestError, StorageError
from benchmark.methods.learned.face_generator import FaceGenerator, FaceGeneratorTask
from benchmark.methods.learned.face_generator_networks import (
    LATENT,
    FaceDiscriminator,
    LatentEncoder,
    LatentGenerator,
)
from benchmark.methods.learner import Workspace
from benchmark.methods.resolve import resolve_method, resolve_parts, selectable_methods
from benchmark.methods.trained_weights import TrainedWeights
from benchmark.plugins import METHODS
from benchmark.training.task import TrainingBatch


class Fabric:
    """What a task needs of Fabric."""

    autocast = staticmethod(lambda: torch.autocast("cpu", enabled=False))

    @staticmethod
    def backward(loss: torch.Tensor, **asked: object) -> None:
        loss.backward(**asked)


def short(preset: str = "tuned", *, epochs: int = 2, batch_size: int = 4, **changes: object) -> FaceGenerator:
    method = FaceGenerator(preset=preset)
    training = replace(method.settings.training, epochs=epochs, batch_size=batch_size, precision="float32")
    method.settings = replace(method.settings, training=training, **changes)
    return method


def stop(*_: object, **__: object) -> None:
    raise StopIteration


def task_and_batch(tiny_pairs, *, step: int = 8) -> tuple[FaceGeneratorTask, TrainingBatch]:
    method = short()
    method._set_side(16)
    pairs = tiny_pairs(8)
    masked, true = (torch.from_numpy(part).permute(0, 3, 1, 2) / 255 for part in (pairs.masked, pairs.true))
    batch = TrainingBatch(masked, true, torch.from_numpy(pairs.holes)[:, None].gt(0).float(), step=step)
    return method.task(with_average(method.modules), side=16, steps=10), batch


def parameters(module: nn.Module) -> list[torch.Tensor]:
    return [parameter.detach().clone() for parameter in module.parameters()]


def moved(module: nn.Module, before: list[torch.Tensor]) -> bool:
    return any(not torch.equal(now, then) for now, then in zip(module.parameters(), before, strict=True))


def test_its_card_states_its_parameters():
    assert FaceGenerator.parameter_counts() == dict(FaceGenerator.card.parameters)


@pytest.mark.parametrize("side", [16, 64, 128])
def test_shapes_at_each_side(side):
    faces = LatentGenerator(side)(torch.randn(3, LATENT))
    assert faces.shape == (3, 3, side, side)
    assert faces.abs().max() <= 1
    assert FaceDiscriminator(side)(faces).shape == (3, 1)
    assert LatentEncoder(side)(torch.rand(3, 4, side, side)).shape == (3, LATENT)


def test_the_discriminator_judges_each_face_alone():
    discriminator = FaceDiscriminator(32).train()
    faces = torch.rand(4, 3, 32, 32)
    assert torch.allclose(discriminator(faces)[:1], discriminator(faces[:1]), atol=1e-6)


def test_the_thesis_preset_is_plain_and_takes_five_faces():
    method = FaceGenerator(preset="thesis")
    settings = method.settings
    assert (settings.training.batch_size, settings.training.epochs, settings.penalty) == (5, 8, 0)
    assert set(method.modules) == {"generator", "discriminator"}


def test_each_network_learns_in_its_own_step_and_no_gradient_is_left(tiny_pairs):
    task, batch = task_and_batch(tiny_pairs)
    for name in ("generator", "discriminator", "encoder"):
        before = {other: parameters(module) for other, module in task.modules.items()}
        kept = {key: value.clone() for key, value in task.modules["average"].named_buffers()}
        losses = {
            "generator": lambda: task._imitate(task.modules["generator"](torch.randn(8, LATENT)), Fabric()),
            "discriminator": lambda: task._discriminate(batch.true, batch.masked, 0, Fabric()),
            "encoder": lambda: task._encode(batch, Fabric()),
        }
        task.modules["average"].eval()
        losses[name]()
        assert [other for other in task.modules if moved(task.modules[other], before[other])] == [name]
        assert all(torch.equal(kept[key], value) for key, value in task.modules["average"].named_buffers())
    for module in task.modules.values():
        assert all(parameter.grad is None for parameter in module.parameters())
        assert all(parameter.requires_grad for parameter in module.parameters())


def test_the_encoder_begins_when_the_preset_says_so(tiny_pairs):
    task, batch = task_and_batch(tiny_pairs)  # encoder_from 0.6 of 10 steps
    assert "encoder" in task.step(batch, Fabric())
    assert "encoder" not in task.step(replace(batch, step=5), Fabric())


def test_it_trains_draws_sheets_and_what_is_kept_is_the_average(tiny_pairs, quiet, tmp_path):
    method = short(epochs=3, average_decay=0.5)
    method.workspace = Workspace(samples=tmp_path)
    method.fit(tiny_pairs(12, validation=4), progress=quiet)
    assert {"train_losses_d", "train_losses_g", "train_discriminator_accuracy"} <= set(method.losses)
    assert len(method.losses) == 3
    assert set(method.modules) == {"generator", "discriminator", "encoder"}
    sheets = [cv2.imread(str(tmp_path / f"epoch-00{epoch}.png")) for epoch in (1, 3)]
    assert sheets[0].shape == sheets[1].shape == (6 * 18, 4 * 18, 3)  # three rows of random faces, three of completed
    assert not np.array_equal(sheets[0][:54], sheets[1][:54])


def test_faces_of_other_sides_are_shrunk(tiny_pairs, quiet):
    method = short(epochs=1)
    method.fit(tiny_pairs(8, 24, validation=4), progress=quiet)
    assert method.side == 16
    with pytest.raises(RequestError, match="16 pixels or more, not 12"):
        short().fit(tiny_pairs(8, 12), progress=quiet)


@pytest.mark.slow
def test_the_generator_learns_the_colour_of_faces(tiny_pairs, quiet):
    pairs = tiny_pairs(32)
    pairs.true[:] = np.clip(pairs.true // 4 + np.array([170, 90, 30]), 0, 255)
    method = short(epochs=40, batch_size=16, learning_rate=2e-3, encoder_from=0.99)
    method.fit(pairs, progress=quiet)
    made = method.generate(torch.randn(16, LATENT)).detach().mean((0, 2, 3))
    assert torch.allclose(made, torch.from_numpy(pairs.true / 255).float().mean((0, 1, 2)), atol=0.12)


def test_saved_and_loaded_it_draws_the_same_faces(tiny_pairs, quiet, tmp_path):
    method = short(epochs=1)
    method.fit(tiny_pairs(8, 32), progress=quiet)
    method.save(tmp_path)
    again = FaceGenerator(seed=5)
    again.load(tmp_path)
    assert again.side == 32
    latents = torch.randn(2, LATENT)
    assert torch.equal(method.generate(latents), again.generate(latents))
    with pytest.raises(StorageError, match="do not fit"):
        FaceGenerator(preset="thesis").load(tmp_path)
    (tmp_path / "weights.safetensors").write_bytes(b"")
    with pytest.raises(StorageError, match="train again"):
        FaceGenerator().load(tmp_path)


def test_larger_networks_begin_with_all_that_smaller_ones_have_learned(tiny_pairs, quiet, tmp_path, monkeypatch):
    small, large = short(epochs=1), short(epochs=1)
    small.fit(tiny_pairs(8, 32), progress=quiet)
    small.save(tmp_path)
    large.workspace = Workspace(start_from=TrainedWeights(tmp_path))
    monkeypatch.setattr(FaceGenerator, "task", stop)
    with pytest.raises(StopIteration):
        large.fit(tiny_pairs(8, 64), progress=quiet)
    latents = torch.randn(2, LATENT)[:, :, None, None]
    before_colours = [network.layers[:-4] for network in (small.modules["generator"], large.modules["generator"])]
    assert large.side == 64
    assert torch.equal(before_colours[0](latents), before_colours[1][: len(before_colours[0])](latents))
    for name in ("discriminator", "encoder"):
        first, second = (list(method.modules[name].layers)[-5:] for method in (small, large))
        pictures = torch.randn(2, 128, 8, 8)
        assert torch.equal(nn.Sequential(*first)(pictures), nn.Sequential(*second)(pictures)), name


def test_alone_it_is_refused_but_it_is_listed_and_can_be_trained():
    with pytest.raises(RequestError, match="only generates random faces; use 'gan-prior'"):
        resolve_method("face-generator")
    names, left_out = selectable_methods()
    assert "face-generator" not in {*names, *left_out}
    assert "gan-prior" in {*names, *left_out}
    row = next(row for row in list_kind(METHODS) if row["name"] == "face-generator")
    assert row["parameters"] == dict(FaceGenerator.card.parameters)
    assert [part.name for part in resolve_parts("face-generator") if part.trains] == ["face-generator"]
    assert [part.name for part in resolve_parts("gan-prior") if part.trains] == ["face-generator"]
