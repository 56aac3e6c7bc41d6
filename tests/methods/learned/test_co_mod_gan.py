"""The co-modulated GAN: many answers to one face, each always the same; two sides that move by turns; exact resume."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from averaged import with_average
from lightning_fabric import Fabric
from torch.nn import functional

from benchmark.errors import RequestError, StorageError
from benchmark.masked_faces import MaskedFaces, to_holes, to_tensor
from benchmark.methods.filling.completion import blanked
from benchmark.methods.filling.smooth_filling import smoothly_filled
from benchmark.methods.learned.co_mod_gan import CoModGan, CoModTask
from benchmark.methods.learned.co_mod_gan_networks import Generator, Widths, _Halving, _Modulated, batch_deviation
from benchmark.methods.learner import Workspace
from benchmark.methods.trained_weights import TrainedWeights
from benchmark.training.task import TrainingBatch

NARROW = Widths(base=256, most=16, latent=8, code=16, mapping_layers=2)
SIDE = 64


@pytest.fixture(scope="module", autouse=True)
def _one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def narrow(*, steps=6, seed=0, **changes) -> CoModGan:
    made = CoModGan(seed=seed)
    training = replace(
        made.settings.training, epochs=steps, max_steps=steps, batch_size=4, precision="float32", checkpoint_every=2
    )
    made.settings = replace(made.settings, training=training, widths=NARROW, **changes)
    made._set_side(SIDE)
    return made


def batch_of(pairs, count=4, step=1) -> TrainingBatch:
    return TrainingBatch(
        to_tensor(pairs.masked[:count], "cpu"),
        to_tensor(pairs.true[:count], "cpu"),
        to_holes(pairs.holes[:count], "cpu"),
        step,
    )


def faces_of(pairs) -> MaskedFaces:
    return MaskedFaces(
        to_tensor(pairs.masked, "cpu"),
        to_holes(pairs.holes, "cpu"),
        torch.from_numpy(pairs.landmarks),
        tuple(f"face-{row}" for row in range(len(pairs))),
    )


def state(module) -> dict[str, torch.Tensor]:
    return {name: parameter.detach().clone() for name, parameter in module.named_parameters()}


def test_its_sizes_are_on_its_card():
    assert CoModGan.parameter_counts() == dict(CoModGan.card.parameters)


@pytest.mark.parametrize("side", [64, 128, 256])
def test_the_networks_work_at_each_side(side):
    made = narrow().build(side)
    shown = torch.rand(2, 4, side, side)
    painted = made["generator"](shown, torch.randn(2, NARROW.latent))
    assert painted.shape == (2, 3, side, side)
    assert made["discriminator"](painted, shown[:, 3:]).shape == (2, 1)


def test_larger_networks_begin_with_all_that_smaller_ones_have_learned(tiny_pairs, quiet, tmp_path):
    small, large = narrow(seed=1), narrow(steps=1)
    small.save(tmp_path)
    large.workspace = Workspace(start_from=TrainedWeights(tmp_path))
    large._set_side(2 * SIDE)
    large._begin_with(tmp_path)
    known, grown = (method.modules["generator"] for method in (small, large))
    by_name = ("mapping", "start", "first", "first_colours")
    counterparts = [(getattr(known, name), getattr(grown, name)) for name in by_name]
    counterparts += [(known.encoder.code, grown.encoder.code), *zip(known.levels, grown.levels[:-1], strict=True)]
    counterparts += zip(known.encoder.levels, grown.encoder.levels[1:], strict=True)
    for before, after in counterparts:
        assert all(torch.equal(value, after.state_dict()[name]) for name, value in before.state_dict().items())
    large.fit(tiny_pairs(8, 2 * SIDE), progress=quiet)
    assert large.side == 2 * SIDE


def test_a_smooth_start_begins_near_the_colours_around_the_hole(tiny_pairs):
    faces = faces_of(tiny_pairs(3, SIDE))
    shown = blanked(faces.pixels, faces.holes)
    filled = smoothly_filled(faces.pixels, faces.holes)
    latents = torch.randn(3, NARROW.latent)
    painted = narrow().modules["generator"](shown, latents)
    published = narrow(smooth_start=False).modules["generator"](shown, latents)  # the same random weights
    assert (painted - filled).abs().mean() < 0.3 * (published - filled).abs().mean()


def test_the_paper_s_networks_are_as_wide_as_published():
    with torch.device("meta"):
        widths = CoModGan.presets["paper"].widths
        generator = Generator(256, widths)
    assert [widths.at(side) for side in (4, 64, 128, 256)] == [512, 512, 256, 128]
    assert generator.levels[-1].doubled.weight.shape == (128, 256, 3, 3)
    assert generator.levels[-1].doubled.style.weight.shape == (256, 512 + 1024)
    assert len(generator.mapping) == 8


def test_other_sides_are_refused():
    with pytest.raises(RequestError, match="64, 128, 256 pixels, not 96"):
        CoModGan().build(96)


def test_modulation_is_that_of_weights():
    """Scaling features before and after one convolution equals convolving with modulated, demodulated weights."""
    torch.manual_seed(0)
    layer = narrow().build(SIDE)["generator"].levels[0].second
    features, style = torch.randn(3, 16, 8, 8), torch.randn(3, NARROW.latent + NARROW.code)
    made = layer(features, style)
    for row in range(3):
        weight = layer.weight * layer.scale * layer.style(style[row : row + 1])[0].view(1, -1, 1, 1)
        weight = weight / weight.square().sum(dim=(1, 2, 3), keepdim=True).add(1e-8).sqrt()
        expected = torch.nn.functional.conv2d(features[row : row + 1], weight, layer.bias, padding=1)
        expected = torch.nn.functional.leaky_relu(expected, 0.2) * 2**0.5
        assert torch.allclose(made[row : row + 1], expected, atol=1e-4)


def test_the_deviation_of_a_batch_tells_copies_from_different_faces():
    features = torch.randn(1, 3, 4, 4)
    assert batch_deviation(features.expand(4, -1, -1, -1)).max() < 1e-3
    varied = torch.randn(8, 3, 4, 4)
    found = batch_deviation(varied)
    assert found.shape == (8, 1, 4, 4)
    first = varied[[0, 2, 4, 6]].std(dim=0, unbiased=False).mean()  # groups are made of every other face
    assert torch.allclose(found[0], first)
    assert torch.allclose(batch_deviation(varied[:3]).mean(), varied[:3].std(dim=0, unbiased=False).mean())
    assert batch_deviation(varied[:1]).max() < 1e-3


def test_a_face_has_several_completions_each_always_the_same(tiny_pairs):
    made = CoModGan()
    pairs = tiny_pairs(3, SIDE)
    faces = faces_of(pairs)
    several = made.completions(faces, 4)
    assert several.shape == (4, 3, 3, SIDE, SIDE)
    assert torch.equal(several[:2], made.completions(faces, 2))
    assert torch.allclose(several[0], made.restore(faces), atol=1e-6)
    hole = faces.holes.expand_as(faces.pixels) > 0
    for first in range(4):
        assert torch.equal(several[first][~hole], faces.pixels[~hole])
        for second in range(first):
            assert (several[first] - several[second])[hole].abs().mean() > 1e-3


def test_each_side_moves_in_its_own_step(tiny_pairs):
    made = narrow(rests_above=None)
    pairs = tiny_pairs(4, SIDE)
    task = made.task(with_average(made.build(SIDE)), side=SIDE, steps=10)
    fabric = Fabric(accelerator="cpu")
    task.optimisers = {name: fabric.setup_optimizers(optimiser) for name, optimiser in task.optimisers.items()}
    before = {name: state(module) for name, module in task.modules.items()}
    discriminator = task.modules["discriminator"]
    seen = {}
    step = task.optimisers["generator"].step
    task.optimisers["generator"].step = lambda: (seen.update(state(discriminator)), step())
    losses = task.step(batch_of(pairs), fabric)
    # the discriminator had moved, and the generator's own step left it and its gradients alone
    assert any(not torch.equal(before["discriminator"][key], value) for key, value in seen.items())
    assert all(torch.equal(seen[key], value) for key, value in state(discriminator).items())
    assert any(not torch.equal(before["generator"][k], v) for k, v in state(task.modules["generator"]).items())
    assert any(not torch.equal(before["average"][k], v) for k, v in state(task.modules["average"]).items())
    for module in task.modules.values():
        assert all(parameter.grad is None for parameter in module.parameters())
        assert all(parameter.requires_grad for parameter in module.parameters())
    assert {"losses_d", "losses_g", "real_scores", "fake_scores", "discriminator_accuracy"} <= set(losses)


def test_a_resting_discriminator_learns_from_the_penalty_alone(tiny_pairs):
    made = narrow(rests_above=-1.0)
    pairs = tiny_pairs(4, SIDE)
    task = made.task(with_average(made.build(SIDE)), side=SIDE, steps=10)
    fabric = Fabric(accelerator="cpu")
    task.optimisers = {name: fabric.setup_optimizers(optimiser) for name, optimiser in task.optimisers.items()}
    before = state(task.modules["discriminator"])
    task.step(batch_of(pairs, step=1), fabric)
    assert all(torch.equal(before[key], value) for key, value in state(task.modules["discriminator"]).items())
    task.step(batch_of(pairs, step=16), fabric)
    assert any(not torch.equal(before[key], value) for key, value in state(task.modules["discriminator"]).items())


@pytest.mark.slow
def test_it_learns_a_toy_and_is_the_same_after_saving(tiny_pairs, quiet, tmp_path):
    pairs = tiny_pairs(12, SIDE, validation=4)
    made = narrow(steps=24)
    made.fit(pairs, progress=quiet)
    assert set(made.networks()) == {"generator", "discriminator"}
    assert made.losses.train_pixels.iloc[-1] < 0.8 * made.losses.train_pixels.iloc[0]
    assert {"validation_hole_error", "validation_hole_psnr", "validation_spread"} <= set(made.losses.columns)
    ids = tuple(f"face-{row}" for row in range(12))
    restored = made.unmask(pairs.masked, pairs.holes, pairs.landmarks, ids)
    known = pairs.holes == 0
    assert np.array_equal(restored.pixels[known], pairs.masked[known])

    made.save(tmp_path)
    loaded = narrow(seed=0)
    loaded.load(tmp_path)
    other = loaded.unmask(pairs.masked[::-1][:5], pairs.holes[::-1][:5], pairs.landmarks[::-1][:5], ids[::-1][:5])
    assert np.array_equal(other.pixels, restored.pixels[::-1][:5])
    with pytest.raises(StorageError, match="do not fit"):
        CoModGan().load(tmp_path)
    about = tmp_path / "weights.json"
    whole = about.read_text()
    about.write_text(whole.replace('"side": 64', '"side": 128'))
    with pytest.raises(StorageError, match="do not fit"):
        narrow().load(tmp_path)
    about.write_text(whole)
    weights = tmp_path / "weights.safetensors"
    weights.write_bytes(weights.read_bytes()[:5000])
    with pytest.raises(StorageError, match="train again"):
        narrow().load(tmp_path)


@pytest.mark.slow
def test_a_killed_training_ends_as_an_uninterrupted_one(tiny_pairs, resumes_to_the_bit):
    resumes_to_the_bit(narrow, tiny_pairs(12, SIDE, validation=4), CoModTask, 5)


@pytest.mark.parametrize("fresh", [False, True])
def test_a_modulated_layer_computes_the_papers_formula(fresh):
    torch.manual_seed(3)
    layer = _Modulated(6, 5, 7, side=8)
    layer.bias.data.normal_()
    layer.noise_strength.data.fill_(0.7)
    features, style = torch.randn(2, 6, 8, 8), torch.randn(2, 7)
    torch.manual_seed(4)
    found = layer(features, style, fresh_noise=fresh)
    torch.manual_seed(4)
    noise = torch.randn(2, 1, 8, 8) if fresh else layer.noise
    weights = layer.weight * layer.style(style)[:, None, :, None, None]  # StyleGAN2, equations 1 and 3
    weights = weights / (weights.square().sum((2, 3, 4), keepdim=True) + 1e-8 / layer.scale**2).sqrt()
    made = torch.cat([functional.conv2d(features[n : n + 1], weights[n], padding=1) for n in range(2)])
    expected = functional.leaky_relu(made + noise * 0.7 + layer.bias.view(1, -1, 1, 1), 0.2) * 2**0.5
    assert torch.allclose(found, expected, atol=1e-4)


def test_a_halving_block_divides_the_sum_of_both_ways_by_the_root_of_two():
    torch.manual_seed(5)
    block = _Halving(4, 6)
    for part in (block.first, block.second, block.shortcut):
        part.bias.data.normal_()
    features = torch.randn(2, 4, 8, 8)

    def convolved(part, values):
        weight = part.weight / (part.weight[0].numel() ** 0.5)
        return functional.conv2d(values, weight, part.bias, padding=weight.shape[-1] // 2)

    inner = functional.leaky_relu(convolved(block.first, features), 0.2) * 2**0.5
    main = functional.leaky_relu(convolved(block.second, functional.avg_pool2d(inner, 2)), 0.2) * 2**0.5
    beside = convolved(block.shortcut, functional.avg_pool2d(features, 2))
    assert torch.allclose(block(features), (main + beside) / 2**0.5, atol=1e-5)
