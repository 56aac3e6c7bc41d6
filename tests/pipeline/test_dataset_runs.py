"""Whole runs on the layouts that the pipeline treats unlike a list of photos: packed images, and no comparisons."""

from __future__ import annotations

import io
import json
import pickle
from pathlib import Path

import pandas as pd
import pytest
from PIL import Image

from benchmark.config import load_config
from benchmark.datasets.synthetic import SyntheticPeople
from benchmark.pipeline.run import run

pytestmark = pytest.mark.slow  # every test reads the files of whole runs

SMALL = {
    "methods": "true-mask+telea",
    "recognisers": "face_recognition",
    "masks": "surgical",
    "targets": "0.1",
    "passthrough": 0,
    "replicates": 10,
    "size": 64,
    "workers": 1,
    "quiet": True,
}


@pytest.fixture(scope="module")
def faces() -> list[Image.Image]:
    """Twelve photos: six people, two of each."""
    people = SyntheticPeople(people=6, probes=1)
    return [Image.fromarray(people.read(photo)) for photo in people.protocol("probes").photos]


def test_images_packed_in_a_bin_file(tmp_path: Path, faces: list[Image.Image]) -> None:
    images = []
    for face in faces:
        file = io.BytesIO()
        face.save(file, "JPEG", quality=95)
        images.append(file.getvalue())
    others = [image for row in range(0, 12, 2) for image in (images[row], images[(row + 3) % 12])]
    (tmp_path / "agedb_30.bin").write_bytes(pickle.dumps(([*images, *others], [True] * 6 + [False] * 6)))
    settings = {
        **SMALL,
        "dataset": "agedb-30",
        "data_root": tmp_path,
        "cache": tmp_path / "cache",
        "out": tmp_path / "o",
    }
    folder = run(load_config(None, settings)).parent
    metrics = pd.read_csv(folder / "metrics.csv", keep_default_na=False)
    raw = metrics[(metrics["condition"] == "raw-raw") & (metrics["metric"] == "auc")]
    assert (set(raw["n_mated"]), set(raw["n_nonmated"])) == ({6}, {6})
    assert float(raw["value"].iloc[0]) > 0.9
    images_table = pd.read_csv(folder / "images.csv", keep_default_na=False)
    assert {f"agedb_30#{row}" for row in range(12)} == set(images_table["image_id"])  # the repeats are no photos


def test_photos_that_are_not_compared(tmp_path: Path, faces: list[Image.Image]) -> None:
    for number, face in enumerate(faces[::2], start=60_000):
        path = tmp_path / "thumbnails128x128" / "60000" / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        face.save(path)
    settings = {**SMALL, "dataset": "ffhq", "data_root": tmp_path, "cache": tmp_path / "cache", "out": tmp_path / "o"}
    report = run(load_config(None, settings))
    metrics = pd.read_csv(report.parent / "metrics.csv", keep_default_na=False)
    assert {"psnr", "psnr_hole", "ssim"} <= set(metrics[metrics["condition"] == "raw-restored"]["metric"])
    assert set(metrics["n_mated"]) | set(metrics["n_nonmated"]) == {0}
    assert not set(metrics["metric"]) & {"fmr", "fnmr", "gfrr", "tar", "eer", "auc", "recovery"}
    manifest = json.loads((report.parent / "manifest.json").read_text())
    assert manifest["dataset_variant"] == "thumbnails128x128, 6 photos"
    assert "compares no photos, so nothing is verified" in report.read_text("utf-8")
