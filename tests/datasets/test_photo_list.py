"""``photos.csv`` in a folder of one's own photos: who is on them, and who really wears a mask."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path

import pytest

from benchmark.datasets.folder import SubjectFolders
from tests.datasets.refusal import error

LISTED = """file,masked,subject_id
anna/1.jpg,0,Anna
anna/2.jpg,1,Anna
gate/0815.jpg,yes,Bert
bert.jpg,no,Bert
"""


@pytest.fixture
def root(tmp_path: Path, write_photo: Callable[..., Path]) -> Path:
    for name in ("anna/1.jpg", "anna/2.jpg", "anna/3.jpg", "gate/0815.jpg", "bert.jpg"):
        write_photo(tmp_path / name)
    (tmp_path / "notes.txt").write_text("not a photo")
    (tmp_path / "photos.csv").write_text(LISTED)
    return tmp_path


def people(dataset: SubjectFolders) -> dict[str, tuple[str, bool]]:
    return {photo.image_id: (photo.subject_id, photo.masked) for photo in dataset.protocol("all-pairs").photos}


def test_the_list_says_who_takes_part_and_who_wears_a_mask(root: Path) -> None:
    assert people(SubjectFolders(root)) == {
        "anna/1.jpg": ("Anna", False),
        "anna/2.jpg": ("Anna", True),
        "gate/0815.jpg": ("Bert", True),
        "bert.jpg": ("Bert", False),
    }


def test_other_files_are_passed_over_and_counted(root: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        passed = SubjectFolders(root).passed_over
    assert {(one.path, one.reason) for one in passed} == {
        ("anna/3.jpg", "not in photos.csv"), ("notes.txt", "not an image")}  # fmt: skip
    assert "1 .jpg (not in photos.csv)" in caplog.text


def test_without_subjects_the_first_folder_names_the_person(root: Path) -> None:
    (root / "photos.csv").write_text("file,masked\nanna/1.jpg,0\nanna/2.jpg,1\ngate/0815.jpg,0\n")
    assert people(SubjectFolders(root))["gate/0815.jpg"] == ("gate", False)
    (root / "photos.csv").write_text("file,masked\nanna/1.jpg,0\nbert.jpg,0\n")
    assert "line 3: nothing says who is on 'bert.jpg'" in error(lambda: SubjectFolders(root))


def test_the_list_can_be_ignored(root: Path) -> None:
    found = people(SubjectFolders(root, ignore=("photos.csv",)))
    assert set(found) == {"anna/1.jpg", "anna/2.jpg", "anna/3.jpg", "gate/0815.jpg"}
    assert not any(masked for _, masked in found.values())


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("file,subject_id\nanna/1.jpg,Anna\n", "line 1: no column masked"),
        (LISTED + "anna/3.jpg,maybe,Anna\n", "line 6: masked is 'maybe'; it must be 1 or 0"),
        (LISTED + "anna/1.jpg,0,Anna\n", "line 6: 'anna/1.jpg' is listed in line 2, too"),
        (LISTED + "anna/3.jpg,0,\n", "line 6: nothing says who is on 'anna/3.jpg'"),
        (LISTED + "anna/9.jpg,0,Anna\n", "1 of 5 listed photos is not in"),
        (LISTED + "../x.jpg,0,Anna\n", "line 6: file is '../x.jpg'"),
        ("file,masked\n", "lists no photo"),
    ],
)
def test_errors_name_the_line(root: Path, text: str, words: str) -> None:
    (root / "photos.csv").write_text(text)
    assert words in error(lambda: SubjectFolders(root))


def test_ten_bare_and_ten_masked_photos_of_one_person_are_kept(
    tmp_path: Path, write_photo: Callable[..., Path]
) -> None:
    lines = ["file,masked"]
    for person in ("anna", "bert"):
        for number in range(30):
            write_photo(tmp_path / person / f"{number}.jpg")
            lines.append(f"{person}/{number}.jpg,{int(number >= 12)}")
    (tmp_path / "photos.csv").write_text("\n".join(lines))
    photos = SubjectFolders(tmp_path).protocol("all-pairs").photos
    counts = [(photo.subject_id, photo.masked) for photo in photos]
    assert {kind: counts.count(kind) for kind in counts} == {
        (person, masked): 10 for person in ("anna", "bert") for masked in (False, True)
    }


def test_a_gallery_takes_no_masked_photos(root: Path) -> None:
    assert "protocol search enrols one photo of each person" in error(lambda: SubjectFolders(root).protocol("search"))
