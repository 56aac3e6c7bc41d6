"""Thresholds from another run: used as they are, and refused where they say nothing about this one."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from benchmark.config import load_config
from benchmark.errors import RequestError
from benchmark.pipeline.run import run

SMALL = {
    "methods": "true-mask+telea",
    "recognisers": "face_recognition",
    "limit": 8,
    "passthrough": 2,
    "replicates": 5,
    "size": 64,
    "workers": 1,
    "targets": "0.1",
    "quiet": True,
}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("runs")


@pytest.fixture(scope="module")
def tuned(place: Path) -> Path:
    return run(load_config(None, {**SMALL, "out": place / "tuned", "cache": place / "cache"})).parent


def run_with(place: Path, tuned: Path, name: str, **settings: object) -> Path:
    given = {**SMALL, "out": place / name, "cache": place / "cache", "thresholds_from": tuned, **settings}
    return run(load_config(None, given)).parent


@pytest.mark.slow
def test_frozen_thresholds_are_those_of_the_other_run(place: Path, tuned: Path) -> None:
    there = pd.read_csv(tuned / "metrics.csv")
    used = run_with(place, tuned, "used", limit=6)
    here = pd.read_csv(used / "metrics.csv")
    set_there = there.query("condition == 'raw-raw' and metric == 'gfrr' and threshold_kind == 'matched'")
    set_there = set_there[set_there["size"].astype(str) == "64"]["threshold"].iloc[0]
    frozen = here.query("threshold_kind == 'frozen' and metric == 'gfrr'")
    frozen = frozen[frozen["size"].astype(str) == "64"]
    assert (frozen["threshold"] == set_there).all()
    assert len(frozen) > 3
    own = here.query("condition == 'raw-raw' and metric == 'gfrr' and threshold_kind == 'matched'")
    assert own["threshold"].iloc[0] != set_there, "other people set another one"
    manifest = json.loads((used / "manifest.json").read_text("utf-8"))
    assert manifest["thresholds_from"]["dataset"] == "synthetic"
    assert manifest["thresholds_from"]["groups"][0]["thresholds"] == {"0.1": set_there}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"size": 96}, "at 96 px; it has: oracle at 64 px"),
        ({"acquisition": "redetect"}, "for the arm redetect"),
        ({"targets": "0.2"}, "use --targets 0.1"),
    ],
)
def test_thresholds_of_another_setting_are_refused(
    place: Path, tuned: Path, settings: dict[str, object], words: str
) -> None:
    with pytest.raises(RequestError, match=words):
        run_with(place, tuned, "refused", **settings)


@pytest.mark.slow
def test_thresholds_of_other_weights_are_refused(place: Path, tuned: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from dataclasses import replace

    from benchmark.recognisers.face_recognition import FaceRecognition

    monkeypatch.setattr(FaceRecognition, "card", replace(FaceRecognition.card, sha256="0" * 64))
    with pytest.raises(RequestError, match="had other weights in that run"):
        run_with(place, tuned, "refused")


def test_a_folder_without_a_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match=str(tmp_path)):
        run(load_config(None, {**SMALL, "out": tmp_path / "out", "thresholds_from": tmp_path, "cache": tmp_path / "c"}))
