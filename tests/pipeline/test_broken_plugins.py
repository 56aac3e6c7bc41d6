"""A plugin that breaks loses its own cells and nobody else's; the run says so, and ends with status 1."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pandas as pd
import pytest

from benchmark.cli.main import main
from benchmark.plugins import KINDS

BROKEN = '''
import numpy as np
import torch
from benchmark.methods.base import CropTransform, TemplateMapper, Unmasker
from benchmark.plugins import register_method, register_recogniser
from benchmark.recognisers.base import Recogniser, RecogniserCard

@register_method("raises-for-test")
class Raises(Unmasker):
    """Raises."""
    def restore(self, faces):
        raise ValueError("no luck")

@register_method("quits-for-test")
class Quits(CropTransform):
    """Ends the program."""
    def transform(self, faces):
        quit()

@register_method("nan-for-test")
class Nan(Unmasker):
    """Gives no number."""
    def restore(self, faces):
        return torch.full_like(faces.pixels, float("nan"))

@register_method("list-for-test")
class Listing(TemplateMapper):
    """Gives a list."""
    def fit(self, pairs, *, progress):
        self.something = 1.0
    def map(self, masked):
        return [1]

@register_method("unmade-for-test")
class Unmade(CropTransform):
    """Cannot be made."""
    def __init__(self, **settings):
        raise ValueError("nothing to begin with")
    def transform(self, faces):
        return faces

@register_recogniser("unmade-judge-for-test")
class UnmadeJudge(Recogniser):
    """Cannot be made either."""
    card = RecogniserCard(chip_size=(8, 8))
    def __init__(self, **settings):
        quit()
    def chip(self, image, face):
        return image[:8, :8]
    def embed(self, chips):
        return chips

@register_recogniser("nan-judge-for-test")
class NanJudge(Recogniser):
    """Refuses everybody."""
    card = RecogniserCard(chip_size=(8, 8))
    def chip(self, image, face):
        return image[:8, :8]
    def embed(self, chips):
        return np.full((len(chips), 4), np.nan, np.float32)

@register_recogniser("complex-for-test")
class Complex(Recogniser):
    """Gives complex numbers."""
    card = RecogniserCard(chip_size=(8, 8))
    def chip(self, image, face):
        return image[:8, :8]
    def embed(self, chips):
        return chips.reshape(len(chips), -1)[:, :9].astype(np.complex64)
'''
FAILED = {
    "true-mask+raises-for-test": "ValueError: no luck",
    "quits-for-test": "SystemExit",
    "true-mask+nan-for-test": "no valid image for any of",
    "list-for-test": "returned list from map()",
    "unmade-for-test": "cannot be made: ValueError: nothing to begin with",
    "complex-for-test": "an array of complex64",
    "unmade-judge-for-test": "cannot be made: it raised SystemExit",
    "nan-judge-for-test": "gave an embedding to none of",
}
JUDGES = ("complex-for-test", "unmade-judge-for-test", "nan-judge-for-test")


def test_each_broken_plugin_loses_its_own_cells_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for registry in KINDS.values():
        registry.names()
        monkeypatch.setattr(registry, "_entries", dict(registry._entries))
    file, out = tmp_path / "broken.py", tmp_path / "run"
    file.write_text(BROKEN, "utf-8")
    arguments = ["--plugin", str(file), "--recognisers", f"{','.join(JUDGES)},face_recognition"]
    arguments += ["--methods", ",".join([*(name for name in FAILED if name not in JUDGES), "true-pixels"])]
    arguments += [
        "--limit",
        "8",
        "--replicates",
        "5",
        "--size",
        "64",
        "--workers",
        "1",
        "--quiet",
        "--passthrough",
        "2",
    ]
    arguments += ["--train-limit", "6", "--targets", "0.1", "--out", str(out), "--cache", str(tmp_path / "cache")]
    assert main(arguments) == 1
    said = capsys.readouterr()
    assert said.out.strip().endswith("report.html")
    facts = json.loads((out / "manifest.json").read_text("utf-8"))["failed_plugins"]
    page = re.sub(r"</?span[^>]*>", "", (out / "report.html").read_text("utf-8"))  # names that stay on one line
    assert {one["name"] for one in facts} == set(FAILED)
    for name, reason in FAILED.items():
        assert all(reason in one["reason"] for one in facts if one["name"] == name)
        assert f" {name} failed" in page
        assert f"'{name}' failed" in said.err
    metrics = pd.read_csv(out / "metrics.csv", keep_default_na=False)
    assert {"face_recognition", "none", "nan-judge-for-test"} == set(metrics.recogniser)
    lost = metrics[(metrics.recogniser == "nan-judge-for-test") & (metrics.metric == "fta")]
    assert set(lost.value.astype(float)) == {1.0}  # its rows stay: a recogniser may rightly refuse everybody
    assert "true-pixels" in set(metrics.method)
    assert not {"true-mask+raises-for-test", "quits-for-test", "list-for-test"} & set(metrics.method)
    images = pd.read_csv(out / "images.csv", keep_default_na=False)
    reasons = images[images.status == "failed"].reason
    assert reasons.str.contains("no luck").any()
    assert reasons.str.contains("SystemExit").any()
