"""A folder as people have it: every file is a photo of somebody, or is counted with the reason why it is none."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image as Pillow

from benchmark.datasets import photo_formats
from benchmark.datasets.folder import SubjectFolders
from benchmark.datasets.passed_over import kinds_passed_over, passed_over_facts, passed_over_line
from benchmark.datasets.photo_folders import find_photos
from benchmark.errors import RequestError

Write = Callable[..., Path]
linked = pytest.mark.skipif(not hasattr(os, "symlink"), reason="no links here")


def passed_over(root: Path, **options: object) -> dict[str, str]:
    return {file.path: file.reason for file in find_photos(root, **options).passed_over}


@pytest.fixture
def root(tmp_path: Path, write_photo: Write) -> Path:
    for person in ("anna", "bert"):
        for number in (1, 2):
            write_photo(tmp_path / "people" / person / f"{number}.jpg")
    return tmp_path / "people"


PHOTOS = ("anna/1.jpg", "anna/2.jpg", "bert/1.jpg", "bert/2.jpg")


@pytest.mark.parametrize(
    ("name", "form"),
    [
        *(("1.jfif", "JPEG"), ("1.jpe", "JPEG"), ("1.JPG_large", "JPEG"), ("no_suffix", "PNG"), ("1.mpo", "MPO")),
        *(("1.pnm", "PPM"), ("1.j2k", "JPEG2000"), ("1.txt", "WEBP")),
    ],
)
def test_content_decides_what_a_photo_is(root: Path, name: str, form: str) -> None:
    picture = Pillow.new("RGB", (20, 20), "red")
    (root / "carl").mkdir()
    options = {"save_all": True, "append_images": [picture]} if form == "MPO" else {}
    picture.save(root / "carl" / name, format=form, **options)
    dataset = SubjectFolders(root)
    photo = next(photo for photo in dataset.protocol("all-pairs").photos if photo.subject_id == "carl")
    assert photo.image_id == f"carl/{name}"
    assert dataset.read(photo).shape == (20, 20, 3)
    assert not dataset.passed_over


def test_a_damaged_photo_is_a_failure_and_no_file_passed_over(root: Path) -> None:
    (root / "anna" / "3.jpg").write_text("<html>404</html>")
    (root / "anna" / "4.jfif").touch()
    found = find_photos(root)
    assert {"anna/3.jpg", "anna/4.jfif"} < set(found.photos)
    assert not found.passed_over


def test_heif_is_read_where_its_decoder_is_installed(root: Path) -> None:
    pillow_heif = pytest.importorskip("pillow_heif")
    pillow_heif.register_heif_opener(thumbnails=False)
    Pillow.new("RGB", (40, 60), "red").save(root / "anna" / "3.HEIC", format="HEIF", quality=90)
    dataset = SubjectFolders(root)
    photo = next(photo for photo in dataset.protocol("all-pairs").photos if photo.image_id == "anna/3.HEIC")
    pixels = dataset.read(photo)
    assert pixels.shape == (60, 40, 3)
    assert pixels[..., 0].mean() > 230
    assert pixels[..., 1].mean() < 30


def test_heif_without_its_decoder_is_named_with_what_to_install(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(photo_formats, "readable_formats", lambda: ("JPEG", "PNG"))
    (root / "carl").mkdir()
    (root / "carl" / "1.HEIC").write_bytes(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(100))
    found = find_photos(root)
    assert found.photos == PHOTOS
    (kind,) = kinds_passed_over(found.passed_over)
    assert (kind.suffix, kind.count, kind.first) == (".heic", 1, "carl/1.HEIC")
    assert "pip install 'unmask-benchmark[heif]'" in kind.reason


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("notes.txt", b"hello", "not an image"),
        ("empty", b"", "empty file"),
        ("1.psd", b"8BPS" + bytes(50), "a Photoshop file: convert it to JPEG or PNG"),
        ("1.jxl", b"\xff\x0a" + bytes(50), "JPEG XL: convert it to JPEG or PNG"),
        ("1.NEF", b"II*\x00" + bytes(50), "a camera's raw file: export it as JPEG or PNG"),
        (".DS_Store", b"x", "hidden"),
    ],
)
def test_other_files_say_why_they_are_none(root: Path, name: str, content: bytes, reason: str) -> None:
    (root / "anna" / name).write_bytes(content)
    assert passed_over(root) == {f"anna/{name}": reason}
    assert find_photos(root).photos == PHOTOS


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_a_pipe_does_not_hang(root: Path) -> None:
    os.mkfifo(root / "anna" / "pipe")
    assert passed_over(root) == {"anna/pipe": "not a regular file"}


@pytest.mark.parametrize(
    ("folder", "reason"),
    [
        ("anna/@eaDir", "in a folder of thumbnails"),
        ("Thumbnails", "in a folder of thumbnails"),
        (".git", "hidden"),
        ("#recycle", "in a folder of the operating system"),
    ],
)
def test_folders_that_are_nobodys_are_counted(root: Path, write_photo: Write, folder: str, reason: str) -> None:
    for number in range(3):
        write_photo(root / folder / "deep" / f"{number}.jpg")
    found = find_photos(root)
    assert found.photos == PHOTOS
    assert [(file.path, file.suffix, file.count) for file in found.passed_over] == [(folder, ".jpg", 3)]
    assert found.passed_over[0].reason == reason


@pytest.mark.parametrize(
    ("files", "reason"),
    [
        (("metrics.csv", "images.csv"), "in a run's folder"),
        (("report.html", "manifest.json", "scores.parquet"), "in a run's folder"),
        ((".mask-export.jsonl",), "in a folder that `mask` wrote"),
        (("CACHEDIR.TAG",), "in a folder of stored results"),
    ],
)
def test_what_this_program_wrote_is_no_photo(
    root: Path, write_photo: Write, files: tuple[str, ...], reason: str
) -> None:
    write_photo(root / "out" / "figures" / "roc.png")
    assert "out/figures/roc.png" in find_photos(root).photos
    for name in files:
        (root / "out" / name).touch()
    found = find_photos(root)
    assert found.photos == PHOTOS
    assert {file.reason for file in found.passed_over} == {reason}
    assert sum(file.count for file in found.passed_over) == 1 + len(files)


def test_the_store_says_that_it_is_one(root: Path, write_photo: Write) -> None:
    from benchmark.artifacts import ArtifactStore

    write_photo(root / "cache" / "train" / "sheet.png")
    ArtifactStore(root / "cache")
    assert find_photos(root).photos == PHOTOS


@pytest.mark.parametrize("pattern", ["group*", "anna/group", "*/group"])
def test_ignored_by_pattern(root: Path, write_photo: Write, pattern: str) -> None:
    write_photo(root / "anna" / "group" / "1.jpg")
    write_photo(root / "anna" / "group" / "2.png")
    found = find_photos(root, ignore=[pattern])
    assert found.photos == PHOTOS
    assert {(file.suffix, file.reason) for file in found.passed_over} == {
        (".jpg", f"matches --ignore {pattern}"),
        (".png", f"matches --ignore {pattern}"),
    }


def test_counts_for_the_terminal_and_the_manifest(root: Path) -> None:
    for number in range(3):
        (root / "anna" / f"{number}.txt").write_text("x")
    (root / "bert" / "a.csv").write_text("x")
    files = find_photos(root).passed_over
    assert passed_over_line(files) == "4 files are passed over: 3 .txt (not an image); 1 .csv (not an image)"
    assert passed_over_facts(files)[0] == {
        "suffix": ".txt",
        "reason": "not an image",
        "count": 3,
        "first": "anna/0.txt",
    }
    assert passed_over_line([]) == ""


@linked
def test_a_folder_that_two_people_share_is_an_error(root: Path) -> None:
    for name in ("carl", "dora"):
        (root / name).symlink_to(root.parent / "shared", target_is_directory=True)
    (root.parent / "shared").mkdir()
    with pytest.raises(RequestError, match=r"'carl' and 'dora' in .* are the same folder, by a link"):
        find_photos(root)


@linked
@pytest.mark.parametrize("link", ["anna/friends", "carl/friends"])
def test_a_link_into_another_persons_folder_is_an_error(root: Path, link: str) -> None:
    (root / "carl").mkdir()
    (root / link).symlink_to(root / "bert", target_is_directory=True)
    with pytest.raises(RequestError, match=rf"'bert' and '{link}'|'{link}' and 'bert'"):
        find_photos(root)
    assert find_photos(root, ignore=["friends"]).photos == PHOTOS


@linked
def test_a_link_to_another_persons_photo_is_an_error(root: Path) -> None:
    (root / "anna" / "3.jpg").symlink_to(root / "bert" / "1.jpg")
    with pytest.raises(RequestError, match=r"'anna/3.jpg' and 'bert/1.jpg' in .* are the same photo, by a link"):
        find_photos(root)


@linked
def test_a_second_link_to_ones_own_photo_counts_once(root: Path) -> None:
    (root / "anna" / "best").mkdir()
    (root / "anna" / "best" / "1.jpg").symlink_to(root / "anna" / "1.jpg")
    assert find_photos(root).photos == PHOTOS
    assert passed_over(root) == {"anna/best/1.jpg": "a second link to a photo of the same subject"}


@linked
def test_linked_folders_are_followed_and_circles_end(root: Path, write_photo: Write) -> None:
    write_photo(root.parent / "elsewhere" / "1.jpg")
    (root / "carl").symlink_to(root.parent / "elsewhere", target_is_directory=True)
    (root / "anna" / "all").symlink_to(root, target_is_directory=True)
    assert find_photos(root).photos == (*PHOTOS, "carl/1.jpg")
    assert passed_over(root) == {"anna/all": "a link back to a folder above it"}


@linked
def test_a_loose_link_takes_no_photo_away(root: Path) -> None:
    (root / "all.jpg").symlink_to(root / "anna" / "1.jpg")
    assert set(PHOTOS) < set(find_photos(root).photos)
