"""What methods and detectors with networks share: start from weights, files, and when networks are made."""

from __future__ import annotations

import json
import pickle
import shutil
from dataclasses import replace

import pytest
import torch
from safetensors.torch import load_file

from benchmark.errors import StorageError
from benchmark.methods import trained_networks
from benchmark.methods.detectors.segmenter import Segmenter
from benchmark.methods.learned.face_generator import FaceGenerator
from benchmark.methods.learned.glcic import Glcic
from benchmark.methods.learned.residual_regressor import ResidualRegressor
from benchmark.methods.learner import Workspace
from benchmark.methods.trained_networks import TrainedNetworks
from benchmark.methods.trained_weights import TrainedWeights
from benchmark.methods.weights import load_network


def short(cls: type[TrainedNetworks], **changes) -> TrainedNetworks:
    """For one step, at a rate so small that the weights hardly move."""
    method = cls()
    training = replace(method.settings.training, epochs=1, max_steps=1, batch_size=4, patience=None)
    method.settings = replace(method.settings, training=training, **changes)
    return method


@pytest.mark.parametrize("cls", [Segmenter, ResidualRegressor])
def test_a_detector_and_a_blind_method_start_from_weights_too(cls, tiny_pairs, quiet, tmp_path):
    first, second = short(cls), short(cls, learning_rate=1e-12)
    first.fit(tiny_pairs(8, seed=1), progress=quiet)
    first.save(tmp_path)
    second.workspace = Workspace(start_from=TrainedWeights(tmp_path))
    second.fit(tiny_pairs(8, seed=2), progress=quiet)
    (name,) = cls.stored
    for wanted, found in zip(first.modules[name].parameters(), second.modules[name].parameters(), strict=True):
        assert torch.allclose(wanted, found, atol=1e-6)
    fresh = short(cls).modules[name].parameters()
    assert not all(torch.equal(one, other) for one, other in zip(first.modules[name].parameters(), fresh, strict=True))


def test_the_normalisation_stays_that_of_the_weights_started_from(tiny_pairs, quiet, tmp_path):
    first, second = short(ResidualRegressor), short(ResidualRegressor)
    first.fit(tiny_pairs(8, seed=1), progress=quiet)
    first.save(tmp_path)
    second.workspace = Workspace(start_from=TrainedWeights(tmp_path))
    second.fit(tiny_pairs(8, seed=2), progress=quiet)
    assert torch.equal(first.modules["network"].mean, second.modules["network"].mean)


@pytest.mark.parametrize("cls", [Segmenter, ResidualRegressor])
def test_weights_from_before_the_side_was_stored_are_read(cls, tmp_path):
    first, again = cls(seed=1), cls(seed=2)
    first.save(tmp_path)
    file = tmp_path / "weights.json"
    about = json.loads(file.read_text("utf-8"))
    assert about.pop("side") == 64
    file.write_text(json.dumps(about), "utf-8")
    again.load(tmp_path)
    (name,) = cls.stored
    for wanted, found in zip(first.modules[name].parameters(), again.modules[name].parameters(), strict=True):
        assert torch.equal(wanted, found)


def test_networks_are_stored_under_the_names_of_the_shipped_files(tmp_path):
    Segmenter().save(tmp_path)
    assert set(load_file(tmp_path / "weights.safetensors")) == set(Segmenter().modules["segmenter"].state_dict())
    Glcic().save(tmp_path)
    assert {name.split(".")[0] for name in load_file(tmp_path / "weights.safetensors")} == {"average"}


def test_networks_made_within_inference_can_learn(tiny_pairs):
    method = Segmenter()
    with torch.inference_mode():
        network = method.modules["segmenter"]
    method.modules["segmenter"](torch.rand(2, 3, 16, 16)).sum().backward()
    assert all(parameter.grad is not None for parameter in network.parameters())


@pytest.mark.parametrize("cls", [Segmenter, FaceGenerator])
@pytest.mark.parametrize("pickled", [False, True])
def test_weights_are_read_when_the_networks_are_asked_for_or_sent_elsewhere(tmp_path, monkeypatch, cls, pickled):
    cls(seed=1).save(tmp_path)
    read = []
    monkeypatch.setattr(
        trained_networks, "load_network", lambda folder, *more: (read.append(folder), load_network(folder, *more))
    )
    eager, late = cls(seed=2), cls(seed=2)
    eager.load(tmp_path)
    read.clear()
    late.load_when_used(tmp_path)
    assert read == []
    if pickled:
        content = pickle.dumps(late)
        shutil.rmtree(tmp_path)
        late = pickle.loads(content)
    for name, network in eager.networks().items():
        for wanted, found in zip(network.parameters(), late.networks()[name].parameters(), strict=True):
            assert torch.equal(wanted, found)
    late.networks()
    assert read == [tmp_path]


def test_damaged_weights_are_refused_when_they_are_used(tmp_path):
    Segmenter(seed=1).save(tmp_path)
    (tmp_path / "weights.safetensors").write_bytes(b"cut")
    late = Segmenter(seed=2)
    late.load_when_used(tmp_path)
    for _ in range(2):
        with pytest.raises(StorageError, match=r"weights\.safetensors|cannot be read"):
            late.networks()
