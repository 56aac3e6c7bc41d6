"""A run on photos of which two have changed places: the report lists them, drops nothing, and shows faces if it may."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from PIL import Image as Pillow

from benchmark.config import load_config
from benchmark.datasets.synthetic import SyntheticPeople
from benchmark.pipeline.run import run

pytestmark = pytest.mark.slow  # two whole runs

PEOPLE = 10
DOCS = Path(__file__).resolve().parents[2] / "docs" / "files.md"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Rendered people as somebody's own photos; the last photo of each of the first two stands with the other."""
    place = tmp_path_factory.mktemp("people")
    people = SyntheticPeople(seed=0, people=PEOPLE, probes=3)
    photos = people.protocol("probes").photos
    names = list(dict.fromkeys(photo.subject_id for photo in photos))
    for subject in names:
        own = [photo for photo in photos if photo.subject_id == subject]
        for number, photo in enumerate(own):
            labelled = subject
            if number == 3 and subject in names[:2]:
                labelled = names[1] if subject == names[0] else names[0]
            (place / "data" / labelled).mkdir(parents=True, exist_ok=True)
            Pillow.fromarray(people.read(photo)).save(place / "data" / labelled / f"{subject}-{number}.png")
    return place


@pytest.fixture(scope="module")
def started(folder: Path) -> Callable[..., Path]:
    def start(name: str, **further: object) -> Path:
        settings = {"dataset": "folder", "data_root": folder / "data", "methods": "telea", "size": 64, "replicates": 0}
        settings |= {"recognisers": "face_recognition", "passthrough": 2, "workers": 1, "quiet": True}
        settings |= {"allow_unknown_overlap": True, "cache": folder / "cache", "out": folder / name, **further}
        return run(load_config(None, settings)).parent

    return start


@pytest.fixture(scope="module")
def shown(started: Callable[..., Path]) -> Path:
    return started("shown")


def test_what_may_have_learned_from_the_people_is_marked_on_the_first_screen_and_in_the_table(shown: Path) -> None:
    page = (shown / "report.html").read_text("utf-8")
    assert "It is not known whether the people tested here are among those that telea learned from" in page
    assert page.count(">may know these people<") >= 1
    cards = json.loads((shown / "manifest.json").read_text("utf-8"))["cards"]
    assert cards["telea"]["may_know_tested"] and "may_know_tested" not in cards["face_recognition"]


def test_the_two_photos_that_changed_places_are_listed(shown: Path, folder: Path) -> None:
    table = pd.read_csv(shown / "label_problems.csv")
    unlike = table[table["problem"] == "mated but unlike"]
    wrong = {
        f"{photo.parent.name}/{photo.name}"
        for photo in (folder / "data").rglob("*.png")
        if not photo.name.startswith(f"{photo.parent.name}-")
    }
    assert len(wrong) == 2
    assert wrong <= {*unlike["reference_id"], *unlike["probe_id"]}
    assert all({row.reference_id, row.probe_id} & wrong for row in unlike.itertuples())
    assert (unlike["score"] < unlike["usual_of_others"]).all() and (unlike["deviation"] < -3.5).all()


def test_nothing_is_dropped_for_being_listed(shown: Path) -> None:
    scores = pd.read_parquet(shown / "scores.parquet", filters=[("condition", "==", "raw-raw")])
    photos = 4 * PEOPLE
    assert len(scores[scores["size"] == "64"]) == photos * (photos - 1) // 2


def test_every_column_is_explained(shown: Path) -> None:
    section = DOCS.read_text("utf-8").partition("## label_problems.csv")[2].partition("\n## ")[0]
    columns = re.findall(r"^\| `(\w+)` \|", section, re.M)
    assert columns == list(pd.read_csv(shown / "label_problems.csv", nrows=1).columns)


def test_no_face_is_shown_anywhere_if_none_may_be(shown: Path, started: Callable[..., Path]) -> None:
    hidden = started("hidden", no_photos=True)
    page = (shown / "report.html").read_text("utf-8")
    assert '<section id="faces"' in page and page.count("data:image/webp") > 4
    assert (shown / "figures" / "faces.png").is_file()
    files = [file for file in hidden.rglob("*") if file.is_file()]
    assert not [file for file in files if "faces" in file.name]
    assert {file.suffix for file in files} <= {".html", ".csv", ".json", ".parquet", ".svg", ".png", ".lock", ""}
    for file in files:
        content = file.read_bytes()
        assert b"data:image" not in content, f"{file} holds a picture"
        assert b"\xff\xd8\xff" not in content and b"WEBPVP8" not in content
    assert (hidden / "label_problems.csv").read_bytes() == (shown / "label_problems.csv").read_bytes()
    assert (hidden / "metrics.csv").is_file()


def test_the_same_run_without_photos_takes_the_place_of_the_one_with(started: Callable[..., Path]) -> None:
    """No number changes, so it needs no ``--overwrite``; the pictures are gone."""
    place = started("again")
    assert (place / "figures" / "faces.png").is_file()
    started("again", no_photos=True)
    assert not list((place / "figures").glob("faces*"))
