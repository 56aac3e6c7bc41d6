"""GLCIC: the published tables, its three phases, whose gradients go where, training and storage."""

from __future__ import annotations

import copy
import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from averaged import with_average
from torch import nn

from benchmark.errors import RequestError, StorageError
from benchmark.methods.base import trainable_parameters
from benchmark.methods.filling.completion import blanked, composited
from benchmark.methods.learned.glcic import Glcic, GlcicTask
from benchmark.methods.learned.glcic_networks import CompletionNetwork, ContextDiscriminators, corners, crops
from benchmark.training.adversarial import discriminator_loss, generator_loss
from benchmark.training.task import TrainingBatch

NAMES = tuple("abcdefghijkl")


class Fabric:
    """Backward without the machinery."""

    @staticmethod
    def backward(loss, **asked):
        loss.backward(**asked)


def small(method: Glcic | None = None, *, epochs: int = 2, **changes) -> Glcic:
    method = method or Glcic()
    training = replace(method.settings.training, epochs=epochs, batch_size=4, precision="float32", size=None)
    narrow = {"width": 4, "discriminator_width": 4, "features": 8}
    method.settings = replace(method.settings, training=training, **narrow, **changes)
    method._set_side(method.side)
    return method


def batch_of(pairs, step: int = 0) -> TrainingBatch:
    masked, true = (torch.from_numpy(part).permute(0, 3, 1, 2) / 255 for part in (pairs.masked, pairs.true))
    return TrainingBatch(masked, true, (torch.from_numpy(pairs.holes) > 0).float()[:, None], step)


def task_at(phase: str, **changes) -> tuple[GlcicTask, int]:
    """A task of 100 steps and the number of a step in `phase`."""
    method = small(completion_share=0.5, discriminator_share=0.1, **changes)
    method._set_side(16)
    step = {"completion": 49, "discriminators": 50, "joint": 60}[phase]
    task = method.task(with_average(method.modules), side=16, steps=100)
    assert isinstance(task, GlcicTask)
    for module in task.modules.values():
        module.train()
    return task, step


def states(task: GlcicTask) -> dict[str, list[torch.Tensor]]:
    return {name: [p.detach().clone() for p in module.parameters()] for name, module in task.modules.items()}


def changed(before, after) -> dict[str, bool]:
    return {
        name: not all(torch.equal(*pair) for pair in zip(before[name], after[name], strict=True)) for name in before
    }


def test_the_published_completion_network_has_6_07_million_parameters():
    network = CompletionNetwork(256)
    assert trainable_parameters(network) == 6_072_131
    convolutions = [layer for layer in network if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d)]
    assert sum(trainable_parameters(layer) for layer in convolutions) == 6_066_179
    table = [(c.out_channels, c.kernel_size[0], c.stride[0], c.dilation[0]) for c in convolutions]
    assert table == [
        (64, 5, 1, 1),
        (128, 3, 2, 1),
        (128, 3, 1, 1),
        (256, 3, 2, 1),
        (256, 3, 1, 1),
        (256, 3, 1, 1),
        (256, 3, 1, 2),
        (256, 3, 1, 4),
        (256, 3, 1, 8),
        (256, 3, 1, 16),
        (256, 3, 1, 1),
        (256, 3, 1, 1),
        (128, 4, 2, 1),
        (128, 3, 1, 1),
        (64, 4, 2, 1),
        (32, 3, 1, 1),
        (3, 3, 1, 1),
    ]


def test_the_published_discriminators():
    network = ContextDiscriminators(256)
    for part, inputs, count in ((network.whole, 256, 6), (network.local, 128, 5)):
        convolutions = [layer for layer in part if isinstance(layer, nn.Conv2d)]
        assert [c.out_channels for c in convolutions] == [64, 128, 256, 512, 512, 512][:count]
        assert {(c.kernel_size, c.stride) for c in convolutions} == {((5, 5), (2, 2))}
        joined = next(layer for layer in part if isinstance(layer, nn.Linear))
        assert (joined.in_features, joined.out_features) == (512 * 4 * 4, 1024)
        assert inputs // 2**count == 4
    assert network.joined.in_features == 2048


def test_the_paper_s_phases():
    settings = Glcic.presets["paper"]
    assert settings.training.steps(pairs=10_000) == 500_000
    method = Glcic(preset="paper")
    assert method.side == 256
    task = method.task(with_average(method.modules), side=256, steps=500_000)
    assert (task._alone, task._joint - task._alone) == (90_000, 10_000)
    assert isinstance(task.optimisers["generator"], torch.optim.Adadelta)
    assert settings.alpha == 4e-4
    assert {name: trainable_parameters(module) for name, module in method.networks().items()} == {
        "generator": 6_072_131,
        "discriminator": 45_063_681,
    }


def test_its_sizes_are_on_its_card():
    assert Glcic.parameter_counts() == dict(Glcic.card.parameters)


@pytest.mark.parametrize("side", [16, 37, 64, 128])
def test_the_networks_work_at_any_side(side):
    method = small()
    method._set_side(side)
    faces, holes = torch.rand(2, 3, side, side), torch.zeros(2, 1, side, side)
    holes[..., side // 2 : -1, 3:-3] = 1
    with torch.no_grad():
        painted = method.modules["generator"](blanked(faces, holes))
        assert painted.shape == faces.shape
        assert 0 <= painted.min() <= painted.max() <= 1
        assert method.modules["discriminator"](painted, holes).shape == (2, 1)


def test_the_local_crop_lies_round_the_hole_and_inside_the_face():
    holes = torch.zeros(5, 1, 20, 20)
    holes[0, :, 6:10, 8:14] = 1  # centre 8, 11
    holes[1, :, 18:20, 0:3] = 1  # at the bottom left
    holes[2, :, 0:1, 19:20] = 1  # at the top right
    holes[3] = 1
    top, left = corners(holes, 8)
    assert top.tolist() == [4, 12, 0, 6, 6]
    assert left.tolist() == [7, 0, 12, 6, 6]
    images = torch.rand(5, 3, 20, 20)
    cut = crops(images, top, left, 8)
    for row in range(5):
        assert torch.equal(cut[row], images[row, :, top[row] : top[row] + 8, left[row] : left[row] + 8])


def test_a_dilation_never_leaves_the_map():
    dilations = {
        side: [c.dilation[0] for c in CompletionNetwork(side, 2) if isinstance(c, nn.Conv2d)][6:10]
        for side in (16, 64, 128)
    }
    assert dilations == {16: [2, 2, 2, 2], 64: [2, 4, 8, 8], 128: [2, 4, 8, 16]}


@pytest.mark.parametrize(
    ("phase", "moved"),
    [
        ("completion", {"generator": True, "average": True, "discriminator": False}),
        ("discriminators", {"generator": False, "average": False, "discriminator": True}),
        ("joint", {"generator": True, "average": True, "discriminator": True}),
    ],
)
def test_each_phase_moves_its_own_networks(tiny_pairs, phase, moved):
    task, step = task_at(phase)
    before = states(task)
    losses = task.step(batch_of(tiny_pairs(4), step), Fabric())
    assert changed(before, states(task)) == moved
    assert ("discriminator_accuracy" in losses) == (phase != "completion")
    assert ("error" in losses) == (phase != "discriminators")


@pytest.mark.parametrize("stale", [False, True])
def test_a_joint_step_is_each_network_s_own_gradient_and_nothing_else(tiny_pairs, stale, monkeypatch):
    """Worked out on copies, one network at a time; whatever lay in the gradients before makes no difference."""
    monkeypatch.setattr("benchmark.methods.learned.glcic.randomly_grown", lambda holes: holes)
    task, step = task_at("joint", rests_above=None, alpha=0.5, known_weight=0.0, squared=True)
    for name, rate in (("generator", 0.1), ("discriminator", 0.3)):
        task.optimisers[name] = torch.optim.SGD(task.modules[name].parameters(), lr=rate)
    batch = batch_of(tiny_pairs(4), step)
    generator, discriminator = (copy.deepcopy(task.modules[name]) for name in ("generator", "discriminator"))
    if stale:
        for module in task.modules.values():
            for parameter in module.parameters():
                parameter.grad = torch.full_like(parameter, 7.0) if parameter.requires_grad else None
    task.step(batch, Fabric())

    completed = composited(generator(blanked(batch.masked, batch.holes)), batch.true, batch.holes)
    real, fake = discriminator(batch.true, batch.holes.roll(1, 0)), discriminator(completed.detach(), batch.holes)
    judged = torch.autograd.grad(discriminator_loss(real, fake), list(discriminator.parameters()))
    with torch.no_grad():
        for parameter, gradient in zip(discriminator.parameters(), judged, strict=True):
            parameter.sub_(0.3 * gradient)
    inside = (completed - batch.true).square().mean(1, keepdim=True).sum((1, 2, 3)) / batch.holes.sum((1, 2, 3))
    loss = inside.mean() + 0.5 * generator_loss(discriminator(completed, batch.holes))
    painted = torch.autograd.grad(loss, list(generator.parameters()))
    with torch.no_grad():
        for parameter, gradient in zip(generator.parameters(), painted, strict=True):
            parameter.sub_(0.1 * gradient)
    for name, expected in (("discriminator", discriminator), ("generator", generator)):
        for found, wanted in zip(task.modules[name].parameters(), expected.parameters(), strict=True):
            assert torch.allclose(found, wanted, atol=1e-6)


def test_no_gradient_is_left_in_the_other_network(tiny_pairs):
    task, step = task_at("joint", rests_above=0.0)  # the discriminators rest: only the completion network learns
    task._accuracy.fill_(1.0)
    before = states(task)
    task.step(batch_of(tiny_pairs(4), step), Fabric())
    assert all(p.grad is None for p in task.modules["discriminator"].parameters())
    assert all(p.requires_grad for p in task.modules["discriminator"].parameters())
    assert changed(before, states(task)) == {"generator": True, "average": True, "discriminator": False}


def test_the_discriminators_rest_while_they_are_right_too_often(tiny_pairs):
    for accuracy, moves in ((0.95, False), (0.5, True)):
        task, step = task_at("joint", rests_above=0.8)
        task._accuracy.fill_(accuracy)
        before = states(task)
        task.step(batch_of(tiny_pairs(4), step), Fabric())
        assert changed(before, states(task))["discriminator"] == moves


def test_the_discriminators_see_the_composited_face(tiny_pairs):
    task, step = task_at("joint")
    seen = []
    task.modules["discriminator"].register_forward_hook(lambda _, inputs, __: seen.append(inputs[0].detach()))
    batch = batch_of(tiny_pairs(4), step)
    task.step(batch, Fabric())
    real, fake, again = seen
    assert torch.equal(real, batch.true)
    assert torch.equal(fake, again)
    outside = nn.functional.max_pool2d(batch.holes, 5, stride=1, padding=2) == 0  # holes are randomly grown
    assert torch.equal((fake * outside), (batch.true * outside))
    assert not torch.equal(fake, batch.true)


def test_it_learns_flat_colour_and_keeps_known_pixels(tiny_pairs, quiet):
    pairs = tiny_pairs(48, 16, validation=12)
    for part in (pairs, pairs.validation):
        part.true[part.holes > 0] = (150, 110, 90)
    method = small(epochs=8, completion_share=0.9, poisson=False)  # the rim of a random face says nothing
    method.fit(pairs, progress=quiet)
    assert method.losses.validation_hole_error.iloc[-1] < 0.5 * method.losses.validation_hole_error.iloc[0]
    assert {"train_error", "train_losses_d", "train_losses_g", "train_real_scores", "train_fake_scores"} <= set(
        method.losses
    )
    some = pairs.validation
    restored = method.unmask(some.masked, some.holes, some.landmarks, NAMES).pixels
    hole = some.holes > 0
    assert np.array_equal(restored[~hole], some.masked[~hole])
    assert np.abs(restored[hole].astype(float) - some.true[hole]).mean() < 40


def test_blending_can_be_left_out(tiny_pairs):
    pairs = tiny_pairs(4, 16)
    images = [
        small(poisson=poisson).unmask(pairs.masked, pairs.holes, pairs.landmarks, NAMES[:4]).pixels
        for poisson in (True, False)
    ]
    assert not np.array_equal(*images)


def test_a_face_s_result_does_not_depend_on_its_neighbours(tiny_pairs):
    pairs, method = tiny_pairs(5, 16), small()
    together = method.unmask(pairs.masked, pairs.holes, pairs.landmarks, NAMES[:5]).pixels
    alone = method.unmask(pairs.masked[3:4], pairs.holes[3:4], pairs.landmarks[3:4], NAMES[3:4]).pixels
    assert np.array_equal(alone[0], together[3])


@pytest.mark.parametrize("killed_after", [2, 4, 5])
def test_killed_in_any_phase_it_resumes_to_the_bit(tiny_pairs, resumes_to_the_bit, killed_after):
    def make() -> Glcic:
        method = small(epochs=3, completion_share=0.5, discriminator_share=0.17)
        training = replace(method.settings.training, checkpoint_every=1)
        method.settings = replace(method.settings, training=training)
        return method

    resumes_to_the_bit(make, tiny_pairs(8, 16), GlcicTask, killed_after)


def test_saved_and_loaded_it_restores_alike_at_its_own_side(tiny_pairs, quiet, tmp_path):
    pairs = tiny_pairs(8, 32)
    method = small()
    method.fit(pairs, progress=quiet)
    method.save(tmp_path)
    again = small(Glcic(seed=9))
    assert again.side == 64
    again.load(tmp_path)
    assert (again.side, again.working_size) == (32, 32)
    larger = tiny_pairs(8, 48, seed=3)
    for faces in (pairs, larger):
        before, after = (
            m.unmask(faces.masked, faces.holes, faces.landmarks, NAMES[:8]).pixels for m in (method, again)
        )
        assert np.array_equal(before, after)


def test_it_starts_from_weights_of_another_side(starts_from_another_side):
    starts_from_another_side(small(), small(epochs=1))


@pytest.mark.parametrize("how", ["truncated", "foreign", "other widths", "other side"])
def test_damaged_weights_are_refused(tmp_path, how):
    small().save(tmp_path)
    weights, about = tmp_path / "weights.safetensors", tmp_path / "weights.json"
    if how == "truncated":
        weights.write_bytes(weights.read_bytes()[:-1])
    elif how == "foreign":
        about.write_text(json.dumps({"architecture": "paired-gan 1", "side": 64}), "utf-8")
    elif how == "other side":
        about.write_text(json.dumps({"architecture": "glcic 1", "side": 4}), "utf-8")
        with pytest.raises(RequestError, match="16 px or more, not 4"):
            small().load(tmp_path)
        return
    with pytest.raises(StorageError, match="train again"):
        (Glcic() if how == "other widths" else small()).load(tmp_path)


def test_faces_that_are_too_small_are_refused(tiny_pairs, quiet):
    with pytest.raises(RequestError, match="raise --size"):
        small().fit(tiny_pairs(8, 12), progress=quiet)
