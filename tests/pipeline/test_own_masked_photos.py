"""A whole run on one's own photos of really masked people, told by ``photos.csv``."""

from __future__ import annotations

import shutil
from pathlib import Path

import pandas as pd
import pytest

from benchmark.config import load_config
from benchmark.pipeline.run import run
from tests.pipeline.conftest import BARE, PEOPLE, WORN

pytestmark = pytest.mark.slow  # a whole run


def test_worn_masks_are_compared_as_they_are(masked_people: Path, tmp_path: Path) -> None:
    root = tmp_path / "people"
    shutil.copytree(masked_people, root)
    lines = ["file,masked"]
    for person in sorted(path.name for path in root.iterdir()):
        lines += [f"{person}/{kind}.png,{int(kind in WORN)}" for kind in (*BARE[:2], *WORN)]
    (root / "photos.csv").write_text("\n".join(lines))
    settings = {"dataset": "folder", "data_root": root, "methods": "telea", "recognisers": "face_recognition"}
    settings |= {"size": 64, "replicates": 2, "workers": 1, "quiet": True, "targets": "0.05", "no_photos": True}
    settings |= {"allow_unknown_overlap": True, "cache": tmp_path / "cache", "out": tmp_path / "run"}
    out = run(load_config(None, settings)).parent
    scores = pd.read_parquet(out / "scores.parquet")
    counts = scores[scores["size"] == "64"].groupby(["condition", "method"], observed=True).size()
    bare, worn = 2 * PEOPLE, len(WORN) * PEOPLE
    assert counts["raw-raw", "none"] == bare * (bare - 1) // 2
    assert counts["raw-masked", "none"] == counts["raw-restored", "telea"] == bare * worn
    images = pd.read_csv(out / "images.csv", keep_default_na=False)
    assert set(images.loc[images["image_id"].str.contains("worn"), "mask_type"]) == {"real"}
    assert "mask" not in set(images["step"]), "no mask is drawn"
