from __future__ import annotations

import logging
from pathlib import Path

import numpy as np
import pytest
import torch

from benchmark.errors import BenchmarkError, RequestError
from benchmark.methods.own_completers.module_completer import ModuleCompleter
from benchmark.methods.resolve import resolve_method
from benchmark.methods.unmasker import Restored

SOURCE = '''
import torch
from torch import nn
from benchmark.methods.base import Unmasker
from shade import SHADE

class Grey(nn.Module):
    """Known pixels as they are, a shade in the hole."""
    def __init__(self, shade=SHADE):
        super().__init__()
        self.shade = nn.Parameter(torch.tensor(float(shade)))
    def forward(self, picture, mask):
        assert not self.training
        return picture * (1 - mask) + self.shade * mask

class Stacked(Grey):
    CARD = {"inputs": "mask-first", "values": [-1, 1], "output_values": [0, 255], "mask_values": [1, 0],
            "licence": "mine", "trained_on": ["faces"]}
    def forward(self, stacked):
        hole, picture = 1 - stacked[:, :1], stacked[:, 1:]
        return ((picture + 1) / 2 * (1 - hole) + self.shade * hole) * 255

class Several(Grey):
    CARD = {"output": "fine"}
    def forward(self, picture, mask):
        return {"coarse": picture, "fine": super().forward(picture, mask)}

class Unnamed(Grey):
    def forward(self, picture, mask):
        return picture, mask

class Listing(Grey):
    def forward(self, picture, mask):
        return [super().forward(picture, mask)]

class WrongCard(Grey):
    CARD = {"sise": 64}

class Scores(Grey):
    def forward(self, picture, mask):
        return picture.mean(dim=(2, 3))

class Words(Grey):
    def forward(self, picture, mask):
        return "no picture"

class Failing(Grey):
    def forward(self, picture, mask):
        raise ValueError("two\\nlines")

class Needy(Grey):
    def __init__(self, depth):
        super().__init__()

class Registered(Unmasker):
    def restore(self, faces): ...

instance = Grey(0.5)
bright = Grey(1.25)
number = 3

def factory():
    return Grey(0.75)

def nothing():
    return None
'''


@pytest.fixture
def own(tmp_path: Path) -> str:
    (tmp_path / "own.py").write_text(SOURCE, "utf-8")
    (tmp_path / "shade.py").write_text("SHADE = 0.25\n", "utf-8")
    return str(tmp_path / "own.py")


def unmask(method: ModuleCompleter) -> tuple[Restored, np.ndarray, np.ndarray]:
    pixels = np.random.default_rng(0).integers(0, 256, (3, 32, 32, 3), dtype=np.uint8)
    holes = np.zeros((3, 32, 32), dtype=np.uint8)
    holes[:, 16:28, 4:28] = 255
    return method.unmask(pixels, holes, np.zeros((3, 68, 2), np.float32), ("a", "b", "c")), pixels, holes > 0


def made(target: str) -> ModuleCompleter:
    return ModuleCompleter(target, label=Path(target).name)


@pytest.mark.parametrize(
    ("attribute", "shade"),
    [("Grey", 64), ("Stacked", 64), ("Several", 64), ("Listing", 64), ("instance", 128), ("factory", 191)],
)
def test_a_class_an_instance_and_a_function_paint_as_their_card_says(own: str, attribute: str, shade: int) -> None:
    restored, pixels, inside = unmask(made(f"{own}:{attribute}"))
    np.testing.assert_array_equal(restored.pixels[~inside], pixels[~inside])
    assert (np.abs(restored.pixels[inside].astype(int) - shade) <= 1).all()


@pytest.mark.parametrize(("attribute", "beyond"), [("bright", True), ("instance", False)])
def test_faces_brighter_than_white_are_clipped_and_told(own: str, attribute: str, beyond: bool) -> None:
    restored, _, inside = unmask(made(f"{own}:{attribute}"))
    assert restored.clipped.tolist() == [beyond] * 3
    assert bool((restored.pixels[inside] == 255).all()) is beyond


def test_a_card_is_followed_and_shown(own: str, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        card = made(f"{own}:Stacked").card
    assert not caplog.text
    assert (card.licence, card.trained_on, dict(card.parameters)) == ("mine", ("faces",), {"network": 1})
    with caplog.at_level(logging.WARNING):
        plain = made(f"{own}:Grey").card
    assert "own.py:Grey has no CARD" in caplog.text
    assert plain.licence.startswith("not stated")


@pytest.mark.parametrize(
    ("attribute", "message"),
    [
        ("WrongCard", "unknown key 'sise'; did you mean 'size'"),
        ("Scores", r"gives a picture of shape \(1, 3\) where \(1, 3, 64, 64\)"),
        ("Words", "gives str where a picture is needed"),
        ("Unnamed", "gives 2 outputs; name the picture in its card, as 'output: 0'"),
        ("Failing", "fails on pictures of shape .*ValueError: two lines"),
        ("Needy", r"Needy\(\) fails without arguments"),
        ("Registered", "is a method already: register it with @register_method"),
        ("number", "is of type int; name a torch module"),
        ("nothing", "gives NoneType where a torch module is needed"),
        ("Gray", "has no 'Gray'; it has: Grey, Stacked"),
    ],
)
def test_what_does_not_fit_is_one_line(own: str, attribute: str, message: str) -> None:
    with pytest.raises(BenchmarkError, match=message) as caught:
        made(f"{own}:{attribute}")
    assert "\n" not in str(caught.value)
    assert attribute == "WrongCard" or "own.py" in str(caught.value)


def test_a_missing_file_and_one_that_cannot_be_imported_are_one_line(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match=r"--methods .*none\.py:Net: no such file"):
        made(f"{tmp_path / 'none.py'}:Net")
    (tmp_path / "broken.py").write_text("import no_such_package\n", "utf-8")
    with pytest.raises(BenchmarkError, match="cannot be imported: ModuleNotFoundError"):
        made(f"{tmp_path / 'broken.py'}:Net")


def test_numbers_and_code_and_card_are_in_the_key(own: str, tmp_path: Path) -> None:
    settings = {name: made(f"{own}:{name}").settings for name in ("Grey", "instance", "factory", "Stacked")}
    assert len(set(settings.values())) == 4
    assert made(f"{own}:Grey").settings == settings["Grey"]
    edited = tmp_path / "edited"
    edited.mkdir()
    (edited / "own.py").write_text(SOURCE, "utf-8")
    (edited / "shade.py").write_text("SHADE = 0.25  # another line\n", "utf-8")
    assert made(f"{edited / 'own.py'}:instance").settings != settings["instance"]


def test_the_command_line_names_it_alone_and_behind_a_detector(own: str) -> None:
    assert resolve_method(f"{own}:Grey").label == "own.py:Grey"
    behind = resolve_method(f"true-mask+{own}:Grey")
    assert behind.label == "true-mask+own.py:Grey"
    assert not any(parameter.requires_grad for parameter in behind.networks()["network"].parameters())
    assert torch.get_default_dtype() == torch.float32
