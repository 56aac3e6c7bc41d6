"""Whole runs on a few synthetic people: what a run writes, and that only its settings change its numbers."""

from __future__ import annotations

import html
import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest

from benchmark.config import CONDITIONS, load_config
from benchmark.pipeline.run import run
from benchmark.verification.base import KEY_COLUMNS, METRIC_COLUMNS

ROOT = Path(__file__).resolve().parents[2]
COSTS = ("seconds_per_image", "peak_memory_mib")
METHODS = "true-mask+telea,true-pixels,mask-the-reference,periocular"
SMALL = {"methods": METHODS, "limit": 10, "passthrough": 8, "replicates": 20, "size": 64, "quiet": True}


def numbers(folder: Path) -> pd.DataFrame:
    """The metrics of a run but for what depends on the machine's mood."""
    table = pd.read_csv(folder / "metrics.csv", dtype={"size": str})
    return table[~table["metric"].isin(COSTS)].reset_index(drop=True)


def run_small(folder: Path, cache: Path, **settings: object) -> Path:
    return run(load_config(None, {**SMALL, "out": folder, "cache": cache, **settings})).parent


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="module")
def small_run(tmp_path_factory: pytest.TempPathFactory, cache: Path) -> Path:
    return run_small(tmp_path_factory.mktemp("run"), cache, workers=1)


def test_the_gallery_shows_every_method_and_what_it_did_to_the_crops(tmp_path: Path, cache: Path) -> None:
    folder = run_small(tmp_path / "gallery", cache, workers=1, targets=(0.1,))
    (held,) = re.findall(r'data-gallery="([^"]*)"', (folder / "report.html").read_text(encoding="utf-8"))
    data = json.loads(html.unescape(held))
    shown = {method["name"]: method["pairs"] for method in data["methods"]}
    assert set(shown) == set(METHODS.split(","))
    for pairs in shown.values():
        assert {"sample"} <= {pair["change"] for pair in pairs}
        assert len({tuple(pair["images"]) for pair in pairs if pair["change"] == "sample"}) > 1
    both = [pair for pair in shown["periocular"] if pair["after"]["score"]]
    assert all(p["after"]["reference"] != p["before"]["reference"] for p in both), "it changes both crops"
    masked = [pair for pair in shown["mask-the-reference"] if pair["after"]["score"]]
    assert masked and all(p["after"]["probe"] == p["before"]["probe"] for p in masked), "it leaves the probe alone"
    samples = [[p["images"] for p in pairs if p["change"] == "sample"] for pairs in shown.values()]
    assert all(sample == samples[0] for sample in samples), "one sample for all methods"


def test_a_run_writes_the_contract(small_run: Path) -> None:
    assert {path.name for path in small_run.iterdir()} >= {
        "report.html",
        "metrics.csv",
        "scores.parquet",
        "images.csv",
        "manifest.json",
        "figures",
    }
    metrics = pd.read_csv(small_run / "metrics.csv")
    assert tuple(metrics.columns) == METRIC_COLUMNS
    assert not metrics.duplicated(list(KEY_COLUMNS)).any()
    assert set(CONDITIONS) == set(metrics["condition"])
    assert json.loads((small_run / "manifest.json").read_text())["config"]["seed"] == 0


def test_every_photo_and_step_is_in_the_ledger(small_run: Path) -> None:
    images = pd.read_csv(small_run / "images.csv", keep_default_na=False)
    test = images[images["role"] == "test"]
    assert test["image_id"].nunique() == 30
    for step in ("acquire", "mask", "unmask", "recognise"):
        assert set(test["step"]) >= {step}
    once = test[(test["step"] == "mask") & (test["variant"] == "")]
    assert len(once) == 30
    assert once["parameters"].str.startswith("{").sum() == (once["status"] == "ok").sum()


def test_every_score_is_kept_under_its_ids(small_run: Path) -> None:
    scores = pq.read_table(small_run / "scores.parquet").to_pandas()
    raw = scores[(scores["condition"] == "raw-raw") & (scores["size"] == "64")]
    assert len(raw) == 10 * 20
    assert raw["mated"].sum() == 20
    assert raw.loc[raw["mated"], "score"].mean() > raw.loc[~raw["mated"], "score"].mean()


def test_true_pixels_undo_the_mask(small_run: Path) -> None:
    scores = pq.read_table(small_run / "scores.parquet").to_pandas()
    raw = scores[(scores["condition"] == "raw-raw") & (scores["size"] == "64")].set_index(["reference_id", "probe_id"])
    pasted = scores[(scores["condition"] == "raw-restored") & (scores["method"] == "true-pixels")]
    pasted = pasted.set_index(["reference_id", "probe_id"])
    kept = pasted["score"].notna()
    assert kept.mean() > 0.9
    pd.testing.assert_series_equal(
        pasted.loc[kept, "score"], raw["score"].reindex(pasted.index)[kept], check_names=False, atol=1e-5
    )


@pytest.mark.slow
def test_workers_and_the_cache_change_no_number(small_run: Path, tmp_path: Path, cache: Path) -> None:
    pd.testing.assert_frame_equal(numbers(run_small(tmp_path / "again", cache)), numbers(small_run))
    parallel = run_small(tmp_path / "two", tmp_path / "empty", workers=2)
    pd.testing.assert_frame_equal(numbers(parallel), numbers(small_run))


@pytest.mark.slow
def test_another_seed_changes_the_numbers(small_run: Path, tmp_path: Path, cache: Path) -> None:
    assert not numbers(run_small(tmp_path, cache, seed=1)).equals(numbers(small_run))


@pytest.mark.slow
def test_the_redetect_arm_stands_beside_the_other(tmp_path: Path, cache: Path) -> None:
    settings = {"methods": "true-pixels", "face_detectors": "dlib-hog", "masks": "nist-wide-high"}  # it misses many
    folder = run_small(tmp_path, cache, acquisition="oracle,redetect", **settings)
    metrics = pd.read_csv(folder / "metrics.csv", dtype={"size": str})
    fta = metrics[(metrics["metric"] == "fta") & (metrics["size"] == "64") & (metrics["mask_type"] == "all")]
    found = fta.set_index(["acquisition", "condition"])["value"]
    images = pd.read_csv(folder / "images.csv", keep_default_na=False)
    recognised = images[(images["step"] == "recognise") & (images["variant"] == "face_recognition: masked")]
    failed = {arm: set(of[of["status"] == "failed"]["image_id"]) for arm, of in recognised.groupby("acquisition")}
    scores = pq.read_table(folder / "scores.parquet").to_pandas()
    probes = set(scores.loc[(scores["condition"] == "raw-masked") & (scores["size"] == "64"), "probe_id"])
    assert len(probes) == 20
    for arm in ("oracle", "redetect"):
        assert found[arm, "raw-masked"] == pytest.approx(len(probes & failed[arm]) / 20)
    assert found["redetect", "raw-masked"] > 0.2 > found["oracle", "raw-masked"]
    assert found["redetect", "raw-raw"] == 0
    assert "present" in set(images["step"])


@pytest.mark.slow
def test_a_method_that_learns_is_trained_once(tmp_path: Path) -> None:
    settings = {"methods": "true-mask+mean-face,template-ridge", "train_limit": 60, "conditions": "raw-restored"}
    first = run_small(tmp_path / "a", tmp_path / "cache", **settings)
    stored = sorted((tmp_path / "cache" / "train").iterdir())
    second = run_small(tmp_path / "b", tmp_path / "cache", **settings)
    assert sorted((tmp_path / "cache" / "train").iterdir()) == stored
    pd.testing.assert_frame_equal(numbers(first), numbers(second))
    trained = pd.read_csv(first / "metrics.csv")
    assert set(trained.loc[trained["method"] == "template-ridge", "train_data"]) == {"synthetic"}


def start(folder: Path, cache: Path, extra: tuple[str, ...] = ()) -> subprocess.Popen[bytes]:
    arguments = ["--methods", METHODS, "--limit", "10", "--passthrough", "8", "--replicates", "20", "--size", "64"]
    return subprocess.Popen(
        [
            *(sys.executable, str(ROOT / "run_benchmark.py"), *arguments, "--workers", "1"),
            *("--out", str(folder), "--cache", str(cache), *extra),
        ],
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
        start_new_session=True,
        preexec_fn=heed_ctrl_c,  # noqa: PLW1509  # it takes no lock
    )


def heed_ctrl_c() -> None:
    """A shell starts what it runs in the background deaf to Ctrl-C, and children inherit that: the tests, too."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def wait_for(process: subprocess.Popen[bytes], text: str) -> bytes:
    assert process.stderr is not None
    seen = b""
    while text.encode() not in seen:
        character = process.stderr.read(1)
        if not character:
            raise AssertionError(f"the run ended before '{text}': {seen[-500:]!r}")
        seen += character
    return seen


@pytest.mark.slow
@pytest.mark.parametrize(
    "step", ["find faces", "crop faces", "draw masks", "unmask: true-mask+telea", "face_recognition: masked"]
)
def test_a_run_killed_in_any_step_continues_to_the_same_numbers(step: str, small_run: Path, tmp_path: Path) -> None:
    process = start(tmp_path / "run", tmp_path / "cache")
    wait_for(process, step)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert not (tmp_path / "run" / "report.html").exists()
    continued = run_small(tmp_path / "run", tmp_path / "cache", workers=1)
    pd.testing.assert_frame_equal(numbers(continued), numbers(small_run))


@pytest.mark.slow
@pytest.mark.parametrize("step", ["find faces", "draw masks", "face_recognition: raw"])
def test_ctrl_c_ends_cleanly_and_says_how_to_go_on(step: str, tmp_path: Path) -> None:
    process = start(tmp_path / "run", tmp_path / "cache", ("--workers", "2"))
    wait_for(process, step)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does: to the run and to its workers
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert b"run the same command again to continue" in errors
    assert b"Traceback" not in errors
