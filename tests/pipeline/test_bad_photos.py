"""A folder with every kind of bad photo: the run goes on, and each photo is a row that says what became of it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from benchmark.config import load_config
from benchmark.datasets.synthetic import SyntheticPeople
from benchmark.pipeline.run import run

pytestmark = pytest.mark.slow  # every test reads the files of whole runs

BAD = ("zero.jpg", "text.jpg", "truncated.jpg", "one-pixel.png", "no-face.png")
ODD = ("grey.png", "cmyk.jpg", "sixteen-bit.png")


@pytest.fixture(scope="module")
def photo_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six people with three good photos each; the first also has the bad photos, the second the odd ones."""
    root = tmp_path_factory.mktemp("photos")
    people = SyntheticPeople(seed=0)
    photos = people.protocol("probes", limit=7).photos
    *_, seventh = sorted({photo.subject_id for photo in photos})
    for photo in (photo for photo in photos if photo.subject_id != seventh):
        folder = root / photo.subject_id
        folder.mkdir(exist_ok=True)
        Image.fromarray(people.read(photo)).save(folder / f"{photo.image_id}.jpg", quality=95)
    first, second = sorted(root.iterdir())[:2]
    good = next(first.glob("*.jpg"))
    (first / "zero.jpg").write_bytes(b"")
    (first / "text.jpg").write_text("this is not an image")
    (first / "truncated.jpg").write_bytes(good.read_bytes()[:2000])
    Image.new("RGB", (1, 1)).save(first / "one-pixel.png")
    Image.fromarray(np.full((200, 200, 3), 128, np.uint8)).save(first / "no-face.png")
    # of photos that are nowhere else in the folder: a copy would be passed over
    one, other, third = (Image.fromarray(people.read(photo)) for photo in photos if photo.subject_id == seventh)
    one.convert("L").save(second / "grey.png")
    other.convert("CMYK").save(second / "cmyk.jpg", quality=95)
    wide = np.asarray(third.convert("L")).astype(np.uint16) * 257
    Image.fromarray(wide).save(second / "sixteen-bit.png")
    return root


def test_every_bad_photo_is_a_row_with_a_reason(photo_folder: Path, tmp_path: Path) -> None:
    settings = {"dataset": "folder", "data_root": photo_folder, "methods": "true-pixels", "size": 64, "quiet": True}
    settings |= {"out": tmp_path / "run", "cache": tmp_path / "cache", "replicates": 10, "passthrough": 4}
    report = run(load_config(None, {**settings, "conditions": "raw-restored", "workers": 2}))
    images = pd.read_csv(report.parent / "images.csv", keep_default_na=False)
    acquired = images[images["step"] == "acquire"]
    acquired = acquired.set_index(acquired["image_id"].map(lambda name: Path(name).name))
    assert len(acquired) == 18 + len(BAD) + len(ODD)
    for name in BAD:
        assert acquired.loc[name, "status"] == "failed", name
        assert acquired.loc[name, "reason"], name
    assert acquired.loc["no-face.png", "reason"] == "no face found"
    for name in ODD:
        assert acquired.loc[name, "status"] == "ok", name
    metrics = pd.read_csv(report.parent / "metrics.csv")
    raw = metrics[(metrics["condition"] == "raw-raw") & (metrics["metric"] == "fta")]
    assert raw["n_failed"].gt(0).all(), "comparisons with a bad photo must be counted, not dropped"
