from __future__ import annotations

import logging
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from benchmark.errors import BenchmarkError, PluginError, RequestError
from benchmark.recognisers.resolve import resolve_recogniser
from benchmark.recognisers.torch_module import ModuleRecogniser

SOURCE = '''
import torch
from torch import nn
from benchmark.recognisers.base import Recogniser

class Means(nn.Module):
    """Mean of each channel and its square; a parameter that scales them."""
    def __init__(self, factor=1.0):
        super().__init__()
        self.factor = nn.Parameter(torch.tensor(float(factor)))
    def forward(self, faces):
        assert not self.training
        means = faces.mean(dim=(2, 3)) * self.factor
        return torch.cat([means, means * means], dim=1)

class Described(Means):
    CARD = {"size": [64, 48], "mean": 0, "std": 255, "channels": "bgr", "flip": True, "licence": "mine",
            "trained_on": ["faces"], "metric": "euclidean"}

class WrongCard(Means):
    CARD = {"sise": 64}

class Spatial(Means):
    def forward(self, faces):
        return faces

class Listing(Means):
    def forward(self, faces):
        return [faces]

class Failing(Means):
    def forward(self, faces):
        raise ValueError("two\\nlines")

class Needy(Means):
    def __init__(self, depth):
        super().__init__()

class Registered(Recogniser):
    def chip(self, image, face): ...
    def embed(self, chips): ...

instance = Means(2)
number = 3

def factory():
    return Means(3)

def nothing():
    return None
'''


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> str:
    """A module in the working folder, of a name that no other test uses."""
    name = f"own_network_{abs(hash(request.node.name))}"
    (tmp_path / f"{name}.py").write_text(SOURCE)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [path for path in sys.path if path])
    yield name
    sys.modules.pop(name, None)


GREY = np.full((3, 112, 112, 3), 255, np.uint8)


@pytest.mark.parametrize(("attribute", "factor"), [("Means", 1), ("instance", 2), ("factory", 3)])
def test_class_instance_and_factory_are_taken(module: str, attribute: str, factor: float) -> None:
    recogniser = ModuleRecogniser(f"{module}:{attribute}")
    embeddings = recogniser.embed(GREY)
    np.testing.assert_allclose(embeddings, [[factor] * 3 + [factor**2] * 3] * 3, rtol=1e-5)
    assert recogniser.card.parameters == {"network": 1}
    assert recogniser.card.trained_on == ("unknown",)


def test_its_card_is_followed(module: str, caplog: pytest.LogCaptureFixture) -> None:
    recogniser = ModuleRecogniser(f"{module}:Described")
    assert not caplog.records
    assert recogniser.card.chip_size == (64, 48)
    assert (recogniser.card.licence, recogniser.card.trained_on, recogniser.card.metric) == (
        "mine",
        ("faces",),
        "euclidean",
    )
    red = np.zeros((2, 64, 48, 3), np.uint8)
    red[..., 0] = 255
    np.testing.assert_allclose(recogniser.embed(red), [[0, 0, 1, 0, 0, 1] * 2] * 2, atol=1e-5)


def test_without_a_card_the_defaults_are_said(module: str, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        ModuleRecogniser(f"{module}:Means")
    assert f"{module}:Means has no CARD: assuming 112×112 pixels, (RGB − 127.5) / 127.5" in caplog.text


def test_a_card_of_the_module_holds_for_its_networks(module: str) -> None:
    Path(f"{module}.py").write_text(SOURCE + '\nCARD = {"size": 80}\n')
    assert ModuleRecogniser(f"{module}:factory").card.chip_size == (80, 80)
    assert ModuleRecogniser(f"{module}:Described").card.chip_size == (64, 48)


def test_a_file_may_be_named_wherever_it_lies(module: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir("/")
    recogniser = resolve_recogniser(f"{tmp_path / module}.py:Means")
    assert isinstance(recogniser, ModuleRecogniser)
    with pytest.raises(RequestError, match="no such file"):
        resolve_recogniser(f"{tmp_path}/other.py:Means")


def test_a_file_may_be_called_as_a_module_of_the_standard_library(module: str, tmp_path: Path) -> None:
    (tmp_path / "json.py").write_text(SOURCE)
    assert isinstance(ModuleRecogniser(f"{tmp_path / 'json.py'}:Means"), ModuleRecogniser)


def test_the_key_of_its_embeddings_changes_with_parameters_source_and_card(module: str) -> None:
    first, second = ModuleRecogniser(f"{module}:Means"), ModuleRecogniser(f"{module}:factory")
    assert first.card.sha256 != second.card.sha256
    assert first.card.sha256 == ModuleRecogniser(f"{module}:Means").card.sha256
    assert first.settings != ModuleRecogniser(f"{module}:Described").settings
    Path(f"{module}.py").write_text(SOURCE.replace("means * means", "means + means"))
    edited = ModuleRecogniser(f"{module}:Means")
    assert first.card.sha256 != edited.card.sha256
    np.testing.assert_allclose(edited.embed(GREY)[0], [1, 1, 1, 2, 2, 2], rtol=1e-5)  # and it runs what is there now


def test_weights_are_put_into_the_network(module: str, tmp_path: Path) -> None:
    file = tmp_path / "mine.pt"
    torch.save({"state_dict": {"module.factor": torch.tensor(5.0)}}, file)
    recogniser = resolve_recogniser(f"{module}:Means", weights={f"{module}:Means": file})
    np.testing.assert_allclose(recogniser.embed(GREY)[0, :3], 5, rtol=1e-5)
    assert recogniser.card.weights_source == "mine.pt"
    torch.save({"other": torch.tensor(5.0)}, file)
    with pytest.raises(PluginError, match="'factor' is missing"):
        ModuleRecogniser(f"{module}:Means", weights=file)
    with pytest.raises(RequestError, match="no such file"):
        ModuleRecogniser(f"{module}:Means", weights=tmp_path / "none.pt")


@pytest.mark.parametrize(
    ("attribute", "message"),
    [
        ("Absent", "has no 'Absent'; it has: Means, Described"),
        ("number", "is of type int; name a torch module"),
        ("nothing", r"nothing\(\) gives NoneType where a torch module is needed"),
        ("Needy", r"Needy\(\) fails without arguments: TypeError: .*depth"),
        ("Registered", "is a recogniser already: register it with @register_recogniser"),
        ("WrongCard", r"CARD of .*: unknown key 'sise'; did you mean 'size'\?"),
        ("Spatial", r"gives shape \(16, 3, 112, 112\) for 16 faces where one row per face is needed"),
        ("Listing", r"gives list \(0: shape \(16, 3, 112, 112\)\) for 16 faces"),
        ("Failing", r"fails on faces of shape \(16, 3, 112, 112\): ValueError: two lines"),
    ],
)
def test_what_cannot_be_used_is_one_line(module: str, attribute: str, message: str) -> None:
    with pytest.raises(BenchmarkError, match=message) as caught:
        ModuleRecogniser(f"{module}:{attribute}")
    assert "\n" not in str(caught.value)
    assert module in str(caught.value)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("import no_such_library", "cannot be imported: ModuleNotFoundError: No module named 'no_such_library'"),
        ("1 / 0", "cannot be imported: ZeroDivisionError"),
        ("def (", "cannot be imported: SyntaxError"),
    ],
)
def test_a_module_that_cannot_be_imported_is_one_line(module: str, source: str, message: str) -> None:
    Path(f"{module}.py").write_text(source)
    with pytest.raises(RequestError, match=message) as caught:
        ModuleRecogniser(f"{module}:Means")
    assert "\n" not in str(caught.value)


def test_a_missing_module_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(RequestError, match=r"no module 'no_such_module' in .*; write MODULE:ATTR or FILE\.py:ATTR"):
        resolve_recogniser("no_such_module:Net")
