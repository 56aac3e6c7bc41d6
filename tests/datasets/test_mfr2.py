"""MFR2: a small copy in its true layout."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from benchmark.datasets.mfr2 import Mfr2
from tests.datasets.refusal import error

LABELS = """AnnaAble, 1, surgical
AnnaAble, 2, no-mask
AnnaAble, 3, no-mask
BertBold, 1, cloth
BertBold, 2, no-mask
CleoCool, 1, N95
"""
PAIRS = """AnnaAble 1 2
AnnaAble 2 3
BertBold 2 AnnaAble 2
BertBold 1 2
CleoCool 1 BertBold 2
BertBold 2 AnnaAble 2
"""


@pytest.fixture
def small_mfr2(tmp_path: Path, write_photo: Callable[..., Path]) -> Path:
    root = tmp_path / "data"
    for line in LABELS.splitlines():
        name, number, _ = line.split(", ")
        write_photo(root / name / f"{name}_{int(number):04d}.png")
    (root / "mfr2_labels.txt").write_text(LABELS)
    (root / "pairs.txt").write_text(PAIRS)
    return root


def test_listed_pairs_and_who_wears_a_mask(small_mfr2: Path) -> None:
    dataset = Mfr2(small_mfr2)
    protocol = dataset.protocol("listed")
    assert {photo.image_id for photo in protocol.photos if photo.masked} == {
        "AnnaAble/AnnaAble_0001.png",
        "BertBold/BertBold_0001.png",
        "CleoCool/CleoCool_0001.png",
    }
    assert len(protocol.photos) == 6
    assert protocol.comparisons.mated.tolist() == [True, True, False, True, False, False]  # a repeat stays
    ids = [photo.image_id for photo in protocol.photos]
    assert ids[protocol.comparisons.reference[2]] == "BertBold/BertBold_0002.png"
    assert ids[protocol.comparisons.probe[2]] == "AnnaAble/AnnaAble_0002.png"
    assert dataset.read(protocol.photos[0]).shape == (20, 20, 3)
    assert protocol.folds == 0


def test_all_pairs(small_mfr2: Path) -> None:
    protocol = Mfr2(small_mfr2).protocol("all-pairs")
    assert len(protocol.comparisons) == 6 * 5 // 2
    assert protocol.comparisons.mated.sum() == 3 + 1
    assert len({photo.subject_id for photo in Mfr2(small_mfr2).protocol("all-pairs", limit=2).photos}) == 2


def test_limit_keeps_both_kinds(small_mfr2: Path) -> None:
    assert sorted(Mfr2(small_mfr2).protocol("listed", limit=2).comparisons.mated.tolist()) == [False, True]


@pytest.mark.parametrize("folder", ["mfr2", "mfr2/mfr2"])
def test_as_the_archive_unpacks(small_mfr2: Path, tmp_path: Path, folder: str) -> None:
    (tmp_path / "new" / folder).parent.mkdir(parents=True)
    small_mfr2.rename(tmp_path / "new" / folder)
    dataset = Mfr2(tmp_path / "new")
    assert dataset.read(dataset.protocol("listed").photos[0]).shape == (20, 20, 3)


def test_lists_of_any_make(small_mfr2: Path) -> None:
    before = Mfr2(small_mfr2).protocol("listed")
    for name in ("mfr2_labels.txt", "pairs.txt"):
        text = (small_mfr2 / name).read_text()
        (small_mfr2 / name).write_bytes(b"\xef\xbb\xbf" + text.replace("\n", "\r\n\r\n").encode())
    after = Mfr2(small_mfr2).protocol("listed")
    assert after.photos == before.photos
    assert after.comparisons.probe.tolist() == before.comparisons.probe.tolist()


@pytest.mark.parametrize(
    ("name", "line", "words"),
    [
        ("mfr2_labels.txt", "AnnaAble, 2, cloth", "line 7: AnnaAble/AnnaAble_0002.png is labelled in line 2, too"),
        ("mfr2_labels.txt", "AnnaAble 4 cloth", "line 7: 'AnnaAble 4 cloth' where 'Name, 1, surgical'"),
        ("mfr2_labels.txt", "AnnaAble, four, cloth", "line 7: 'AnnaAble four cloth'"),
        ("mfr2_labels.txt", "AnnaAble, 4,", "line 7: 'AnnaAble 4 '"),
        ("mfr2_labels.txt", "DoraDull, 1, cloth", "1 of 7 listed photos is not in"),
        ("mfr2_labels.txt", "annaable, 1, cloth", "differ only in upper and lower case"),
        ("pairs.txt", "AnnaAble 1 9", "pairs 1 photos that mfr2_labels.txt does not label: AnnaAble/AnnaAble_0009.png"),
        ("pairs.txt", "AnnaAble 1", "line 7: 'AnnaAble 1' where 'name n m'"),
        ("pairs.txt", "848", "line 7: '848' where 'name n m'"),
    ],
)
def test_damaged_lists(small_mfr2: Path, name: str, line: str, words: str) -> None:
    with (small_mfr2 / name).open("a") as file:
        file.write(line + "\n")
    assert words in error(lambda: Mfr2(small_mfr2).protocol("listed"))


def test_missing_files(small_mfr2: Path) -> None:
    (small_mfr2 / "BertBold" / "BertBold_0002.png").unlink()
    assert "BertBold/BertBold_0002.png (line 5)" in error(lambda: Mfr2(small_mfr2))
    (small_mfr2 / "mfr2_labels.txt").unlink()
    assert "unpack mfr2.zip there" in error(lambda: Mfr2(small_mfr2))


def test_refusals(small_mfr2: Path) -> None:
    assert "--train-dataset" in error(lambda: Mfr2(small_mfr2).training_photos("train", protocol=""))
    assert "all-pairs, listed" in error(lambda: Mfr2(small_mfr2).protocol("view2"))
