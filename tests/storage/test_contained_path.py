"""Paths read from files name something in their folder, or are refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmark.errors import StorageError
from benchmark.storage.contained_path import path_inside


@pytest.mark.parametrize("text", ["a.png", "anna/1.png", "anna/..1.png", "...", "a b/ü.png"])
def test_paths_below_the_folder_are_taken(text: str, tmp_path: Path) -> None:
    assert path_inside(tmp_path, text) == tmp_path / text


@pytest.mark.parametrize(
    "text",
    ["", ".", "..", "../a", "a/../../b", "a/..", "/etc/passwd", "C:\\a", "C:a", "a\\..\\..\\b", "\\\\host\\a", "a\0b"],
)
def test_paths_that_leave_the_folder_are_refused(text: str, tmp_path: Path) -> None:
    with pytest.raises(StorageError):
        path_inside(tmp_path, text)


def test_a_link_out_of_the_folder_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "way").symlink_to(tmp_path / "outside")
    with pytest.raises(StorageError, match="through a link"):
        path_inside(folder, "way/file.txt")


def test_a_folder_that_is_a_link_itself_is_fine(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    assert path_inside(tmp_path / "link", "a.txt") == tmp_path / "link" / "a.txt"
