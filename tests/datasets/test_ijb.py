"""IJB's templates: a small copy in the layout of InsightFace's archive."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from benchmark.datasets.ijb import IarpaJanus
from benchmark.datasets.templates import check_templates
from tests.datasets.refusal import error

# template: its photos; templates 1 and 2 are of one person, 10 and 11 of another, 20 and 30 of two more
TEMPLATES = {1: (1, 2, 3), 2: (4,), 10: (5, 6), 11: (7, 8), 20: (9,), 30: (10, 11), 40: (12,)}
PAIRS = [(1, 2, 1), (10, 11, 1), (1, 10, 0), (2, 11, 0), (20, 1, 0), (20, 30, 0), (30, 11, 0)]


@pytest.fixture(params=["ijbc", "ijbb"])
def small_ijb(request: pytest.FixtureRequest, tmp_path: Path, write_photo: Callable[..., Path]) -> Path:
    """Template 40 is in no comparison, and its photo is not there."""
    root = tmp_path / "ijb"
    (root / "meta").mkdir(parents=True)
    for number in range(1, 12):
        write_photo(root / "loose_crop" / f"{number}.jpg")
    members = [f"{photo}.jpg {template} {1000 + photo}" for template, own in TEMPLATES.items() for photo in own]
    (root / "meta" / f"{request.param}_face_tid_mid.txt").write_text("\n".join(members) + "\n")
    (root / "meta" / f"{request.param}_template_pair_label.txt").write_text(
        "\n".join(" ".join(map(str, pair)) for pair in PAIRS) + "\n"
    )
    return root


def lists(root: Path) -> tuple[Path, Path]:
    members, pairs = sorted((root / "meta").iterdir())
    return members, pairs


def test_comparisons_of_templates(small_ijb: Path) -> None:
    dataset = IarpaJanus(small_ijb)
    protocol = dataset.protocol("templates")
    check_templates(protocol)
    assert protocol.templates is not None
    names = [{protocol.photos[row].image_id for row in members} for members in protocol.templates]
    compared = protocol.comparisons
    found = [
        (names[reference], names[probe], int(mated))
        for reference, probe, mated in zip(compared.reference, compared.probe, compared.mated, strict=True)
    ]
    photos = {template: {f"{photo}.jpg" for photo in own} for template, own in TEMPLATES.items()}
    assert found == [(photos[one], photos[other], mated) for one, other, mated in PAIRS]
    assert len(protocol.photos) == 11  # not template 40's
    assert dataset.read(protocol.photos[0]).shape == (20, 20, 3)
    subject = {photo.image_id: photo.subject_id for photo in protocol.photos}
    assert subject["1.jpg"] == subject["3.jpg"] == subject["4.jpg"]
    assert len(set(subject.values())) == 4
    assert dataset.variant == ("IJB-C" if "ijbc" in str(lists(small_ijb)[0]) else "IJB-B")


def test_a_shared_photo_links_templates(small_ijb: Path, caplog: pytest.LogCaptureFixture) -> None:
    members, _ = lists(small_ijb)
    members.write_text(members.read_text() + "9.jpg 30 1009\n")  # also template 20's
    subject = {photo.image_id: photo.subject_id for photo in IarpaJanus(small_ijb).protocol("templates").photos}
    assert subject["9.jpg"] == subject["10.jpg"]
    assert "1 comparisons are listed as non-mated though others link both templates" in caplog.text


def test_limit(small_ijb: Path) -> None:
    protocol = IarpaJanus(small_ijb, seed=1).protocol("templates", limit=4)
    assert sorted(protocol.comparisons.mated.tolist()) == [False, False, True, True]
    again = IarpaJanus(small_ijb, seed=1).protocol("templates", limit=4)
    np.testing.assert_array_equal(again.comparisons.probe, protocol.comparisons.probe)
    assert IarpaJanus(small_ijb).protocol("templates", limit=6).comparisons.mated.sum() == 2
    assert len(IarpaJanus(small_ijb).protocol("templates", limit=100).comparisons) == len(PAIRS)


def test_lists_of_any_make(small_ijb: Path) -> None:
    before = IarpaJanus(small_ijb).protocol("templates")
    for file in lists(small_ijb):
        file.write_bytes(b"\xef\xbb\xbf" + file.read_text().replace("\n", " \r\n").encode() + b"\r\n")
    after = IarpaJanus(small_ijb).protocol("templates")
    assert after.photos == before.photos
    assert after.templates == before.templates


@pytest.mark.parametrize(
    ("which", "line", "words"),
    [
        (0, "1.jpg 1 1001", "line 13: 1.jpg is already in template 1, by line 1"),
        (0, "1.jpg one 1001", "line 13: '1.jpg one 1001' where '1.jpg 1 69544'"),
        (0, "1.jpg 1", "line 13: '1.jpg 1'"),
        (1, "1 2", "line 8: '1 2' where '1 11065 1'"),
        (1, "1 2 2", "line 8: '1 2 2'"),
        (1, "1 two 0", "line 8: '1 two 0'"),
        (1, "1 99 0", "compares 1 templates without photos, 99 among them"),
        (1, "1 40 0", "1 of 12 listed photos is not in"),
    ],
)
def test_damaged_lists(small_ijb: Path, which: int, line: str, words: str) -> None:
    with lists(small_ijb)[which].open("a") as file:
        file.write(line + "\n")
    assert words in error(lambda: IarpaJanus(small_ijb).protocol("templates"))


def test_an_empty_list(small_ijb: Path) -> None:
    lists(small_ijb)[1].write_text("\n")
    assert "lists no comparison" in error(lambda: IarpaJanus(small_ijb).protocol("templates"))


@pytest.mark.parametrize("folder", ["IJBC", "IJB_release/IJBB"])
def test_as_the_archive_unpacks(small_ijb: Path, tmp_path: Path, folder: str) -> None:
    (tmp_path / "new" / folder).parent.mkdir(parents=True)
    small_ijb.rename(tmp_path / "new" / folder)
    dataset = IarpaJanus(tmp_path / "new")
    photo = dataset.protocol("templates").photos[0]
    assert pickle.loads(pickle.dumps(dataset)).read(photo).shape == (20, 20, 3)


def test_both_editions_or_none(small_ijb: Path, tmp_path: Path) -> None:
    for name in ("ijbb", "ijbc"):
        (small_ijb / "meta" / f"{name}_face_tid_mid.txt").write_text("1.jpg 1 1\n")
    assert "holds IJB-B and IJB-C" in error(lambda: IarpaJanus(small_ijb))
    (tmp_path / "other" / "meta").mkdir(parents=True)
    assert "unpack IJB-C there" in error(lambda: IarpaJanus(tmp_path / "other"))
    assert "has no training set" in error(
        lambda: IarpaJanus.training_photos(object.__new__(IarpaJanus), "train", protocol="")
    )
