"""Runs whose comparisons are between templates of one, two or three photos."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from benchmark.config import load_config
from benchmark.pipeline.run import run
from tests.pipeline.conftest import CUTS, PEOPLE

pytestmark = pytest.mark.slow  # every test reads the files of whole runs

SMALL = {
    "methods": "landmarks+telea,periocular,mask-the-reference",
    "recognisers": "face_recognition",
    "masks": "surgical,nist-wide-medium",
    "targets": "0.05",
    "passthrough": 6,
    "replicates": 20,
    "size": 64,
    "workers": 1,
    "quiet": True,
}
COSTS = ("seconds_per_image", "peak_memory_mib")


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="module")
def run_protocol(masked_people: Path, masked_people_dataset: str, cache: Path, tmp_path_factory):
    def carry_out(protocol: str) -> Path:
        settings = {**SMALL, "dataset": masked_people_dataset, "data_root": masked_people, "cache": cache}
        out = tmp_path_factory.mktemp(protocol)
        return run(load_config(None, {**settings, "protocol": protocol, "out": out})).parent

    return carry_out


@pytest.fixture(scope="module")
def several(run_protocol) -> Path:
    return run_protocol("several")


def scores_of(folder: Path) -> pd.DataFrame:
    return pq.read_table(folder / "scores.parquet").to_pandas()


def test_templates_of_single_photos_give_the_numbers_of_photos(run_protocol) -> None:
    photos, templates = run_protocol("bare"), run_protocol("single")
    one, other = (pd.read_csv(folder / "metrics.csv").drop(columns="protocol") for folder in (photos, templates))
    pd.testing.assert_frame_equal(one[~one["metric"].isin(COSTS)], other[~other["metric"].isin(COSTS)])
    assert scores_of(photos).drop(columns="protocol").equals(scores_of(templates).drop(columns="protocol"))


def test_a_score_is_that_of_the_mean_embeddings(several: Path, cache: Path) -> None:
    images = pd.read_csv(several / "images.csv", keep_default_na=False)
    photos = images[images["step"] == "acquire"]["image_id"].tolist()
    crops = {
        about["key"]: about
        for about in _artefacts(cache / "crop")
        if about["size"] == 64 and len(about["records"]) == len(photos) == PEOPLE * 4
    }
    (embedded,) = [about for about in _artefacts(cache / "recognise") if about["view"] in crops]
    of_photo = dict(zip(photos, np.load(embedded["folder"] / "embeddings.npy"), strict=True))
    scores = scores_of(several)
    raw = scores[(scores["condition"] == "raw-raw") & (scores["size"] == "64")]
    assert len(raw) == len(CUTS["several"]) * PEOPLE * (len(CUTS["several"]) * PEOPLE - 1) // 2 - PEOPLE
    for reference, probe, score in raw[["reference_id", "probe_id", "score"]].itertuples(index=False):
        means = [np.mean([of_photo[name] for name in side.split("+")], axis=0) for side in (reference, probe)]
        np.testing.assert_allclose(score, -np.linalg.norm(means[0] - means[1]), rtol=1e-5)


def test_templates_are_named_by_their_photos_and_count_as_one(several: Path) -> None:
    scores = scores_of(several)
    counted = {name.count("+") + 1 for name in (*scores["reference_id"], *scores["probe_id"])}
    assert counted == {1, 2, 3}
    metrics = pd.read_csv(several / "metrics.csv")
    raw = metrics[(metrics["condition"] == "raw-raw") & (metrics["metric"] == "eer")]
    assert (raw["n_mated"] == 2 * PEOPLE).all(), "templates that share photos are not compared"
    images = pd.read_csv(several / "images.csv", keep_default_na=False)
    assert not images["image_id"].str.contains("[+]").any()


def test_a_template_wears_what_its_photos_wear(several: Path) -> None:
    metrics = pd.read_csv(several / "metrics.csv")
    worn = metrics[(metrics["condition"] == "raw-masked") & (metrics["recogniser"] == "face_recognition")]
    assert set(worn["mask_type"]) == {"all", "mixed", "surgical", "nist-wide-medium"}
    counts = worn[worn["metric"] == "eer"].set_index("mask_type")["n_mated"]
    assert counts["all"] == counts.drop("all").sum()
    pictures = metrics[metrics["metric"] == "psnr"]
    assert set(pictures["mask_type"]) == {"all", "surgical", "nist-wide-medium"}, "pictures are of photos"


def test_photos_without_a_face_are_left_out_and_a_template_of_none_fails(run_protocol) -> None:
    folder = run_protocol("blank")
    scores = scores_of(folder)
    blank = scores["reference_id"].str.fullmatch(".*/blank") | scores["probe_id"].str.fullmatch(".*/blank")
    assert scores.loc[blank, "score"].isna().all()
    partly = scores["reference_id"].str.contains("blank[+]") | scores["probe_id"].str.contains("blank[+]")
    raw = scores["condition"] == "raw-raw"
    assert scores.loc[partly & raw & ~blank, "score"].notna().all()
    metrics = pd.read_csv(folder / "metrics.csv")
    fta = metrics[(metrics["metric"] == "fta") & (metrics["condition"] == "raw-raw") & (metrics["size"] == "64")]
    probes = set(scores.loc[raw & (scores["size"] == "64"), "probe_id"])
    assert fta["value"].item() == pytest.approx(sum(name.endswith("/blank") for name in probes) / len(probes))
    page = (folder / "report.html").read_text("utf-8")
    assert "Photos missing from their templates" in page
    assert f"{PEOPLE} of {4 * PEOPLE} probe photos" in page


def _artefacts(folder: Path) -> list[dict[str, object]]:
    return [
        {
            **json.loads((made / "about.json").read_text())["made_of"],
            "key": made.name,
            "folder": made,
            "records": (made / "records.jsonl").read_text().splitlines(),
        }
        for made in folder.iterdir()
        if made.is_dir()
    ]
