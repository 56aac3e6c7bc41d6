"""A folder of people, in every state a user's folder is in."""

from __future__ import annotations

import logging
import os
import pickle
import unicodedata
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from benchmark.datasets.folder import SubjectFolders
from benchmark.errors import ImageRefused, RequestError

Write = Callable[..., Path]


@pytest.fixture
def people(tmp_path: Path, write_photo: Write) -> Path:
    """Twenty people with one to four photos."""
    for person in range(20):
        for photo in range(1 + person % 4):
            write_photo(tmp_path / "people" / f"p{person:02d}" / f"{photo}.jpg")
    return tmp_path / "people"


def ids(root: Path, protocol: str = "all-pairs") -> list[str]:
    return [photo.image_id for photo in SubjectFolders(root).protocol(protocol).photos]


def test_everybody_against_everybody(people: Path) -> None:
    protocol = SubjectFolders(people).protocol("all-pairs")
    assert len(protocol.photos) == 5 * (1 + 2 + 3 + 4)
    assert len(protocol.comparisons) == 50 * 49 // 2
    assert protocol.comparisons.mated.sum() == 5 * (0 + 1 + 3 + 6)
    assert protocol.photos[0].image_id == protocol.photos[0].source == "p00/0.jpg"
    assert protocol.photos[0].subject_id == "p00"


def test_at_most_ten_photos_of_one_person(people: Path, write_photo: Write) -> None:
    for number in range(30):
        write_photo(people / "famous" / f"{number}.jpg")
    photos = SubjectFolders(people).protocol("all-pairs").photos
    assert Counter(photo.subject_id for photo in photos)["famous"] == 10


def test_people_split(people: Path) -> None:
    dataset = SubjectFolders(people, seed=1)
    parts = {
        "train": dataset.training_photos("train", protocol="people-split"),
        "validation": dataset.training_photos("validation", protocol="people-split"),
        "test": dataset.protocol("people-split").photos,
    }
    subjects = {part: {photo.subject_id for photo in photos} for part, photos in parts.items()}
    assert [len(found) for found in subjects.values()] == [12, 2, 6]
    assert len(set.union(*subjects.values())) == 20
    assert sum(map(len, parts.values())) == 50


def test_all_pairs_sets_nobody_aside(people: Path) -> None:
    with pytest.raises(RequestError, match="people-split"):
        SubjectFolders(people).training_photos("train", protocol="all-pairs")


def test_everybody_trains_where_another_data_set_is_tested(people: Path) -> None:
    dataset = SubjectFolders(people)
    train = {photo.subject_id for photo in dataset.training_photos("train", protocol="")}
    validation = {photo.subject_id for photo in dataset.training_photos("validation", protocol="")}
    assert (len(train), len(validation)) == (19, 1)
    assert not train & validation


def test_limit_is_a_number_of_subjects(people: Path) -> None:
    protocol = SubjectFolders(people).protocol("all-pairs", limit=3)
    assert len({photo.subject_id for photo in protocol.photos}) == 3


def test_deeper_folders_and_any_case_of_suffix(tmp_path: Path, write_photo: Write) -> None:
    write_photo(tmp_path / "anna" / "2020" / "may" / "1.JPG")
    write_photo(tmp_path / "anna" / "1.png")
    write_photo(tmp_path / "bert" / "1.WebP")
    assert ids(tmp_path) == ["anna/1.png", "anna/2020/may/1.JPG", "bert/1.WebP"]
    photos = SubjectFolders(tmp_path).protocol("all-pairs").photos
    assert [photo.subject_id for photo in photos] == ["anna", "anna", "bert"]


def test_names_that_differ_in_suffix_are_two_photos(tmp_path: Path, write_photo: Write) -> None:
    write_photo(tmp_path / "anna" / "a.jpg")
    write_photo(tmp_path / "anna" / "a.png")
    write_photo(tmp_path / "bert" / "a.JPG")
    assert ids(tmp_path) == ["anna/a.jpg", "anna/a.png", "bert/a.JPG"]


@pytest.mark.parametrize(
    ("one", "other", "kind"),
    [
        ("anna/a.jpg", "anna/A.JPG", "photos"),
        ("anna/a.jpg", "Anna/b.jpg", "people"),
        ("Zo\u00eb/a.jpg", "Zoe\u0308/b.jpg", "people"),
    ],
)
def test_names_that_differ_in_case_are_an_error(
    tmp_path: Path, write_photo: Write, one: str, other: str, kind: str
) -> None:
    write_photo(tmp_path / one)
    if (kind == "people" and (tmp_path / other).parent.exists()) or (tmp_path / other).exists():
        pytest.skip("this file system cannot hold both names")
    write_photo(tmp_path / other)
    write_photo(tmp_path / "bert" / "1.jpg")
    with pytest.raises(RequestError, match=f"two {kind} in .* differ only in upper and lower case") as caught:
        ids(tmp_path)
    assert Path(one).parts[0] in str(caught.value)
    assert Path(other).parts[0] in str(caught.value)


def test_other_files_are_passed_over_and_counted(
    people: Path, write_photo: Write, caplog: pytest.LogCaptureFixture
) -> None:
    before = ids(people)
    (people / "p00" / "notes.txt").write_text("x")
    (people / "Thumbs.db").write_text("x")
    (people / "p00" / ".DS_Store").write_text("x")
    write_photo(people / "p01" / "._0.jpg")
    write_photo(people / ".thumbnails" / "0.jpg")
    write_photo(people / "group.jpg")
    (people / "p99").mkdir()
    with caplog.at_level(logging.WARNING):
        assert ids(people) == before
    assert "6 files are passed over: 2 .jpg (hidden); " in caplog.text
    assert "1 .txt (not an image)" in caplog.text
    assert "1 .jpg (outside any subject's folder)" in caplog.text


@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_accents(tmp_path: Path, write_photo: Write, form: str) -> None:
    name = unicodedata.normalize(form, "Zoë Å")
    for number in (1, 2):
        write_photo(tmp_path / name / f"é{number}.jpg")
    write_photo(tmp_path / "王" / "一.jpg")
    dataset = SubjectFolders(tmp_path)
    photos = dataset.protocol("all-pairs").photos
    assert {photo.subject_id for photo in photos} == {name, "王"}
    assert all(dataset.read(photo).shape == (20, 20, 3) for photo in photos)


def test_a_name_that_is_not_utf8(tmp_path: Path, write_photo: Write) -> None:
    name = os.fsdecode(b"Zo\xeb")
    try:
        for number in (1, 2):
            write_photo(tmp_path / name / f"{number}.jpg")
    except OSError:
        pytest.skip("this file system takes UTF-8 names only")
    write_photo(tmp_path / "bert" / "1.jpg")
    dataset = SubjectFolders(tmp_path)
    photos = dataset.protocol("all-pairs").photos
    assert photos[0].image_id == "Zo\\xeb/1.jpg"
    assert photos[0].image_id.encode("utf-8")
    assert dataset.read(pickle.loads(pickle.dumps(photos[0]))).shape == (20, 20, 3)
    assert dataset.digest(photos) == dataset.digest(photos)


@pytest.mark.skipif(not hasattr(os, "symlink"), reason="no links here")
def test_linked_people_are_followed_and_circles_end(people: Path, tmp_path: Path) -> None:
    linked = tmp_path / "linked"
    linked.mkdir()
    for person in ("p02", "p03"):
        (linked / person).symlink_to(people / person)
    (linked / "p02" / "again").symlink_to(linked)
    assert {name.split("/")[0] for name in ids(linked)} == {"p02", "p03"}
    assert len(ids(linked)) == 3 + 4


def test_bad_files_are_refused_one_by_one(people: Path) -> None:
    (people / "p03" / "0.jpg").write_bytes(b"")
    dataset = SubjectFolders(people)
    photo = next(photo for photo in dataset.protocol("all-pairs").photos if photo.image_id == "p03/0.jpg")
    with pytest.raises(ImageRefused, match="empty file"):
        dataset.read(photo)


def test_digest_follows_content_not_place_or_time(people: Path) -> None:
    dataset = SubjectFolders(people)
    photos = dataset.protocol("all-pairs").photos
    before = dataset.digest(photos)
    moved = people.rename(people.with_name("moved"))
    os.utime(moved / "p03" / "0.jpg", (0, 0))
    assert SubjectFolders(moved).digest(photos) == before
    (moved / "p03" / "0.jpg").write_bytes((moved / "p03" / "1.jpg").read_bytes())
    assert SubjectFolders(moved).digest(photos) != before
    (moved / "p03" / "0.jpg").unlink()
    assert SubjectFolders(moved).digest(photos) != before
    assert SubjectFolders(moved).digest(photos[:5]) != SubjectFolders(moved).digest(photos[:6])


def test_large_sets_are_told_apart_by_size_and_time(people: Path) -> None:
    from benchmark.datasets.files import digest_of_files

    files = [("a", people / "p03" / "0.jpg"), ("b", people / "p03" / "absent.jpg")]
    before = digest_of_files(files, hashed_bytes=0)
    assert before != digest_of_files(files)
    os.utime(files[0][1], (0, 0))
    assert digest_of_files(files, hashed_bytes=0) != before


def test_workers_get_no_list_of_photos(people: Path) -> None:
    dataset = SubjectFolders(people)
    photo = dataset.protocol("all-pairs").photos[0]
    packed = pickle.dumps(dataset)
    assert b"p07" not in packed
    np.testing.assert_array_equal(pickle.loads(packed).read(photo), dataset.read(photo))


@pytest.mark.parametrize(
    ("counts", "words"),
    [({"anna": 4}, "only one subject"), ({"anna": 1, "bert": 1}, "none of the 2 subjects to test on has two photos")],
)
def test_nothing_to_compare(tmp_path: Path, write_photo: Write, counts: dict[str, int], words: str) -> None:
    for name, count in counts.items():
        for number in range(count):
            write_photo(tmp_path / name / f"{number}.jpg")
    with pytest.raises(RequestError, match=words):
        SubjectFolders(tmp_path).protocol("all-pairs")


def test_folders_without_photos(tmp_path: Path, write_photo: Write) -> None:
    with pytest.raises(RequestError, match="--data-root"):
        SubjectFolders()
    with pytest.raises(RequestError, match="does not exist"):
        SubjectFolders(tmp_path / "absent")
    with pytest.raises(RequestError, match="is empty"):
        SubjectFolders(tmp_path)
    (tmp_path / "anna").mkdir()
    with pytest.raises(RequestError, match="no photos in"):
        SubjectFolders(tmp_path)
    write_photo(tmp_path / "1.jpg")
    with pytest.raises(RequestError, match=r"1 \.jpg \(outside any subject's folder\).*<subject>/<photo>"):
        SubjectFolders(tmp_path)


def test_unknown_protocol(people: Path) -> None:
    with pytest.raises(RequestError, match="all-pairs, people-split"):
        SubjectFolders(people).protocol("view2")
