"""Completers in files, from the command line's setting to the report: named, keyed, listed, refused."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from benchmark.config import load_config
from benchmark.errors import RequestError
from benchmark.pipeline.run import run
from tests.methods.own_completers.made_networks import export, random_network

RUN = {
    "size": 64,
    "workers": 1,
    "quiet": True,
    "limit": 6,
    "passthrough": 6,
    "replicates": 10,
    "targets": "0.05",
    "recognisers": "face_recognition",
    "conditions": "raw-raw,raw-masked,raw-restored,raw-passthrough",
}
TORCH = """
from torch import nn

class Flat(nn.Module):
    CARD = {"licence": "mine", "trained_on": ["synthetic"]}
    def forward(self, picture, mask):
        return picture * (1 - mask) + 0.5 * mask
"""


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


def run_small(out: Path, cache: Path, **settings: object) -> Path:
    return run(load_config(None, {**RUN, "out": out, "cache": cache, **settings})).parent


def restored_psnr(folder: Path, method: str) -> float:
    rows = pd.read_csv(folder / "metrics.csv")
    of_method = rows[(rows["method"] == method) & (rows["metric"] == "psnr_hole") & (rows["mask_type"] == "all")]
    return float(of_method["value"].iloc[0])


def test_a_run_measures_files_beside_methods_and_says_what_they_are(cache: Path, tmp_path: Path) -> None:
    (tmp_path / "net.yaml").write_text("licence: CC0\ntrained_on: [places]\n", "utf-8")
    file = random_network(tmp_path / "net.onnx")
    (tmp_path / "flat.py").write_text(TORCH, "utf-8")
    folder = run_small(
        tmp_path / "run",
        cache,
        methods=f"onnx:{file},true-mask+onnx:{file},{tmp_path / 'flat.py'}:Flat,telea",
        allow_unknown_overlap=True,
    )
    metrics = pd.read_csv(folder / "metrics.csv")
    assert {"onnx:net.onnx", "true-mask+onnx:net.onnx", "flat.py:Flat", "telea"} <= set(metrics["method"])
    rows = metrics[metrics["method"] == "onnx:net.onnx"]
    assert set(rows["mask_source"]) == {"detected"}
    assert {"recovery", "harm", "psnr_hole", "seconds_per_image"} <= set(rows["metric"])
    manifest = json.loads((folder / "manifest.json").read_text("utf-8"))
    named = manifest["completers_in_files"]
    assert named["onnx:net.onnx"]["file"] == "net.onnx"
    assert len(named["onnx:net.onnx"]["sha256"]) == len(named["flat.py:Flat"]["sha256"]) == 64
    assert manifest["overlap"]["onnx:net.onnx"] == "unknown"
    assert f"onnx:{file}" in manifest["config"]["methods"]
    report = (folder / "report.html").read_text("utf-8")
    assert "CC0" in report
    assert "net.onnx, described by net.yaml" in report
    assert "whether it has seen the tested people is not known (trained on: places)" in report


def test_another_network_of_the_same_name_gives_new_numbers(cache: Path, tmp_path: Path) -> None:
    values = []
    for seed in (0, 1, 0):
        file = random_network(tmp_path / "net.onnx", seed=seed)
        folder = run_small(tmp_path / "run", cache, methods=f"true-mask+onnx:{file}", overwrite=True)
        values.append(restored_psnr(folder, "true-mask+onnx:net.onnx"))
    assert values[0] == values[2] != values[1]


def test_a_method_that_gives_the_wrong_scale_fails_alone(cache: Path, tmp_path: Path) -> None:
    file = export(tmp_path / "net.onnx", output_values=(0, 255))
    folder = run_small(tmp_path / "run", cache, methods=f"onnx:{file},telea")
    failed = json.loads((folder / "manifest.json").read_text("utf-8"))["failed_plugins"]
    assert [one["name"] for one in failed] == ["onnx:net.onnx"]
    assert "correct output_values in the card" in failed[0]["reason"]
    assert "telea" in set(pd.read_csv(folder / "metrics.csv")["method"])


def test_two_files_of_one_name_are_refused(cache: Path, tmp_path: Path) -> None:
    files = []
    for seed in (0, 1):
        (tmp_path / str(seed)).mkdir()
        files.append(random_network(tmp_path / str(seed) / "net.onnx", seed=seed))
    with pytest.raises(RequestError, match=r"would both be called 'onnx:net\.onnx'; rename one file"):
        run_small(tmp_path / "run", cache, methods=f"onnx:{files[0]},onnx:{files[1]}")


def test_a_network_that_learned_from_the_tested_data_set_is_refused(cache: Path, tmp_path: Path) -> None:
    (tmp_path / "flat.py").write_text(TORCH, "utf-8")
    with pytest.raises(RequestError, match=r"'flat\.py:Flat' was trained on 'synthetic', as its card says"):
        run_small(tmp_path / "run", cache, methods=f"{tmp_path / 'flat.py'}:Flat")
