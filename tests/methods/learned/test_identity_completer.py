"""The identity completer: it learns, resumes, keeps known pixels, and its two networks do not move each other."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from lightning_fabric import Fabric

from benchmark.errors import RequestError, StorageError
from benchmark.masked_faces import to_holes, to_tensor
from benchmark.methods.filling.smooth_filling import smoothly_filled
from benchmark.methods.learned.identity_completer import IdentityCompleter, IdentityTask
from benchmark.recognisers.face_recognition import FaceRecognition
from benchmark.training.task import TrainingBatch
from tests.methods.linear_teacher import Projection

SIDE = 32
STEPS = 6


@pytest.fixture(scope="module", autouse=True)
def _one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def method(preset="tuned", *, steps=STEPS, seed=0) -> IdentityCompleter:
    made = IdentityCompleter(preset=preset, seed=seed)
    training = replace(
        made.settings.training, epochs=steps, max_steps=steps, batch_size=4, precision="float32", checkpoint_every=2
    )
    made.settings = replace(made.settings, training=training)
    return made


def shaped(pairs):
    """Landmarks where a crop has them: the loss aligns on five of them."""
    places = np.array([(0.86, 0.21), (0.65, 0.23), (0.12, 0.21), (0.33, 0.23), (0.49, 0.63)])
    for part in (pairs, pairs.validation):
        if part is not None:
            part.landmarks[:, (45, 42, 36, 39, 33)] = (places + 0.55) / 2.1 * part.size
    return pairs


@pytest.fixture
def toy(tiny_pairs):
    pairs = shaped(tiny_pairs(12, SIDE, validation=4))
    for part in (pairs, pairs.validation):
        part.true[:, 20:28, 8:24] = (220, 20, 20)  # a mouth, under every mask
    return pairs


def batch_of(pairs, count=4) -> TrainingBatch:
    return TrainingBatch(
        to_tensor(pairs.masked[:count], "cpu"),
        to_tensor(pairs.true[:count], "cpu"),
        to_holes(pairs.holes[:count], "cpu"),
        landmarks=torch.from_numpy(pairs.landmarks[:count]),
    )


def state(module) -> dict[str, torch.Tensor]:
    return {name: parameter.detach().clone() for name, parameter in module.named_parameters()}


def test_its_sizes_are_on_its_card():
    assert IdentityCompleter.parameter_counts() == dict(IdentityCompleter.card.parameters)
    assert 1_500_000 < IdentityCompleter.parameter_counts()["generator"] < 1_800_000
    assert IdentityCompleter.card.saw_recognisers == ("face_recognition",)
    assert set(IdentityCompleter(preset="plain").networks()) == {"generator"}


@pytest.mark.parametrize("side", [32, 64, 128])
def test_it_paints_at_every_side(side):
    shown = torch.rand(2, 4, side, side)
    shown[:, 3] = shown[:, 3] > 0.5
    painted = IdentityCompleter().build(side)["generator"](shown)
    assert painted.shape == (2, 3, side, side)
    assert torch.equal(painted, smoothly_filled(shown[:, :3], shown[:, 3:]))  # before training it adds nothing


def test_a_side_that_cannot_be_halved_is_refused():
    with pytest.raises(RequestError, match="72 px is not divisible by 16"):
        IdentityCompleter().build(72)


def test_each_step_moves_its_own_network_and_leaves_no_gradients(toy):
    made = method()
    made.settings = replace(made.settings, rests_above=1.0)
    task = made.task(made.build(SIDE), side=SIDE, steps=10)
    batch, fabric = batch_of(toy), Fabric(accelerator="cpu")
    before = {name: state(module) for name, module in task.modules.items()}
    task.optimisers = {name: fabric.setup_optimizers(optimiser) for name, optimiser in task.optimisers.items()}
    losses = task.step(batch, fabric)
    assert {"loss", "pixels", "identity", "strangers", "perception", "losses_g", "losses_d"} < set(losses)
    assert "discriminator_accuracy" in losses
    assert task.modules.pop("strangers of face_recognition").last[:4].any(dim=1).all()
    for name, module in task.modules.items():
        assert all(parameter.grad is None for parameter in module.parameters())
        assert all(parameter.requires_grad for parameter in module.parameters())
        assert any(not torch.equal(before[name][key], value) for key, value in state(module).items())


def test_the_critic_rests_while_it_is_right_too_often(toy):
    made = method()
    made.settings = replace(made.settings, rests_above=-1.0)
    task = made.task(made.build(SIDE), side=SIDE, steps=10)
    before = state(task.modules["critic"])
    fabric = Fabric(accelerator="cpu")
    task.optimisers = {name: fabric.setup_optimizers(optimiser) for name, optimiser in task.optimisers.items()}
    task.step(batch_of(toy), fabric)
    assert all(torch.equal(before[key], value) for key, value in state(task.modules["critic"]).items())
    assert all(parameter.grad is None for parameter in task.modules["critic"].parameters())


@pytest.mark.slow
def test_it_learns_a_toy_and_is_the_same_after_saving(toy, quiet, tmp_path):
    made = method("plain", steps=15)
    made.fit(toy, progress=quiet)
    assert made.losses.train_pixels.iloc[-1] < 0.9 * made.losses.train_pixels.iloc[0]
    assert {"validation_hole_error", "validation_hole_psnr", "validation_identity"} <= set(made.losses.columns)
    assert np.isfinite(made.losses.to_numpy()).all()
    ids = tuple(f"face-{row}" for row in range(12))
    restored = made.unmask(toy.masked, toy.holes, toy.landmarks, ids)
    known = toy.holes == 0
    assert np.array_equal(restored.pixels[known], toy.masked[known])
    assert not np.array_equal(restored.pixels[~known], toy.masked[~known])

    made.save(tmp_path)
    loaded = method("plain", seed=4)
    loaded.load(tmp_path)
    assert loaded.side == SIDE
    # other batches, another order: a face's result is its own
    other = loaded.unmask(toy.masked[::-1][:5], toy.holes[::-1][:5], toy.landmarks[::-1][:5], ids[::-1][:5])
    assert np.array_equal(other.pixels, restored.pixels[::-1][:5])
    weights = tmp_path / "weights.safetensors"
    weights.write_bytes(weights.read_bytes()[:5000])
    with pytest.raises(StorageError, match="train again"):
        method().load(tmp_path)


def test_it_trains_in_bfloat16_as_its_preset_says(toy, quiet):
    made = method(steps=2)
    made.settings = replace(made.settings, training=replace(made.settings.training, precision="bfloat16"))
    made.fit(toy, progress=quiet)
    assert np.isfinite(made.losses.to_numpy()).all()
    assert made.losses.train_strangers.iloc[-1] >= 0


@pytest.mark.parametrize("taught_by", [("one",), ("one", "face_recognition")])
def test_it_learns_from_the_teachers_that_it_is_given(toy, quiet, taught_by):
    known = {"one": Projection(), "face_recognition": FaceRecognition()}
    made = method("strong-teacher", steps=2)
    made.workspace = replace(made.workspace, teachers={name: known[name] for name in taught_by})
    made.fit(toy, progress=quiet)
    assert np.isfinite(made.losses.to_numpy()).all()
    assert {"train_identity", "train_strangers", "train_perception"} < set(made.losses)
    assert set(made.networks()) == {"generator", "critic"}
    assert all(not teacher.network.training for teacher in made.workspace.teachers.values())


def test_a_preset_whose_teacher_is_missing_says_how_it_is_trained(toy, quiet):
    made = method("strong-teacher")
    made.name = "identity-completer"
    assert made.card.saw_recognisers == ("edgeface-xxs",)
    with pytest.raises(RequestError, match="train --method identity-completer:strong-teacher --teachers edgeface-xxs"):
        made.fit(toy, progress=quiet)


def test_weights_of_another_architecture_or_side_are_refused(tmp_path):
    made = method()
    made.save(tmp_path)
    about = tmp_path / "weights.json"
    whole = about.read_text()
    about.write_text(whole.replace("identity-completer 1", "glcic 1"))
    with pytest.raises(StorageError, match="glcic 1"):
        method().load(tmp_path)
    about.write_text(whole.replace('"side": 64', '"side": 72'))
    with pytest.raises(RequestError, match="72 px"):
        method().load(tmp_path)


@pytest.mark.slow
def test_a_killed_training_ends_as_an_uninterrupted_one(toy, resumes_to_the_bit):
    resumed = resumes_to_the_bit(method, toy, IdentityTask, 5)
    assert set(resumed.networks()) == {"generator", "critic"}
