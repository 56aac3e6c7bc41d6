"""Raw-raw alone: no mask is drawn, and nothing is said of masks."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from benchmark.config import load_config
from benchmark.pipeline.planning.plan import make_plan
from benchmark.pipeline.run import run

SMALL = {
    "conditions": "raw-raw",
    "methods": "none",
    "recognisers": "face_recognition",
    "limit": 4,
    "targets": "0.1",
    "replicates": 5,
    "size": 64,
    "workers": 1,
    "quiet": True,
}


@pytest.mark.slow  # reads the files of a whole run
def test_raw_raw_alone_draws_no_mask(tmp_path: Path) -> None:
    settings = {**SMALL, "acquisition": "oracle,redetect", "cache": tmp_path / "cache", "out": tmp_path / "run"}
    page = run(load_config(None, settings))
    metrics = pd.read_csv(page.parent / "metrics.csv", keep_default_na=False)
    assert set(metrics["condition"]) == {"raw-raw"}
    assert {"auc", "eer"} <= set(metrics["metric"])
    images = pd.read_csv(page.parent / "images.csv", keep_default_na=False)
    assert not {"mask", "detect", "unmask"} & set(images["step"])
    assert not (tmp_path / "cache" / "mask").exists()
    assert json.loads((page.parent / "manifest.json").read_text())["config"]["conditions"] == ["raw-raw"]
    assert "A mask is really worn" not in page.read_text("utf-8")


def test_with_a_method_masks_are_measured_all_the_same(tmp_path: Path) -> None:
    plan = make_plan(load_config(None, {**SMALL, "methods": "periocular", "out": tmp_path}))
    assert plan.config.conditions == ("raw-raw", "raw-masked")
