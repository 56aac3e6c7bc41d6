"""CelebA: a small copy in its true layouts, and the reduced real one."""

from __future__ import annotations

import logging
import pickle
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from benchmark.datasets import celeba
from benchmark.datasets.celeba import CelebA
from tests.datasets.refusal import error

Write = Callable[..., Path]
PEOPLE = 30


@pytest.fixture
def small_celeba(tmp_path: Path, write_photo: Write) -> Path:
    """Thirty people with one to twelve photos, scattered over the numbers as in the real one; the last third tests."""
    root = tmp_path / "celeba"
    owners = [person for person in range(PEOPLE) for _ in range(1 + person % 12)]
    count = len(owners)
    identity, partition = [], []
    for row in range(count):
        name = f"{row + 1:06d}.jpg"
        write_photo(root / "img_align_celeba" / name)
        person = owners[row * 37 % count]  # 37 shares no factor with the count: every photo has one owner
        identity.append(f"{name} {1000 + person}")
        partition.append(f"{name} {0 if person < 15 else 1 if person < 20 else 2}")
    assert len({line.split()[1] for line in identity}) == PEOPLE
    (root / "identity_CelebA.txt").write_text("\n".join(identity) + "\n")
    (root / "list_eval_partition.txt").write_text("\n".join(partition) + "\n")
    return root


def people(dataset: CelebA, protocol: str) -> list[set[str]]:
    return [
        {photo.subject_id for photo in photos}
        for photos in (
            dataset.training_photos("train", protocol=protocol),
            dataset.training_photos("validation", protocol=protocol),
            dataset.protocol(protocol).photos,
        )
    ]


def test_official_split(small_celeba: Path) -> None:
    dataset = CelebA(small_celeba)
    assert dataset.protocols[0] == "official-split"
    train, validation, test = people(dataset, "official-split")
    assert train == {str(1000 + person) for person in range(15)}
    assert validation == {str(1000 + person) for person in range(15, 20)}
    assert test == {str(1000 + person) for person in range(20, 30)}
    photos = dataset.protocol("official-split").photos
    assert max(Counter(photo.subject_id for photo in photos).values()) == 7
    assert photos[0].image_id == Path(photos[0].source).name
    assert dataset.read(photos[0]).shape == (20, 20, 3)
    assert dataset.variant == "aligned"


def test_official_split_keeps_a_person_on_one_side(small_celeba: Path, caplog: pytest.LogCaptureFixture) -> None:
    file = small_celeba / "list_eval_partition.txt"
    lines = file.read_text().splitlines()
    first_of_test = next(row for row, line in enumerate(lines) if line.endswith(" 2"))
    lines[first_of_test] = lines[first_of_test][:-1] + "0"
    file.write_text("\n".join(lines))
    with caplog.at_level(logging.WARNING):
        train, _, test = people(CelebA(small_celeba), "official-split")
    assert not train & test
    assert "1 photos of train show people who also appear in another part" in caplog.text


@pytest.mark.parametrize("protocol", ["people-split", "thesis"])
def test_nobody_is_on_two_sides(small_celeba: Path, protocol: str) -> None:
    parts = people(CelebA(small_celeba, seed=2), protocol)
    assert all(parts)
    assert sum(map(len, parts)) == len(set.union(*parts))
    assert parts != people(CelebA(small_celeba, seed=3), protocol)


def test_thesis_has_the_shares_of_the_thesis(small_celeba: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(celeba, "THESIS_POOL", 150)
    monkeypatch.setattr(celeba, "THESIS_PHOTOS", 140)
    monkeypatch.setattr(celeba, "THESIS_TEST", 40)
    monkeypatch.setattr(celeba, "PHOTOS_PER_SUBJECT", 12)
    dataset = CelebA(small_celeba)
    test = dataset.protocol("thesis").photos
    learning = [*dataset.training_photos("train", protocol="thesis")]
    learning += dataset.training_photos("validation", protocol="thesis")
    assert (len(test), len(learning)) == (40, 100)
    assert {int(photo.image_id[:6]) for photo in (*test, *learning)} <= set(range(1, 151))


def test_without_the_official_partition(small_celeba: Path) -> None:
    (small_celeba / "list_eval_partition.txt").unlink()
    dataset = CelebA(small_celeba)
    assert "list_eval_partition.txt" in (message := error(lambda: dataset.protocol("official-split")))
    assert "people-split" in message
    assert dataset.protocol("people-split").comparisons.mated.any()
    assert dataset.training_photos("train", protocol="")


def test_a_subset_is_the_first_photos(small_celeba: Path, caplog: pytest.LogCaptureFixture) -> None:
    folder = small_celeba / "img_align_celeba"
    total = len(list(folder.iterdir()))
    for number in range(101, total + 1):
        (folder / f"{number:06d}.jpg").unlink()
    with caplog.at_level(logging.WARNING):
        dataset = CelebA(small_celeba)
    assert f"the first 100 of CelebA's {total} photos" in caplog.text
    assert dataset.variant == "aligned, the first 100 photos"
    assert len(dataset.training_photos("train", protocol="people-split")) < 100
    (folder / "000007.jpg").unlink()
    (folder / "000009.jpg").unlink()
    assert "2 of the first 100 photos of CelebA's list are not in" in error(lambda: CelebA(small_celeba))
    assert "000007.jpg, 000009.jpg" in error(lambda: CelebA(small_celeba))


@pytest.mark.parametrize(
    ("photos", "lists", "root"),
    [
        ("Img/img_align_celeba", "Anno", ""),
        ("img_align_celeba/img_align_celeba", "", ""),
        ("Img/img_celeba", "Anno", ""),
        ("Img/img_celeba", "Anno", "Img/img_celeba"),
        ("img_celeba", "", "img_celeba"),
    ],
)
def test_layouts(small_celeba: Path, tmp_path: Path, photos: str, lists: str, root: str) -> None:
    new = tmp_path / "new"
    (new / photos).parent.mkdir(parents=True, exist_ok=True)
    (small_celeba / "img_align_celeba").rename(new / photos)
    for name in ("identity_CelebA.txt", "list_eval_partition.txt"):
        (new / lists).mkdir(exist_ok=True)
        (small_celeba / name).rename(new / lists / name)
    dataset = CelebA(new / root)
    assert dataset.variant == ("in the wild" if "img_celeba" in photos else "aligned")
    assert dataset.read(dataset.protocol("official-split").photos[0]).shape == (20, 20, 3)


def test_both_editions(small_celeba: Path) -> None:
    (small_celeba / "img_celeba").mkdir()
    assert "name the one to read" in error(lambda: CelebA(small_celeba))


def test_lists_of_any_make(small_celeba: Path) -> None:
    before = CelebA(small_celeba).protocol("official-split").photos
    for name in ("identity_CelebA.txt", "list_eval_partition.txt"):
        text = "img label\n" + (small_celeba / name).read_text()
        (small_celeba / name).write_bytes(b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode())
    assert CelebA(small_celeba).protocol("official-split").photos == before


@pytest.mark.parametrize(
    ("name", "added", "words"),
    [
        ("identity_CelebA.txt", "000001.jpg 7", "000001.jpg is in line 1, too"),
        ("identity_CelebA.txt", "x.jpg seven", "'x.jpg seven' where '000001.jpg 2880'"),
        ("identity_CelebA.txt", "../x.jpg 7", "'../x.jpg 7'"),
        ("list_eval_partition.txt", "x.jpg 3", "x.jpg is in part 3 where 0, 1 or 2"),
    ],
)
def test_damaged_lists(small_celeba: Path, name: str, added: str, words: str) -> None:
    with (small_celeba / name).open("a") as file:
        file.write(added + "\n")
    assert words in error(lambda: CelebA(small_celeba).protocol("official-split"))


def test_other_folders(tmp_path: Path, small_celeba: Path) -> None:
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "readme").write_text("x")
    assert "no CelebA in" in error(lambda: CelebA(tmp_path / "other"))
    (small_celeba / "identity_CelebA.txt").unlink()
    assert "identity_CelebA.txt" in error(lambda: CelebA(small_celeba))


def test_limit_and_unknown_protocol(small_celeba: Path) -> None:
    dataset = CelebA(small_celeba)
    assert len({photo.subject_id for photo in dataset.protocol("people-split", limit=4).photos}) == 4
    assert "official-split, people-split, thesis" in error(lambda: dataset.protocol("view2"))


def test_works_in_another_process(small_celeba: Path) -> None:
    dataset = CelebA(small_celeba)
    photo = dataset.protocol("official-split").photos[0]
    sent = pickle.dumps(dataset)
    assert len(sent) < 1000  # each task carries it
    assert pickle.loads(sent).read(photo).shape == (20, 20, 3)


@pytest.mark.shared
def test_the_reduced_real_one(celeba_small_root: Path) -> None:
    dataset = CelebA(celeba_small_root)
    assert dataset.variant == "aligned, the first 10000 photos"
    parts = people(dataset, "thesis")
    assert sum(map(len, parts)) == len(set.union(*parts))
    drawn = [len(dataset.training_photos(part, protocol="thesis")) for part in ("train", "validation")]
    assert sum(drawn) == 9717 - 1000
    protocol = dataset.protocol("people-split")
    assert dataset.read(protocol.photos[0]).shape == (109, 89, 3)
    assert len({photo.subject_id for photo in protocol.photos}) == 1000
