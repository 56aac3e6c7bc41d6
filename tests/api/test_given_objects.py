"""Classes and objects instead of names."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from benchmark import run
from benchmark.api.given_objects import named
from benchmark.cards import RecogniserCard
from benchmark.errors import PluginError, RequestError
from benchmark.methods.base import MaskedFaces, Unmasker
from benchmark.plugin_code.keys import code_in_key
from benchmark.plugins import METHODS, METRICS, RECOGNISERS
from benchmark.recognisers.base import Recogniser
from benchmark.verification.base import ScoreMetric
from tests.api.conftest import SMALL


class PlainFill(Unmasker):
    """Fill everything with one grey."""

    needs_holes = False
    keeps_known_pixels = False

    def __init__(self, grey: float = 0.5, **settings: object) -> None:
        super().__init__(**settings)
        self.grey = grey

    def restore(self, faces: MaskedFaces) -> torch.Tensor:
        return torch.full_like(faces.pixels, self.grey)


class Thumbnail(Recogniser):
    """A face shrunk to a few pixels."""

    card = RecogniserCard(chip_size=(8, 8))

    def chip(self, image, face):
        return np.ascontiguousarray(image[:: image.shape[0] // 8, :: image.shape[1] // 8][:8, :8])

    def embed(self, chips):
        return chips.reshape(len(chips), -1).astype(np.float32)


class MeanGap(ScoreMetric):
    """Mean mated score − mean non-mated score."""

    higher_is_better = True

    def evaluate(self, sample, threshold):
        return float(sample.mated.mean() - sample.nonmated.mean())


def test_objects_take_part_in_a_run_and_are_forgotten(tmp_path: Path, cache: Path) -> None:
    before = METHODS.names(), RECOGNISERS.names(), METRICS.names()
    settings = {**SMALL, "recognisers": ["face_recognition", Thumbnail()], "limit": 4}
    result = run(**settings, methods=[PlainFill(grey=0.75)], metrics=MeanGap, out=tmp_path / "run", cache=cache)
    rows = result.metrics
    assert {"none", "plain-fill"} == set(rows.method)
    assert "thumbnail" in set(rows.recogniser)
    gap = rows[(rows.metric == "mean-gap") & (rows.recogniser == "thumbnail") & (rows.mask_type == "all")]
    assert gap.value.notna().all() and len(gap) > 0
    strip = result.folder / "figures"
    assert any(strip.iterdir())
    assert (METHODS.names(), RECOGNISERS.names(), METRICS.names()) == before


def test_an_object_keeps_its_settings_and_is_not_changed() -> None:
    given = PlainFill(grey=0.75, seed=3)
    with named({"methods": [given]}) as settings:
        assert settings["methods"] == ("plain-fill",)
        made = METHODS.load("plain-fill")(preset=None, seed=0, device="cpu")
        assert type(made) is PlainFill
        assert (made.grey, made.seed) == (0.75, 3)
        made.grey = 0.1
    assert given.grey == 0.75
    assert "plain-fill" not in METHODS


def test_results_of_an_object_are_kept_under_what_it_holds() -> None:
    keys = []
    for given in (PlainFill(grey=0.5), PlainFill(grey=0.5), PlainFill(grey=0.95)):
        with named({"methods": [given]}):
            keys.append(code_in_key(METHODS.load("plain-fill")()))
    assert keys[0] == keys[1]
    assert keys[0] != keys[2]


def test_a_class_is_made_by_the_run() -> None:
    with named({"methods": ["telea", PlainFill]}) as settings:
        assert settings["methods"] == ("telea", "plain-fill")
        assert METHODS.load("plain-fill")(seed=5).seed == 5


def test_a_registered_class_keeps_its_name() -> None:
    telea = METHODS.load("telea")
    with named({"methods": [telea]}) as settings:
        assert settings["methods"] == ("telea",)
    assert "telea" in METHODS


def test_names_must_differ() -> None:
    twice = named({"methods": [PlainFill(), PlainFill(grey=1.0)]})
    with pytest.raises(RequestError, match="two methods that were handed over are called 'plain-fill'"), twice:
        pass
    assert "plain-fill" not in METHODS
    one, other = PlainFill(), PlainFill(grey=1.0)
    other.name = "white"
    with named({"methods": [one, other]}) as settings:
        assert settings["methods"] == ("plain-fill", "white")


def test_an_object_of_another_kind_is_refused() -> None:
    with pytest.raises(PluginError, match="is not a subclass of"), named({"methods": [MeanGap()]}):
        pass
    assert "mean-gap" not in METHODS


def test_a_wrong_name_is_told_before_pytorch_is_imported() -> None:
    with pytest.raises(RequestError, match="did you mean 'telea'"):
        run(methods="teleea")
