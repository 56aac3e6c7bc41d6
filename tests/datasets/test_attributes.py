"""A file of attributes as people write it, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmark.datasets.attributes import read_attributes
from benchmark.errors import RequestError
from benchmark.faces import Photo

PHOTOS = [Photo("anna/1.jpg", "anna", ""), Photo("anna/2.jpg", "anna", ""), Photo("ben/1.jpg", "ben", "")]


def test_groups_by_person(tmp_path: Path) -> None:
    file = tmp_path / "people.csv"
    file.write_text("\ufeffsubject_id,Sex,age\r\nanna,female,30-39\r\nzoe,female,\r\n", "utf-8")
    found = read_attributes(file, PHOTOS)
    assert found.groups == {"sex": ("female", "female", ""), "age": ("30-39", "30-39", "")}
    assert found.unknown == 1


def test_groups_by_photo(tmp_path: Path) -> None:
    file = tmp_path / "photos.csv"
    file.write_text("image_id,glasses\nanna/2.jpg,yes\nben/1.jpg,no\n", "utf-8")
    assert read_attributes(file, PHOTOS).groups == {"glasses": ("", "yes", "no")}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("name,sex\nanna,female\n", "one of them must be image_id or subject_id, not both"),
        ("image_id,subject_id,sex\nanna/1.jpg,anna,female\n", "one of them must be image_id or subject_id, not both"),
        ("subject_id\nanna\n", "one further column per attribute"),
        ("subject_id,sex\nanna,female\nanna,male\n", "line 3: 'anna' already has other groups in an earlier line"),
        ("subject_id,sex\nzoe,female\n", "contains no subject_id of this test, such as 'anna'"),
        ("subject_id,sex\n", "has no rows"),
        ("", "is empty"),
    ],
)
def test_refused(tmp_path: Path, text: str, words: str) -> None:
    file = tmp_path / "people.csv"
    file.write_text(text, "utf-8")
    with pytest.raises(RequestError, match=words):
        read_attributes(file, PHOTOS)


def test_an_id_copied_from_images_csv_is_known(tmp_path: Path) -> None:
    file = tmp_path / "people.csv"
    file.write_text("subject_id,sex\n'=1+1,female\n'quoted',male\n", "utf-8")
    photos = [Photo("=1+1/1.jpg", "=1+1", ""), Photo("'quoted'/1.jpg", "'quoted'", "")]
    assert read_attributes(file, photos).groups == {"sex": ("female", "male")}
