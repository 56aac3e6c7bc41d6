"""A run whose face detector finds no masked face: every masked probe is a failure to acquire, in the right arm only."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmark.acquisition import detection
from benchmark.acquisition.detection import NO_FACE_FOUND
from benchmark.acquisition.face_detectors import names
from benchmark.acquisition.face_detectors.base import NOTHING, FoundFaces
from benchmark.acquisition.face_detectors.dlib_hog import DlibHog
from benchmark.config import load_config
from benchmark.faces import Image
from benchmark.pipeline.run import run
from benchmark.plugins import DATASETS

PEOPLE = 7


class BareFacesOnly(DlibHog):
    """dlib's, but blind to whatever is not one of the raw photos (resampled a little, as faces are on their way)."""

    raw: Sequence[Image] = ()

    def detect(self, photos: Sequence[Image]) -> list[FoundFaces]:
        return [super(BareFacesOnly, self).detect([photo])[0] if self._is_bare(photo) else NOTHING for photo in photos]

    def _is_bare(self, photo: Image) -> bool:
        gaps = [np.abs(photo.astype(int) - raw) for raw in self.raw if raw.shape == photo.shape]
        return any((gap.max(axis=2) > 40).mean() < 0.005 for gap in gaps)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The run's."""
    people = DATASETS.load("synthetic")(None, seed=0)
    photos = people.protocol(people.protocols[0], limit=PEOPLE).photos
    BareFacesOnly.raw = [people.read(photo) for photo in photos]
    place = tmp_path_factory.mktemp("run")
    with pytest.MonkeyPatch.context() as patch:
        known = detection.face_detector_class
        asked = {"bare-only": BareFacesOnly}
        patch.setitem(names.FACE_DETECTORS, "bare-only", "made up")
        for module in ("detection", "resolve", "step"):
            target = f"benchmark.acquisition.{module}.face_detector_class"
            patch.setattr(target, lambda name: asked.get(name) or known(name), raising=False)
        patch.setattr(
            "benchmark.pipeline.plugin_cards.face_detector_class", lambda name: asked.get(name) or known(name)
        )
        settings = {
            "face_detectors": "bare-only",
            "acquisition": "oracle,redetect",
            "methods": "none",
            "recognisers": "face_recognition",
            "conditions": "raw-raw,raw-masked",
            "limit": PEOPLE,
            "replicates": 2,
            "size": 64,
            "workers": 1,
            "quiet": True,
            "targets": "0.1",
        }
        yield run(load_config(None, {**settings, "out": place / "run", "cache": place / "cache"})).parent


def values(folder: Path, metric: str, acquisition: str, condition: str = "raw-masked") -> set[float]:
    table = pd.read_csv(folder / "metrics.csv", dtype={"size": str})
    rows = table[(table["metric"] == metric) & (table["acquisition"] == acquisition) & (table["size"] == "64")]
    shown = rows.loc[(rows["condition"] == condition) & (rows["mask_type"] == "all"), "value"]
    return set(shown.dropna().round(6))  # empty: no score is left to set a matched threshold by


def test_unfound_masked_faces_are_failed_probes_and_non_matches(folder: Path) -> None:
    assert values(folder, "fta", "redetect") == {1.0}
    assert values(folder, "gfrr", "redetect") == {1.0}
    assert values(folder, "gfar", "redetect") <= {0.0}


def test_bare_faces_and_the_other_arm_are_not_touched(folder: Path) -> None:
    assert values(folder, "fta", "redetect", "raw-raw") == {0.0}
    assert values(folder, "fta", "oracle") == {0.0}
    assert max(values(folder, "gfrr", "oracle")) < 1


def test_the_ledger_keeps_the_arms_apart_and_says_who_found_the_face(folder: Path) -> None:
    images = pd.read_csv(folder / "images.csv", keep_default_na=False)
    acquired = images[images["step"] == "acquire"]
    assert set(acquired["acquisition"]) == {""}
    assert {json.loads(text)["face_detector"] for text in acquired["parameters"]} == {"bare-only"}
    masked = images[images["step"] == "mask"]
    assert masked.groupby("acquisition")["status"].agg(set).to_dict() == {"oracle": {"ok"}, "redetect": {"failed"}}
    assert set(masked.loc[masked["acquisition"] == "redetect", "reason"]) == {NO_FACE_FOUND}
    assert not images.duplicated(["image_id", "role", "step", "variant", "acquisition"]).any()


def test_the_manifest_counts_who_found_the_faces(folder: Path) -> None:
    manifest = json.loads((folder / "manifest.json").read_text("utf-8"))
    photos = 3 * PEOPLE
    assert manifest["config"]["face_detectors"] == ["bare-only"]
    assert manifest["faces_found_by"] == {
        "test, acquire": {"bare-only": photos},
        "test, mask, redetect": {NO_FACE_FOUND: photos},
        "test, present, redetect": {"bare-only": photos},
    }
    page = (folder / "report.html").read_text("utf-8")
    assert "config.face_detectors" in page
    assert "oracle" in page and "redetect" in page
