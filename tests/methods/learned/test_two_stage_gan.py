"""The two-stage GAN: its map, its modules, whose gradients go where, training and storage."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from averaged import with_average
from torch import nn

from benchmark.errors import RequestError, StorageError
from benchmark.methods.base import trainable_parameters
from benchmark.methods.learned.two_stage_gan import TwoStageGan
from benchmark.methods.learned.two_stage_gan_networks import EditingNetwork, SqueezeExcitation, opened_and_grown
from benchmark.methods.learned.two_stage_gan_task import LossWeights, TwoStageTask
from benchmark.methods.losses.perceptual_loss import PerceptualLoss
from benchmark.methods.resolve import resolve_method
from benchmark.training.task import TrainingBatch

NAMES = tuple("abcdefghijklmnop")


class Fabric:
    """Backward without the machinery."""

    @staticmethod
    def backward(loss, **asked):
        loss.backward(**asked)


def small(method: TwoStageGan | None = None, *, epochs: int = 2, **changes) -> TwoStageGan:
    method = method or TwoStageGan()
    training = replace(method.settings.training, epochs=epochs, batch_size=4, precision="float32", size=None)
    narrow = {"map_width": 4, "width": 4, "discriminator_width": 4}
    method.settings = replace(method.settings, training=training, **narrow | changes)
    method._set_side(method.side)
    return method


def white_masks(pairs):
    """Masks that colour alone tells, over one colour of skin."""
    for part in (pairs, pairs.validation):
        if part is not None:
            part.masked[part.holes > 0] = 250
            part.true[part.holes > 0] = (150, 110, 90)
    return pairs


def batch_of(pairs, step: int = 0) -> TrainingBatch:
    masked, true = (torch.from_numpy(part).permute(0, 3, 1, 2) / 255 for part in (pairs.masked, pairs.true))
    return TrainingBatch(masked, true, (torch.from_numpy(pairs.holes) > 0).float()[:, None], step)


def task_of(side: int = 32, **changes) -> TwoStageTask:
    """A task of 100 steps."""
    method = small(whole_from=0.3, mask_from=0.6, **changes)
    method._set_side(side)
    task = method.task(with_average(method.modules), side=side, steps=100)
    assert isinstance(task, TwoStageTask)
    for module in task.modules.values():
        module.train()
    return task


def changed_by(task: TwoStageTask, batch: TrainingBatch) -> set[str]:
    before = {name: [p.detach().clone() for p in module.parameters()] for name, module in task.modules.items()}
    task.step(batch, Fabric())
    return {
        name
        for name, module in task.modules.items()
        if not all(torch.equal(*pair) for pair in zip(before[name], module.parameters(), strict=True))
    }


def test_its_sizes_are_on_its_card_and_so_is_the_recogniser_it_saw():
    assert TwoStageGan.parameter_counts() == dict(TwoStageGan.card.parameters)
    assert TwoStageGan.card.saw_recognisers == ("face_recognition",)
    paper = TwoStageGan(preset="paper")
    assert paper.side == 256
    assert {name: trainable_parameters(module) for name, module in paper.networks().items()} == {
        "map": 5_082_500,
        "generator": 3_624_595,
        "whole_discriminator": 11_155_393,
        "mask_discriminator": 11_155_393,
    }


def test_it_takes_no_detector():
    assert resolve_method("two-stage-gan").mask_source == "detected"
    with pytest.raises(RequestError, match="takes no detector"):
        resolve_method("segmenter+two-stage-gan")


def test_the_editing_module_has_squeeze_excitation_and_four_atrous_convolutions():
    network = EditingNetwork(256, 8, 3)
    assert sum(isinstance(layer, SqueezeExcitation) for layer in network.modules()) == 5
    rates = [layer.dilation[0] for layer in network.atrous.modules() if isinstance(layer, nn.Conv2d)]
    assert rates == [2, 4, 8, 16]
    rates = [layer.dilation[0] for layer in EditingNetwork(64, 8, 3).atrous.modules() if isinstance(layer, nn.Conv2d)]
    assert rates == [2, 4, 4, 4]  # the smallest map has 8 cells a side


def test_squeeze_and_excitation_weighs_whole_channels():
    block = SqueezeExcitation(6)
    features = torch.randn(2, 6, 5, 5)
    ratios = (block(features) / features).flatten(2)
    assert torch.allclose(ratios, ratios[..., :1].expand_as(ratios), atol=1e-5)
    assert ((ratios > 0) & (ratios < 1)).all()


@pytest.mark.parametrize("side", [16, 37, 64, 128])
def test_the_networks_work_at_any_side(side):
    method = small()
    method._set_side(side)
    faces, holes = torch.rand(2, 3, side, side), torch.zeros(2, 1, side, side)
    with torch.no_grad():
        assert method.modules["map"](faces).shape == holes.shape
        painted = method.modules["generator"](torch.cat([faces, holes], 1))
        assert painted.shape == faces.shape
        for name in ("whole_discriminator", "mask_discriminator"):
            assert method.modules[name](painted, holes).shape == (2, 1)


def test_the_map_is_freed_of_specks_and_gaps_and_grows():
    covered = torch.zeros(1, 1, 30, 30)
    covered[..., 10:20, 8:22] = 1
    solid = covered.clone()
    covered[..., 14, 14] = 0  # a gap
    covered[..., 3, 3] = 1  # a speck
    covered[..., 15, 22:28] = 1  # an ear loop
    options = {"opening": 1, "growth": 0, "smallest": 0.1}
    assert torch.equal(opened_and_grown(covered, **options), solid)
    grown = opened_and_grown(covered, **options | {"growth": 2})
    assert grown.sum() == 14 * 18
    assert opened_and_grown(covered, **options | {"smallest": 0.2}).sum() == 0
    at_the_edge = torch.zeros(1, 1, 30, 30)
    at_the_edge[..., 20:, :] = 1
    assert torch.equal(opened_and_grown(at_the_edge, **options), at_the_edge)


@pytest.mark.parametrize(
    ("step", "discriminators"),
    [(29, set()), (30, {"whole_discriminator"}), (60, {"whole_discriminator", "mask_discriminator"})],
)
def test_the_discriminators_come_in_one_after_the_other(tiny_pairs, step, discriminators):
    task, batch = task_of(), batch_of(tiny_pairs(4, 32), step)
    assert changed_by(task, batch) == {"map", "generator", "average"} | discriminators
    losses = task.step(batch, Fabric())
    assert ("discriminator_accuracy" in losses) == bool(discriminators)
    assert {"error", "dissimilarity", "perceptual", "map_loss"} <= set(losses)


def gradients_in_a_step(task: TwoStageTask, batch: TrainingBatch) -> dict[str, list[torch.Tensor]]:
    """The gradients by which each optimiser takes its step; they are gone afterwards."""
    seen = {}
    for name, optimiser in task.optimisers.items():

        def note(taken, *_, name=name):
            seen[name] = [p.grad.clone() for group in taken.param_groups for p in group["params"]]

        optimiser.register_step_pre_hook(note)
    task.step(batch, Fabric())
    return seen


def test_no_network_s_step_leaks_into_another(tiny_pairs, monkeypatch):
    """Stale gradients make no difference, and the editing step leaves none in discriminators that rest."""
    monkeypatch.setattr("benchmark.methods.learned.two_stage_gan_task.randomly_grown", lambda holes: holes)
    batch = batch_of(tiny_pairs(4, 32), 60)
    clean, stale = task_of(), task_of()
    for name in stale.modules:
        stale.modules[name].load_state_dict(clean.modules[name].state_dict())
        for parameter in stale.modules[name].parameters():
            parameter.grad = torch.full_like(parameter, 7.0) if parameter.requires_grad else None
    clean.step(batch, Fabric())
    stale.step(batch, Fabric())
    for name, module in clean.modules.items():
        for one, other in zip(module.parameters(), stale.modules[name].parameters(), strict=True):
            assert torch.equal(one, other)
    resting = task_of(rests_above=0.0)
    for running in resting._accuracies.values():
        running.fill_(1.0)
    assert changed_by(resting, batch) == {"map", "generator", "average"}
    for name in ("whole_discriminator", "mask_discriminator"):
        assert all(p.grad is None and p.requires_grad for p in resting.modules[name].parameters())
    assert not any(p.grad is not None for p in resting._perceptual.parameters())


def test_the_map_s_loss_moves_the_map_alone(tiny_pairs):
    """Where the editing losses weigh nothing, only the map has a gradient."""
    task = task_of(weights=LossWeights(0.0, 0.0, 0.0, 0.0))
    assert task._perceptual is None
    gradients = gradients_in_a_step(task, batch_of(tiny_pairs(4, 32), 60))
    assert all(gradient.abs().sum() == 0 for gradient in gradients["generator"])
    assert any(gradient.abs().sum() > 0 for gradient in gradients["map"])


def test_the_mask_discriminator_sees_nothing_outside_the_map():
    method = small()
    faces, holes = torch.rand(1, 3, 64, 64), torch.zeros(1, 1, 64, 64)
    holes[..., 30:50, 20:40] = 1
    other = faces * holes + torch.rand(1, 3, 64, 64) * (1 - holes)
    with torch.no_grad():
        for name, differs in (("mask_discriminator", False), ("whole_discriminator", True)):
            judge = method.modules[name]
            assert torch.equal(judge(faces, holes), judge(other, holes)) != differs


def fitted(pairs, progress, **changes) -> TwoStageGan:
    method = small(**{"epochs": 12, "map_width": 8, "width": 8, "opening": 0.0, "growth": 0.0} | changes)
    method.fit(pairs, progress=progress)
    return method


@pytest.mark.slow
def test_it_finds_a_toy_mask_paints_it_and_leaves_bare_faces_alone(tiny_pairs, quiet, tmp_path):
    pairs = white_masks(tiny_pairs(48, 32, validation=16))
    method = fitted(pairs, quiet)
    some = pairs.validation
    before = np.abs(some.masked.astype(float) - some.true)
    restored = method.unmask(some.masked, None, some.landmarks, NAMES).pixels
    hole = some.holes > 0
    assert np.abs(restored.astype(float) - some.true)[hole].mean() < 0.5 * before[hole].mean()
    bare = method.unmask(some.true, None, some.landmarks, NAMES).pixels
    assert np.array_equal(bare, some.true)
    curve = method.losses
    assert curve.validation_hole_error.iloc[-1] < 0.7 * curve.validation_hole_error.iloc[0]
    assert curve.validation_map_iou.iloc[-1] > 0.85
    assert curve.validation_bare_marked.iloc[-1] < 0.02
    assert curve.train_map_loss.iloc[-1] < 0.5 * curve.train_map_loss.iloc[0]
    assert curve.train_discriminator_accuracy.notna().iloc[-1]

    method.save(tmp_path)  # and at another side
    again = small(TwoStageGan(seed=9), map_width=8, width=8, opening=0.0, growth=0.0)
    assert again.side == 64
    again.load(tmp_path)
    assert (again.side, again.working_size) == (32, None)
    assert np.array_equal(again.unmask(some.masked, None, some.landmarks, NAMES).pixels, restored)
    large = np.repeat(np.repeat(some.masked, 2, axis=1), 2, axis=2)
    enlarged = again.unmask(large, None, some.landmarks, NAMES).pixels
    assert np.array_equal(enlarged[:, :24], large[:, :24])  # far from the mask no pixel is resampled
    assert not np.array_equal(enlarged, large)

    alone = method.unmask(some.masked[3:4], None, some.landmarks[3:4], NAMES[3:4]).pixels
    assert np.array_equal(alone[0], restored[3])


@pytest.mark.parametrize("killed_after", [1, 3, 5])
def test_killed_in_any_phase_it_resumes_to_the_bit(tiny_pairs, resumes_to_the_bit, killed_after):
    def make() -> TwoStageGan:
        method = small(epochs=3, whole_from=0.3, mask_from=0.6)
        method.settings = replace(method.settings, training=replace(method.settings.training, checkpoint_every=1))
        return method

    resumes_to_the_bit(make, tiny_pairs(8, 32), TwoStageTask, killed_after)


def test_faces_too_small_to_perceive_are_trained_without_that_loss(tiny_pairs, quiet):
    method = small()
    method.fit(tiny_pairs(8, 16), progress=quiet)
    assert "train_perceptual" not in method.losses
    with pytest.raises(RequestError, match="raise --size"):
        small().fit(tiny_pairs(8, 12), progress=quiet)


def test_the_perceptual_network_is_neither_trained_nor_stored(tmp_path):
    task = task_of()
    assert isinstance(task._perceptual, PerceptualLoss)
    assert set(task.modules) == {"map", "generator", "average", "whole_discriminator", "mask_discriminator"}
    small().save(tmp_path)
    about = json.loads((tmp_path / "weights.json").read_text())
    assert about == {"architecture": "two-stage-gan 1", "side": 64}


def test_it_starts_from_weights_of_another_side(starts_from_another_side):
    starts_from_another_side(small(), small(epochs=1))


@pytest.mark.parametrize("how", ["truncated", "foreign", "other widths", "other side"])
def test_damaged_weights_are_refused(tmp_path, how):
    small().save(tmp_path)
    weights, about = tmp_path / "weights.safetensors", tmp_path / "weights.json"
    if how == "truncated":
        weights.write_bytes(weights.read_bytes()[:-1])
    elif how == "foreign":
        about.write_text(json.dumps({"architecture": "glcic 1", "side": 64}), "utf-8")
    elif how == "other side":
        about.write_text(json.dumps({"architecture": "two-stage-gan 1", "side": 16}), "utf-8")
    with pytest.raises(StorageError, match="train again"):
        (TwoStageGan() if how == "other widths" else small()).load(tmp_path)
