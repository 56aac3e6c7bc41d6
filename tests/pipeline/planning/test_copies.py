"""What becomes of the same photo twice: once per person, an error between two, and a list in an official protocol."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image as Pillow

from benchmark.cli.main import main
from benchmark.datasets.base import Comparisons, Protocol
from benchmark.datasets.copies import CopiedPhoto
from benchmark.errors import RequestError
from benchmark.faces import Photo
from benchmark.pipeline.planning.copies import without_copies
from benchmark.plugins import DATASETS

Run = Callable[..., tuple[int, str, Path]]


@pytest.fixture
def people(tmp_path: Path) -> Path:
    """Four rendered people with three photos each."""
    dataset = DATASETS.load("synthetic")(seed=0)
    photos = dataset.protocol(dataset.protocols[0], limit=4).photos
    for number, photo in enumerate(photos):
        file = tmp_path / "people" / photo.subject_id / f"{number:02d}.png"
        file.parent.mkdir(parents=True, exist_ok=True)
        Pillow.fromarray(dataset.read(photo)).save(file)
    return tmp_path / "people"


@pytest.fixture
def run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    def start(root: Path, *flags: str) -> tuple[int, str, Path]:
        common = "--methods none --recognisers face_recognition --conditions raw-raw --replicates 0 --quiet --workers 1"
        out = tmp_path / "out"
        status = main([*common.split(), "--cache", str(tmp_path / "cache"), "--out", str(out), "--data-root", str(root),
                       *(flags or ("--dataset", "folder"))])  # fmt: skip
        return status, capsys.readouterr().err, out

    return start


def photos_of(root: Path) -> list[Path]:
    return sorted(root.rglob("*.png"))


def test_a_second_copy_of_a_persons_photo_counts_once(people: Path, run: Run) -> None:
    first = photos_of(people)[0]
    with Pillow.open(first) as picture:
        picture.save(first.with_name("again.jpg"), quality=60)
    status, said, out = run(people)
    assert status == 0
    assert "1 photo is the same picture as another photo of the same person and counts once" in said
    rows = pd.read_csv(out / "images.csv")
    name = f"{first.parent.name}/{first.name}"
    copy = rows[rows["image_id"] == f"{first.parent.name}/again.jpg"]
    assert copy[["step", "status", "reason"]].to_numpy().tolist() == [
        ["copies", "passed over", f"the same photo as {name}"]
    ]
    scores = pd.read_parquet(out / "scores.parquet")
    assert len(scores[scores["condition"] == "raw-raw"]) % (12 * 11 // 2) == 0
    (found,) = json.loads((out / "manifest.json").read_text("utf-8"))["copies"]
    assert (found["one"], found["passed_over"]) == (name, True)


def test_one_photo_of_two_people_is_an_error_that_names_both(people: Path, run: Run) -> None:
    first, *_, last = photos_of(people)
    (last.parent / "wrong.png").write_bytes(first.read_bytes())
    status, said, _ = run(people)
    assert status == 2
    (line,) = [one for one in said.splitlines() if one.startswith("error: ")]
    assert f"'{first.parent.name}/{first.name}' and '{last.parent.name}/wrong.png'" in line
    assert "--allow-duplicates" in line
    status, said, out = run(people, "--dataset", "folder", "--allow-duplicates")
    assert status == 0
    assert "compared as labelled" in said
    (found,) = json.loads((out / "manifest.json").read_text("utf-8"))["copies"]
    assert (found["other"], found["passed_over"]) == (f"{last.parent.name}/wrong.png", False)


def photo(name: str) -> Photo:
    return Photo(name, name[0], name)


def protocol(*pairs: tuple[str, str]) -> Protocol:
    names = sorted({side for pair in pairs for side in pair})
    rows = np.array([[names.index(side) for side in pair] for pair in pairs], np.int32)
    mated = np.array([one[0] == other[0] for one, other in pairs])
    comparisons = Comparisons(rows[:, 0], rows[:, 1], mated, np.arange(len(pairs), dtype=np.int8))
    return Protocol("listed", tuple(map(photo, names)), comparisons)


def listed(test: Protocol) -> list[tuple[str, str, int]]:
    names = [one.image_id for one in test.photos]
    compared = test.comparisons
    return [
        (names[reference], names[probe], fold)
        for reference, probe, fold in zip(compared.reference, compared.probe, compared.fold.tolist(), strict=True)
    ]


def test_a_comparison_with_a_copy_stands_for_the_one_with_its_original() -> None:
    test = protocol(("a1", "a2"), ("a1", "a3"), ("a3", "b1"), ("b1", "a3"), ("a2", "a3"), ("b1", "a2"), ("a2", "b1"))
    copied = [CopiedPhoto(photo("a1"), photo("a3"), 1.0, passed_over=True)]
    less = without_copies(test, copied)
    # a1–a3 is a photo with itself, a3–b1 becomes a1–b1 once, a2–a3 is a1–a2 again; what no copy touches stays whole
    assert listed(less) == [("a1", "a2", 0), ("a1", "b1", 2), ("b1", "a2", 5), ("a2", "b1", 6)]
    assert [one.image_id for one in less.photos] == ["a1", "a2", "b1"]


def test_listed_copies_change_nothing() -> None:
    test = protocol(("a1", "a2"), ("a1", "b1"))
    assert without_copies(test, [CopiedPhoto(photo("a1"), photo("b1"), 1.0, passed_over=False)]) is test


def test_a_test_that_was_only_copies_is_refused() -> None:
    test = protocol(("a1", "a2"), ("a1", "b1"))
    with pytest.raises(RequestError, match="no mated comparison"):
        without_copies(test, [CopiedPhoto(photo("a1"), photo("a2"), 1.0, passed_over=True)])


def test_only_the_users_own_labels_are_corrected() -> None:
    own = {name for name in DATASETS.names() if DATASETS.load(name).card.own_labels}
    assert own == {"folder", "manifest", "pairs-csv"}
