"""What a run says of its detectors, and that each looks at a face once for all the completers behind it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmark.config import load_config
from benchmark.methods import detection_step
from benchmark.methods.detectors.landmarks import LandmarksDetector
from benchmark.pipeline.run import run
from benchmark.verification.base import KEY_COLUMNS

pytestmark = pytest.mark.slow  # every test reads the files of whole runs

SMALL = {
    "methods": "landmarks+telea,landmarks+navier-stokes,true-mask+telea",
    "masks": "surgical,nist-wide-medium",
    "conditions": "raw-raw,raw-masked,raw-restored,raw-passthrough",
    "recognisers": "face_recognition",
    "limit": 10,
    "passthrough": 8,
    "replicates": 20,
    "size": 64,
    "workers": 1,
    "quiet": True,
}
SECONDS_A_LOOK = 1000.0
"""Added to what the detector takes for a face: no machine is so slow at anything else."""


@pytest.fixture(scope="module")
def looked_at() -> list[int]:
    """How many faces the detector was shown, a number a call."""
    return []


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, looked_at: list[int]) -> Path:
    detect, detected = LandmarksDetector.detect, detection_step.detected

    def counting(self, pixels, true_holes, image_ids):
        looked_at.append(len(pixels))
        assert true_holes is None
        return detect(self, pixels, true_holes, image_ids)

    def slowly(*faces):
        found, cost = detected(*faces)
        return found, replace(cost, seconds=cost.seconds + SECONDS_A_LOOK)

    base = tmp_path_factory.mktemp("detection")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(LandmarksDetector, "detect", counting)
        patch.setattr(detection_step, "detected", slowly)
        return run(load_config(None, {**SMALL, "out": base / "run", "cache": base / "cache"})).parent


@pytest.fixture(scope="module")
def metrics(folder: Path) -> pd.DataFrame:
    return pd.read_csv(folder / "metrics.csv", keep_default_na=False, na_values={"value": "", "ci_low": ""})


def test_two_completers_share_one_look(folder: Path, looked_at: list[int]) -> None:
    images = pd.read_csv(folder / "images.csv", keep_default_na=False)
    unmasked = set(images.loc[(images["step"] == "mask") & (images["status"] == "failed"), "image_id"])
    assert sum(looked_at) == 30 - len(unmasked) + 8
    detected = images[images["step"] == "detect"]
    assert set(detected["variant"]) == {"landmarks (masked)", "landmarks (bare)"}
    assert len(detected) == 30 + 8
    assert set(detected.loc[detected["status"] == "failed", "image_id"]) == unmasked, "no mask to look for, no other"


def test_a_detector_has_rows_by_mask_type_and_one_for_bare_faces(metrics: pd.DataFrame) -> None:
    assert not metrics.duplicated(list(KEY_COLUMNS)).any()
    own = metrics[metrics["method"] == "landmarks"]
    assert set(own["mask_source"]) == {"detected"}
    assert set(own["recogniser"]) == {"none"}
    masked = own[own["condition"] == "raw-masked"]
    shares = {"mask_iou", "mask_precision", "mask_recall"}
    lost = {"mask_left", "hole_excess"}
    assert set(masked["metric"]) == {*shares, *lost, "missed_masks"}
    assert set(masked["mask_type"]) == {"all", "surgical", "nist-wide-medium"}
    assert masked[masked["metric"].isin(shares)]["value"].between(0.3, 1).all()
    assert masked[masked["metric"].isin(lost)]["value"].between(0, 1).all()
    assert masked[masked["metric"] == "missed_masks"]["value"].between(0, 0.25).all()
    bare = own[own["condition"] == "raw-passthrough"]
    assert bare[["metric", "mask_type"]].to_numpy().tolist() == [["false_masks", "all"]]
    assert float(bare["value"].iloc[0]) <= 0.25
    assert "true-mask" not in set(metrics["method"]), "who is told the answer finds nothing"


def test_detecting_is_part_of_what_a_method_costs(metrics: pd.DataFrame) -> None:
    seconds = metrics[metrics["metric"] == "seconds_per_image"].set_index("method")["value"].astype(float)
    assert seconds["landmarks+telea"] > SECONDS_A_LOOK > seconds["true-mask+telea"]


def test_probes_are_compared_as_sets_for_masked_and_restored_faces(metrics: pd.DataFrame) -> None:
    for metric in ("fid", "kid"):
        rows = metrics[metrics["metric"] == metric]
        assert set(rows["recogniser"]) == {"face_recognition"}
        methods = {"none", "landmarks+telea", "landmarks+navier-stokes", "true-mask+telea"}
        assert set(rows["method"]) == methods
        assert set(rows["condition"]) == {"raw-masked", "raw-restored"}
        assert set(rows["mask_type"]) == {"all"}
    assert metrics[metrics["metric"] == "fid"]["value"].isna().all(), "20 probes for 128 features"
    assert np.isfinite(metrics[metrics["metric"] == "kid"]["value"].astype(float)).all()


def test_the_report_has_a_table_of_detectors(folder: Path) -> None:
    page = (folder / "report.html").read_text("utf-8")
    assert "How well the masks are found" in page
    assert "landmarks" in page
