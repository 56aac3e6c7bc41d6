"""The thesis's paired GAN: figures 9 and 10, its loss table, who learns from what, and what keeps it in balance."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from averaged import with_average
from torch import nn

from benchmark.errors import RequestError, StorageError
from benchmark.methods.base import trainable_parameters
from benchmark.methods.learned.paired_gan import PairedGan, PairedGanTask
from benchmark.methods.learned.paired_gan_networks import PairedDiscriminator, PairedGenerator
from benchmark.training.task import TrainingBatch

# convolution and batch normalisation in turn, as the figures list them
FIGURE_10 = [448, 32, 4_640, 64, 9_248, 64, 9_248, 64, 18_496, 128, 9_232, 32, 2_320, 32, 2_320, 32, 1_160, 219]
FIGURE_9 = [1_792, 128, 73_856, 256, 73_792, 128, 18_464, 64, 4_624, 32, 1_160, 16, 292, 8, 74, 4, 19, 2]
COLUMNS_OF_FIGURE_14 = {"train_losses_d", "train_losses_g", "train_real_scores", "train_fake_scores"}


class Fabric:
    """What a task needs of Fabric."""

    @staticmethod
    def backward(loss: torch.Tensor, **asked: object) -> None:
        loss.backward(**asked)


def short(preset: str = "tuned", *, epochs: int = 2, batch_size: int = 4, **changes: object) -> PairedGan:
    method = PairedGan(preset=preset)
    training = replace(method.settings.training, epochs=epochs, batch_size=batch_size, precision="float32", size=None)
    method.settings = replace(method.settings, training=training, **changes)
    return method


def counts(network: nn.Module) -> list[int]:
    return [trainable_parameters(layer) for layer in network.modules() if isinstance(layer, nn.Conv2d | nn.BatchNorm2d)]


@pytest.mark.parametrize("wide_view", [True, False])
def test_every_layer_of_figure_10(wide_view):
    generator = PairedGenerator(wide_view=wide_view)
    assert counts(generator) == FIGURE_10
    assert trainable_parameters(generator) == 57_779
    faces = torch.rand(2, 3, 50, 50) * 2 - 1
    painted = generator(faces)
    assert painted.shape == faces.shape
    assert painted.abs().max() <= 1


@pytest.mark.parametrize("side", [16, 64, 100, 512, 1024])
@pytest.mark.parametrize("linear_score", [True, False])
def test_every_layer_of_figure_9_at_every_side(side, linear_score):
    discriminator = PairedDiscriminator(side, linear_score=linear_score)
    assert counts(discriminator) == FIGURE_9
    assert trainable_parameters(discriminator) == 174_711


def test_the_discriminator_halves_512_pixels_nine_times():
    kinds = [layer for layer in PairedDiscriminator(512, linear_score=False).modules() if not list(layer.children())]
    assert sum(isinstance(layer, nn.MaxPool2d) for layer in kinds) == 9
    assert sum(isinstance(layer, nn.LeakyReLU) for layer in kinds) == 9
    small = PairedDiscriminator(64, linear_score=False)
    sizes: list[int] = []
    for block in small.blocks:
        block.register_forward_hook(lambda _layer, _given, made: sizes.append(made.shape[-1]))
    assert small(torch.rand(2, 3, 64, 64)).shape == (2,)
    assert sizes == [32, 16, 8, 4, 2, 2, 2, 2, 1]
    with pytest.raises(RequestError, match="16 pixels or more, not 12"):
        PairedDiscriminator(12, linear_score=False)


def test_the_card_and_the_thesis_preset_say_what_the_thesis_says():
    assert PairedGan.parameter_counts() == {"generator": 57_779, "discriminator": 174_711}
    assert dict(PairedGan.card.parameters) == PairedGan.parameter_counts()
    settings = PairedGan.presets["thesis-512"]
    assert (settings.training.size, settings.training.batch_size, settings.training.epochs) == (512, 1, 9)
    assert (settings.hole_weight, settings.wide_view, settings.adds_error, settings.linear_score) == (
        None,
        False,
        False,
        False,
    )
    thesis = PairedGan(preset="thesis-512")
    assert thesis.working_size == 512
    assert {name: trainable_parameters(network) for name, network in thesis.networks().items()} == {
        "generator": 57_779,
        "discriminator": 174_711,
    }


@pytest.mark.parametrize("wide_view", [True, False])
def test_how_far_the_generator_sees(wide_view):
    generator = PairedGenerator(wide_view=wide_view).eval()
    faces = torch.rand(1, 3, 64, 64).requires_grad_(True)
    (gradient,) = torch.autograd.grad(generator(faces)[0, :, 32, 32].sum(), faces)
    rows = gradient.abs().sum((0, 1, 3)).nonzero().flatten()
    seen = int(rows.max() - rows.min()) + 1
    assert seen >= 60 if wide_view else seen <= 21


@pytest.mark.parametrize("preset", ["tuned", "thesis-512"])
def test_the_loss_table_has_the_columns_of_figure_14(tiny_pairs, quiet, preset):
    method = short(preset, adversarial_from=0.0)
    method.fit(tiny_pairs(8, validation=4), progress=quiet)
    assert set(method.losses) >= {*COLUMNS_OF_FIGURE_14, "train_discriminator_accuracy", "validation_hole_error"}
    assert np.isfinite(method.losses.to_numpy(dtype=float)).all()
    for column in ("train_real_scores", "train_fake_scores", "train_discriminator_accuracy"):
        assert method.losses[column].between(0, 1).all()
    assert set(method.modules) == {"generator", "discriminator"}


def task_and_batch(tiny_pairs, **changes: object) -> tuple[PairedGanTask, TrainingBatch]:
    method = short(adversarial_from=0.0, **changes)
    method._set_side(16)
    pairs = tiny_pairs(8)
    masked, true = (torch.from_numpy(part).permute(0, 3, 1, 2) / 255 for part in (pairs.masked, pairs.true))
    task = method.task(with_average(method.modules), side=16, steps=10)
    return task, TrainingBatch(masked, true, torch.from_numpy(pairs.holes)[:, None].gt(0).float(), step=5)


def parameters(module: nn.Module) -> list[torch.Tensor]:
    return [parameter.detach().clone() for parameter in module.parameters()]


def unchanged(module: nn.Module, before: list[torch.Tensor]) -> bool:
    return all(torch.equal(now, then) for now, then in zip(module.parameters(), before, strict=True))


def test_each_step_moves_its_own_network_and_leaves_no_gradient(tiny_pairs):
    task, batch = task_and_batch(tiny_pairs, rests_above=None)
    optimiser = task.optimisers["discriminator"]
    before = parameters(task.modules["generator"])
    fake = torch.rand_like(batch.true).requires_grad_(True)
    task._discriminate(batch.true, fake.detach(), Fabric())
    assert unchanged(task.modules["generator"], before)
    before = parameters(task.modules["discriminator"])
    optimiser.step = lambda: None
    task.step(batch, Fabric())
    assert unchanged(task.modules["discriminator"], before)
    for module in task.modules.values():
        assert all(parameter.grad is None for parameter in module.parameters())
        assert all(parameter.requires_grad for parameter in module.parameters())


def test_a_discriminator_that_is_too_good_waits(tiny_pairs):
    for most, waits in ((0.0, True), (1.0, False)):
        task, batch = task_and_batch(tiny_pairs, rests_above=most)
        before = parameters(task.modules["discriminator"])
        losses = task.step(batch, Fabric())
        assert float(losses["discriminator_accuracy"]) > 0
        assert unchanged(task.modules["discriminator"], before) == waits


def test_a_discriminator_that_waits_is_asked_once(tiny_pairs):
    for most, times in ((0.0, 1), (1.0, 2)):
        task, batch = task_and_batch(tiny_pairs, rests_above=most)
        asked = []
        task.modules["discriminator"].register_forward_hook(lambda *_, seen=asked: seen.append(1))
        task.step(batch, Fabric())
        assert len(asked) == times


def test_the_generator_learns_alone_before_the_discriminator_enters(tiny_pairs):
    task, batch = task_and_batch(tiny_pairs)
    task._adversarial_from = 6
    before = parameters(task.modules["discriminator"])
    assert set(task.step(batch, Fabric())) == {"error"}
    assert unchanged(task.modules["discriminator"], before)
    assert {f"train_{key}" for key in task.step(replace(batch, step=6), Fabric())} >= COLUMNS_OF_FIGURE_14


def test_the_average_follows_the_generator(tiny_pairs):
    task, batch = task_and_batch(tiny_pairs, average_decay=0.5)
    before = parameters(task.modules["average"])
    task.step(batch, Fabric())
    average, generator = (parameters(task.modules[name]) for name in ("average", "generator"))
    decay = min(0.5, 6 / 15)
    for then, now, current in zip(before, average, generator, strict=True):
        assert torch.allclose(now, decay * then + (1 - decay) * current, atol=1e-6)


@pytest.mark.slow
def test_it_learns_to_take_a_flat_mask_off_and_to_leave_bare_faces_alone(tiny_pairs, quiet):
    pairs = tiny_pairs(48, 16, validation=16)
    for part in (pairs, pairs.validation):
        part.masked[part.holes > 0] = (240, 240, 240)
        part.true[part.holes > 0] = (150, 110, 90)
    method = short(epochs=25, batch_size=8)
    method.fit(pairs, progress=quiet)
    faces = pairs.validation
    names = tuple(f"image-{row}" for row in range(16))
    restored = method.unmask(faces.masked, None, faces.landmarks, names).pixels
    bare = method.unmask(faces.true, None, faces.landmarks, names).pixels
    hole = faces.holes > 0
    masked_error = np.abs(faces.masked.astype(float) - faces.true)[hole].mean()
    assert np.abs(restored.astype(float) - faces.true)[hole].mean() < 0.5 * masked_error
    assert np.abs(bare.astype(float) - faces.true).mean() < 0.25 * masked_error


@pytest.mark.parametrize("preset", ["tuned", "thesis-512"])
def test_saved_and_loaded_it_restores_alike_at_its_own_side(tiny_pairs, quiet, tmp_path, preset):
    method = short(preset)
    method.fit(tiny_pairs(8), progress=quiet)
    method.save(tmp_path)
    again = PairedGan(preset=preset, seed=9)
    again.load(tmp_path)
    assert again.side == 16
    larger = tiny_pairs(5, 32)
    before, after = (m.unmask(larger.masked, None, larger.landmarks, tuple("abcde")).pixels for m in (method, again))
    assert np.array_equal(before, after)
    alone = again.unmask(larger.masked[2:3], None, larger.landmarks[2:3], ("c",)).pixels
    assert np.array_equal(alone[0], after[2])


def test_a_killed_training_continues_to_the_same_weights(tiny_pairs, resumes_to_the_bit):
    def make() -> PairedGan:
        method = short(adversarial_from=0.4)
        training = replace(method.settings.training, checkpoint_every=2)
        method.settings = replace(method.settings, training=training)
        return method

    resumes_to_the_bit(make, tiny_pairs(8), PairedGanTask, 3)


def test_damaged_or_foreign_weights_are_refused(tmp_path):
    method = PairedGan()
    method.save(tmp_path)
    weights = tmp_path / "weights.safetensors"
    content = weights.read_bytes()
    weights.write_bytes(content[:-1])
    with pytest.raises(StorageError, match="train again"):
        PairedGan().load(tmp_path)
    weights.write_bytes(content)
    (tmp_path / "weights.json").write_text('{"architecture": "glcic 1"}', "utf-8")
    with pytest.raises(StorageError, match="belong to 'glcic 1'"):
        PairedGan().load(tmp_path)
