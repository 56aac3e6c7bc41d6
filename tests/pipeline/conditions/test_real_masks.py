"""Runs on photos whose masks were there before the pipeline saw them: nothing is drawn, nothing is known beneath."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from benchmark.config import load_config
from benchmark.datasets.base import Comparisons
from benchmark.errors import RequestError
from benchmark.pipeline.conditions.real_masks import comparisons_by_mask
from benchmark.pipeline.planning.plan import make_plan
from benchmark.pipeline.run import run
from benchmark.verification.base import KEY_COLUMNS
from tests.pipeline.conftest import BARE, PEOPLE, WORN

pytestmark = pytest.mark.slow  # every test reads the files of whole runs

METHODS = "none,telea,landmarks+telea,periocular,mask-the-reference"
SMALL = {
    "methods": METHODS,
    "recognisers": "face_recognition",
    "masks": "surgical,nist-wide-medium",
    "targets": "0.05",
    "passthrough": 8,
    "replicates": 20,
    "size": 64,
    "workers": 1,
    "quiet": True,
}
NEEDS_TRUTH = {
    "psnr",
    "psnr_hole",
    "ssim",
    "ssim_hole",
    "mask_iou",
    "mask_precision",
    "mask_recall",
    "mask_left",
    "hole_excess",
    "fid",
    "kid",
}


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="module")
def settings(masked_people: Path, masked_people_dataset: str, cache: Path) -> dict[str, object]:
    return {**SMALL, "dataset": masked_people_dataset, "data_root": masked_people, "cache": cache}


@pytest.fixture(scope="module")
def folder(settings: dict[str, object], tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("pairs")
    return run(load_config(None, {**settings, "acquisition": "oracle,redetect", "out": out})).parent


@pytest.fixture(scope="module")
def metrics(folder: Path) -> pd.DataFrame:
    return pd.read_csv(folder / "metrics.csv", keep_default_na=False, na_values={"value": "", "ci_low": ""})


def test_every_comparison_stands_in_the_condition_that_it_looks_like(metrics: pd.DataFrame) -> None:
    assert not metrics.duplicated(list(KEY_COLUMNS)).any()
    assert set(metrics["acquisition"]) == {"oracle", "redetect"}
    bare, worn = len(BARE), len(WORN)
    mated = {"raw-raw": bare * (bare - 1) // 2, "raw-masked": bare * worn, "masked-masked": worn * (worn - 1) // 2}
    of_two = {"raw-raw": bare * bare, "raw-masked": 2 * bare * worn, "masked-masked": worn * worn}
    for condition, each in mated.items():
        rows = metrics[(metrics["condition"] == condition) & (metrics["recogniser"] == "face_recognition")]
        assert set(rows["n_mated"]) == {PEOPLE * each}, condition
        assert set(rows["n_nonmated"]) == {PEOPLE * (PEOPLE - 1) // 2 * of_two[condition]}, condition
    assert set(metrics["condition"]) == {*mated, "raw-restored", "restored-restored", "raw-passthrough"}


def test_the_clear_photo_is_the_reference_whichever_way_round_the_pair_is_listed(folder: Path) -> None:
    scores = pq.read_table(folder / "scores.parquet").to_pandas()
    across = scores[scores["condition"].isin(["raw-masked", "raw-restored"])]
    assert across["reference_id"].str.contains("bare").all()
    assert across["probe_id"].str.contains("worn").all()
    assert set(across["method"]) == {"none", "telea", "landmarks+telea", "periocular", "mask-the-reference"}
    bare = scores[scores["condition"].isin(["raw-raw", "raw-passthrough"])]
    assert not bare["reference_id"].str.contains("worn").any()
    assert not bare["probe_id"].str.contains("worn").any()
    masked = scores[(scores["condition"] == "raw-masked") & (scores["acquisition"] == "oracle")]
    assert masked["score"].notna().mean() > 0.9
    assert masked.loc[masked["mated"], "score"].mean() > masked.loc[~masked["mated"], "score"].mean()


def test_real_masks_have_a_mask_type_of_their_own(metrics: pd.DataFrame) -> None:
    worn = metrics[metrics["condition"].isin(["raw-masked", "masked-masked", "raw-restored", "restored-restored"])]
    assert set(worn["mask_type"]) == {"all", "real"}
    judged = worn[worn["recogniser"] == "face_recognition"]
    whole, real = (judged[judged["mask_type"] == kind].drop(columns="mask_type") for kind in ("all", "real"))
    pd.testing.assert_frame_equal(whole.reset_index(drop=True), real.reset_index(drop=True))
    assert set(metrics[metrics["condition"].isin(["raw-raw", "raw-passthrough"])]["mask_type"]) == {"all"}


def test_no_mask_is_drawn_but_on_references(folder: Path) -> None:
    images = pd.read_csv(folder / "images.csv", keep_default_na=False)
    drawn = images[images["step"] == "mask"]
    assert set(drawn["variant"]) == {"mask-the-reference"}
    assert drawn["image_id"].str.contains("bare").all()
    assert set(drawn["mask_type"]) == {"surgical", "nist-wide-medium"}
    assert (drawn.groupby("image_id")["mask_type"].nunique() == 1).all(), "a reference wears its own seeded type"
    worn = images[images["image_id"].str.contains("worn")]
    assert set(worn["mask_type"]) == {"real"}
    assert {"acquire", "detect", "unmask", "present", "recognise"} == set(worn["step"])
    assert not worn["variant"].str.contains("pass through").any()


def test_thresholds_are_frozen_on_the_clear_photos(metrics: pd.DataFrame) -> None:
    at = metrics[(metrics["metric"] == "fmr") & (metrics["mask_type"] == "all") & (metrics["size"] == "64")]
    frozen = at[at["threshold_kind"] == "frozen"]
    assert {"raw-raw", "raw-masked", "raw-restored", "masked-masked"} <= set(frozen["condition"])
    for _, arm in frozen.groupby("acquisition"):
        assert arm["threshold"].nunique() == 1
    own = frozen[frozen["condition"] == "raw-raw"]
    assert (own["value"] <= 0.05).all()


def test_what_needs_the_truth_is_left_out_with_a_reason(metrics: pd.DataFrame, folder: Path) -> None:
    assert not NEEDS_TRUTH & set(metrics["metric"])
    assert "recovery" not in set(metrics["metric"])
    gain = metrics[(metrics["metric"] == "gain") & (metrics["mask_type"] == "real")]
    assert set(gain["method"]) == {"telea", "landmarks+telea", "periocular", "mask-the-reference"}
    assert gain["value"].notna().all()
    assert {"missed_masks", "false_masks", "harm", "seconds_per_image", "fta"} <= set(metrics["metric"])
    page = (folder / "report.html").read_text("utf-8")
    assert f"A mask is really worn on {PEOPLE * len(WORN)} of {PEOPLE * (len(BARE) + len(WORN))} photos" in page
    assert "oracle arm has no oracle here" in page
    assert "psnr, psnr_hole, ssim, ssim_hole left out: a really masked photo has no bare face" in page
    assert "left out: nobody knows exactly what a real mask covers" in page
    assert "recovery needs raw-raw scores of the same comparisons, which do not exist" in page
    assert "· real" not in page, "every note is said once"
    assert page.count("psnr, psnr_hole, ssim, ssim_hole left out") > 1, "the empty cells of the table say so, too"
    assert "no picture to compare: the method restores no face" in page, "true of periocular"
    assert "How well the masks are found" in page, "false masks on bare faces can be counted"


def test_without_clear_pairs_no_threshold_is_frozen(settings: dict[str, object], tmp_path: Path) -> None:
    asked = {**settings, "protocol": "across", "methods": "landmarks+telea", "out": tmp_path}
    page = run(load_config(None, asked))
    metrics = pd.read_csv(page.parent / "metrics.csv", keep_default_na=False)
    assert set(metrics["condition"]) == {"raw-masked", "raw-restored"}
    assert set(metrics["threshold_kind"]) == {"matched", "none"}
    said = page.read_text("utf-8")
    assert said.count("there is no raw-raw condition to set frozen thresholds on") == 1
    assert "there is no masked-masked and no restored-restored condition" in said


def test_masked_pairs_alone_can_be_compared(settings: dict[str, object], tmp_path: Path) -> None:
    asked = {**settings, "protocol": "worn", "methods": "landmarks+telea,periocular", "out": tmp_path}
    page = run(load_config(None, asked))
    metrics = pd.read_csv(page.parent / "metrics.csv", keep_default_na=False)
    judged = metrics[metrics["recogniser"] == "face_recognition"]
    assert set(judged["condition"]) == {"masked-masked", "restored-restored"}
    assert "there is no raw-masked and no raw-restored" in page.read_text("utf-8")


def test_one_folder_drawn_on_or_worn_shares_no_restored_face(
    settings: dict[str, object], tmp_path: Path, cache: Path, folder: Path
) -> None:
    assert folder.exists()
    real = {path.name for step in ("unmask", "detect") for path in (cache / step).iterdir() if path.is_dir()}
    asked = {**settings, "protocol": "as-if-bare", "methods": "landmarks+telea", "cache": tmp_path / "cache"}
    run(load_config(None, {**asked, "out": tmp_path / "run"}))
    drawn = {path.name for step in ("unmask", "detect") for path in (tmp_path / "cache" / step).iterdir()}
    assert real
    assert not real & drawn
    digests = [json.loads((run / "manifest.json").read_text())["digests"] for run in (folder, tmp_path / "run")]
    assert digests[0]["dataset"] == digests[1]["dataset"]
    assert digests[0]["protocol"] != digests[1]["protocol"], "the two runs are not to be set side by side"
    metrics = pd.read_csv(tmp_path / "run" / "metrics.csv")
    assert set(metrics["mask_type"]) == {"all", "surgical", "nist-wide-medium"}
    assert {"psnr", "mask_iou"} <= set(metrics["metric"])


@pytest.mark.parametrize("method", ["true-pixels", "true-mask+telea"])
def test_a_method_that_must_know_the_truth_is_refused_by_name(settings: dict[str, object], method: str) -> None:
    with pytest.raises(RequestError, match=rf"method '{method.replace('+', r'[+]')}' does not work here.*really worn"):
        make_plan(load_config(None, {**settings, "methods": f"telea,{method}"}))


def test_all_leaves_such_methods_out_and_says_so(settings: dict[str, object], tmp_path: Path) -> None:
    plan = make_plan(load_config(None, {**settings, "methods": "all", "out": tmp_path}))
    assert "true-pixels" not in plan.methods
    assert "really worn" in plan.left_out["true-pixels"]
    assert {"telea", "periocular"} <= set(plan.methods)


def test_nobody_learns_from_masked_photos(settings: dict[str, object], masked_people_dataset: str) -> None:
    asked = {**settings, "methods": "true-mask+mean-face", "retrain": True, "protocol": "as-if-bare"}
    with pytest.raises(RequestError, match="a mask is worn on every train photo of 'masked-people'"):
        make_plan(load_config(None, {**asked, "train_dataset": masked_people_dataset}))


def test_comparisons_part_by_who_wears_a_mask() -> None:
    masked = np.array([False, True, False, True])
    reference, probe = np.array([[0, 1], [1, 0], [1, 3], [0, 2], [3, 2]], dtype=np.int32).T
    mated = np.array([True, True, False, False, False])
    parts = comparisons_by_mask(Comparisons(reference, probe, mated, np.arange(5, dtype=np.int8)), masked)
    assert parts.clear.reference.tolist() == [0]
    assert parts.masked.probe.tolist() == [3]
    assert parts.across.reference.tolist() == [0, 2]
    assert parts.across.probe.tolist() == [1, 3]
    assert parts.across.mated.tolist() == [True, False]
    assert parts.across.fold.tolist() == [0, 4]
    assert parts.repeated == 1
    assert parts.across.reference.dtype == np.int32
