"""Teachers from `train --teachers` to the run that says which judge taught the method."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from benchmark import load_run
from benchmark.cli.main import main
from benchmark.config import load_config
from benchmark.errors import RequestError
from benchmark.methods.trained_weights import TrainedWeights
from benchmark.pipeline.run import run
from benchmark.pipeline.train_method import train_method
from tests.small_onnx_network import export

SOURCE = """
import torch
from torch import nn

class Small(nn.Module):
    CARD = {"size": 32, "trained_on": ["nothing"], "licence": "mine"}

    def __init__(self):
        super().__init__()
        generator = torch.Generator().manual_seed(0)
        self.layers = nn.Sequential(nn.Conv2d(3, 8, 5, stride=3), nn.ReLU(), nn.Flatten(), nn.Linear(800, 16))
        for parameter in self.parameters():
            parameter.data = torch.randn(parameter.shape, generator=generator) * 0.2

    def forward(self, faces):
        return self.layers(faces)
"""
SMALL = {"size": 64, "workers": 1, "quiet": True, "train_limit": 40}
RUN = {**SMALL, "limit": 8, "passthrough": 6, "replicates": 10, "targets": "0.05"}


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("network")
    (folder / "teacher.py").write_text(SOURCE, "utf-8")
    return f"{folder / 'teacher.py'}:Small"


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="module")
def trained(small: str, cache: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("trained")
    arguments = ["train", "--method", "identity-completer", "--teachers", small, "--steps", "2", "--size", "64"]
    arguments += ["--train-limit", "40", "--workers", "1", "--cache", str(cache), "--out", str(out), "--quiet"]
    assert main(arguments) == 0
    return out


def test_the_card_of_the_weights_names_the_teachers(trained):
    card = TrainedWeights(trained).card
    assert card.teachers == ("teacher.py:Small",)
    assert "--teachers teacher.py:Small" in card.command


def test_a_run_says_which_judge_taught_the_method(trained, small, cache, tmp_path):
    report = run(
        load_config(
            None,
            {
                **RUN,
                "out": tmp_path,
                "cache": cache,
                "methods": "identity-completer",
                "recognisers": f"{small},face_recognition",
                "weights": (f"identity-completer={trained}",),
            },
        )
    )
    cards = json.loads((report.parent / "manifest.json").read_text("utf-8"))["cards"]
    assert cards["identity-completer"]["saw_recognisers"] == ["teacher.py:Small"]


def test_a_preset_and_a_chain_are_marked_by_the_teachers_of_their_own_weights(small, trained, cache, tmp_path):
    plain = load_config(None, {**SMALL, "methods": "identity-completer:plain", "cache": cache})
    weights = train_method(plain, tmp_path / "plain", steps=1, teachers=(small,))
    report = run(
        load_config(
            None,
            {
                **RUN,
                "out": tmp_path / "run",
                "cache": cache,
                "methods": "identity-completer:plain,landmarks+identity-completer:plain,identity-completer",
                "recognisers": f"{small},face_recognition",
                "weights": (f"identity-completer:plain={weights}",),
            },
        )
    )
    table = load_run(report.parent).table(target=0.05).reset_index()
    assert set(table.recogniser) == {"teacher.py:Small", "face_recognition"}
    for method in ("identity-completer:plain", "landmarks+identity-completer"):
        rows = table[table.method.str.startswith(method)]
        assert len(rows) == 2
        assert (rows.saw_judge == (rows.recogniser == "teacher.py:Small")).all()


def test_a_training_continued_with_another_teacher_names_both(trained, cache, tmp_path):
    config = load_config(None, {**SMALL, "methods": "identity-completer", "cache": cache})
    folder = train_method(config, tmp_path, steps=1, start_from=trained, teachers=("face_recognition",))
    assert TrainedWeights(folder).card.teachers == ("teacher.py:Small", "face_recognition")


def test_weights_from_before_teachers_were_recorded_had_those_of_their_preset(small, trained, cache, tmp_path):
    first = tmp_path / "first"
    shutil.copytree(trained, first)
    card = json.loads((first / "card.json").read_text("utf-8"))
    del card["teachers"]
    (first / "card.json").write_text(json.dumps(card), "utf-8")
    config = load_config(None, {**SMALL, "methods": "identity-completer:strong-teacher", "cache": cache})
    folder = train_method(config, tmp_path / "second", steps=1, start_from=first, teachers=(small,))
    assert TrainedWeights(folder).card.teachers == ("face_recognition", "teacher.py:Small")


def test_a_network_of_bytes_passes_no_gradient_and_cannot_teach(small, cache, tmp_path):
    source = SOURCE.replace('"size": 32', '"size": 32, "pixels": "bytes"').replace("(faces)", "(faces.float())")
    (tmp_path / "takes_bytes.py").write_text(source, "utf-8")
    config = load_config(None, {**SMALL, "methods": "identity-completer", "cache": cache})
    with pytest.raises(RequestError, match="no gradient reaches the pixels"):
        train_method(config, tmp_path / "out", steps=1, teachers=(f"{tmp_path / 'takes_bytes.py'}:Small",))


def test_a_recogniser_in_an_onnx_file_teaches(cache, tmp_path):
    teacher = f"onnx:{export(tmp_path / 'small.onnx')}"
    config = load_config(None, {**SMALL, "methods": "identity-completer", "cache": cache})
    folder = train_method(config, tmp_path / "out", steps=1, teachers=(teacher,))
    assert TrainedWeights(folder).card.teachers == ("onnx:small.onnx",)


@pytest.mark.parametrize(
    ("method", "teachers", "message"),
    [
        ("glcic", ("face_recognition",), "--teachers face_recognition: no loss of 'glcic' compares embeddings"),
        ("identity-completer", ("all",), "--teachers all: name each one"),
        ("identity-completer", ("face_recogniser",), "face_recognition"),
        ("identity-completer:strong-teacher", (), "edgeface-xxs"),
    ],
)
def test_what_cannot_teach_is_refused(method, teachers, message, cache, tmp_path):
    config = load_config(None, {**SMALL, "methods": method, "cache": cache})
    with pytest.raises(RequestError, match=message):
        train_method(config, tmp_path, steps=1, teachers=teachers)
