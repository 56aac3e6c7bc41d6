"""MLFW: a small copy in its true layout."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path

import pytest

from benchmark.datasets.mlfw import MaskedLfw
from tests.datasets.refusal import error

PEOPLE = 24


@pytest.fixture
def small_mlfw(tmp_path: Path, write_photo: Callable[..., Path]) -> Path:
    """Forty pairs: first twenty mated, then twenty non-mated, each photo in one pair."""
    root = tmp_path / "mlfw"
    lines = []
    for person in range(PEOPLE - 4):
        one, other = f"Al_De{person:02d}_0001_0000.jpg", f"Al_De{person:02d}_0002_0001.jpg"
        third, fourth = f"Al_De{person:02d}_0001_0001.jpg", f"Bo_{person:02d}_0003_0000.jpg"
        lines.insert(person, f"{one}\t{other}\t1")
        lines.append(f"{third}\t{fourth}\t0")
        for name in (one, other, third, fourth):
            write_photo(root / "origin" / name)
    (root / "pairs.txt").write_text("\n".join(lines) + "\n")
    return root


def test_listed(small_mlfw: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        dataset = MaskedLfw(small_mlfw)
    assert "all count as masked" in caplog.text
    protocol = dataset.protocol("listed")
    comparisons = protocol.comparisons
    assert comparisons.mated.tolist() == [True] * 20 + [False] * 20
    assert protocol.folds == 10
    for fold in range(10):
        assert sorted(comparisons.mated[comparisons.fold == fold].tolist()) == [False, False, True, True]
    assert all(photo.masked for photo in protocol.photos)
    subject = {photo.image_id: photo.subject_id for photo in protocol.photos}
    assert subject["Al_De03_0001_0000.jpg"] == subject["Al_De03_0001_0001.jpg"] == "Al_De03"
    assert dataset.read(protocol.photos[0]).shape == (20, 20, 3)
    assert dataset.variant == "origin, taken as unmasked: none"


def test_the_users_list_of_unmasked_photos(small_mlfw: Path, caplog: pytest.LogCaptureFixture) -> None:
    (small_mlfw / "unmasked.txt").write_bytes(b"\xef\xbb\xbfBo_03_0003_0000.jpg\r\n\r\nAl_De03_0001_0000.jpg\r\n")
    dataset = MaskedLfw(small_mlfw)
    bare = {photo.image_id for photo in dataset.protocol("listed").photos if not photo.masked}
    assert bare == {"Bo_03_0003_0000.jpg", "Al_De03_0001_0000.jpg"}
    assert dataset.variant == "origin, taken as unmasked: those of unmasked.txt"
    assert "count as masked" not in caplog.text
    (small_mlfw / "unmasked.txt").write_text("Bo_03_0003_0000.jpg\nnobody.jpg\n")
    assert "line 2: 'nobody.jpg' is not a photo of pairs.txt" in error(lambda: MaskedLfw(small_mlfw))


def test_which_edition(small_mlfw: Path) -> None:
    (small_mlfw / "aligned").mkdir()
    assert "holds origin and aligned; name the one" in error(lambda: MaskedLfw(small_mlfw))
    dataset = MaskedLfw(small_mlfw / "origin")  # the list is beside the folder
    assert dataset.read(dataset.protocol("listed", limit=20).photos[0]).shape == (20, 20, 3)
    assert "40 of 40" not in error(lambda: MaskedLfw(small_mlfw / "aligned"))  # empty


def test_labels_against_names(small_mlfw: Path, caplog: pytest.LogCaptureFixture) -> None:
    text = (small_mlfw / "pairs.txt").read_text().splitlines()
    text[4] = text[4][:-1] + "0"
    (small_mlfw / "pairs.txt").write_text("\n".join(text))
    assert MaskedLfw(small_mlfw).protocol("listed").comparisons.mated.sum() == 19
    assert "1 pairs are mated though the names differ, or the reverse, as in line 5" in caplog.text


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("a.jpg\tb.jpg", "line 41: 'a.jpg b.jpg' where 'one.jpg other.jpg 1' (or 0)"),
        ("a.jpg\tb.jpg\t2", "line 41: 'a.jpg b.jpg 2'"),
        ("../a.jpg\tb.jpg\t0", "line 41: '../a.jpg b.jpg 0'"),
        ("a.jpg\tb.jpg\t0", "2 of 82 listed photos are not in"),
        ("al_de03_0001_0000.jpg\tb.jpg\t0", "differ only in upper and lower case"),
    ],
)
def test_damaged_list(small_mlfw: Path, line: str, words: str) -> None:
    with (small_mlfw / "pairs.txt").open("a") as file:
        file.write(line + "\n")
    assert words in error(lambda: MaskedLfw(small_mlfw))


def test_missing_parts(small_mlfw: Path) -> None:
    (small_mlfw / "pairs.txt").unlink()
    assert "no pairs.txt in" in error(lambda: MaskedLfw(small_mlfw))
    (small_mlfw / "origin").rename(small_mlfw / "photos")
    assert "neither origin nor aligned" in error(lambda: MaskedLfw(small_mlfw))


def test_refusals(small_mlfw: Path) -> None:
    dataset = MaskedLfw(small_mlfw)
    assert "--train-dataset" in error(lambda: dataset.training_photos("train", protocol=""))
    assert "it has: listed" in error(lambda: dataset.protocol("view2"))
