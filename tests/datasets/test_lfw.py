"""LFW: a small copy in its true layout, and the real one."""

from __future__ import annotations

import pickle
import subprocess
import sys
import unicodedata
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from benchmark.datasets.lfw import PARTS, LabeledFacesInTheWild
from benchmark.datasets.lfw_lists import person_of, read_pairs, read_people
from tests.datasets.refusal import error

FOLDS = 10


@pytest.fixture
def small_lfw(tmp_path: Path, write_photo: Callable[..., Path]) -> Path:
    """Ten folds of three people: 12, 2 and 1 photos; two mated and two non-mated pairs per fold."""
    root = tmp_path / "lfw-copy"
    pairs, people = [f"{FOLDS}\t2"], [str(FOLDS)]
    for fold in range(FOLDS):
        names = {f"Al_{fold}": 12, f"Bo_{fold}": 2, f"Cy_{fold}": 1}
        for name, count in names.items():
            for number in range(1, count + 1):
                write_photo(root / name / f"{name}_{number:04d}.jpg")
        people += [str(len(names)), *(f"{name}\t{count}" for name, count in names.items())]
        pairs += [f"Al_{fold}\t1\t12", f"Bo_{fold}\t2\t1", f"Al_{fold}\t3\tCy_{fold}\t1", f"Cy_{fold}\t1\tBo_{fold}\t2"]
    (root / "pairs.txt").write_text("\n".join(pairs) + "\n")
    (root / "people.txt").write_text("\n".join(people) + "\n")
    return root


def test_view2_is_the_list(small_lfw: Path) -> None:
    protocol = LabeledFacesInTheWild(small_lfw).protocol("view2")
    comparisons = protocol.comparisons
    assert protocol.folds == FOLDS
    assert len(comparisons) == 40
    assert comparisons.mated.tolist() == [True, True, False, False] * FOLDS
    assert comparisons.fold.tolist() == np.repeat(np.arange(FOLDS), 4).tolist()
    ids = [photo.image_id for photo in protocol.photos]
    assert ids == sorted(ids)
    assert len(ids) == len(set(ids)) == 6 * FOLDS
    row = 4 * 7 + 1  # "Bo_7 2 1"
    assert ids[comparisons.reference[row]] == "Bo_7/Bo_7_0002.jpg"
    assert ids[comparisons.probe[row]] == "Bo_7/Bo_7_0001.jpg"
    row = 4 * 3 + 2  # "Al_3 3 Cy_3 1"
    assert ids[comparisons.reference[row]] == "Al_3/Al_3_0003.jpg"
    assert ids[comparisons.probe[row]] == "Cy_3/Cy_3_0001.jpg"
    for reference, probe, mated in zip(comparisons.reference, comparisons.probe, comparisons.mated, strict=True):
        assert mated == (protocol.photos[reference].subject_id == protocol.photos[probe].subject_id)


def test_view2_is_the_first_protocol(small_lfw: Path) -> None:
    assert LabeledFacesInTheWild(small_lfw).protocols == ("view2", "people-split", "people-validation", "people-search")


def test_limited_view2_is_even(small_lfw: Path) -> None:
    comparisons = LabeledFacesInTheWild(small_lfw).protocol("view2", limit=20).comparisons
    assert Counter(zip(comparisons.fold.tolist(), comparisons.mated.tolist(), strict=True)) == {
        (fold, mated): 1 for fold in range(FOLDS) for mated in (True, False)
    }
    whole = LabeledFacesInTheWild(small_lfw).protocol("view2", limit=40)
    assert len(whole.comparisons) == 40


def test_limit_follows_the_seed(small_lfw: Path) -> None:
    def chosen(seed: int) -> list[str]:
        protocol = LabeledFacesInTheWild(small_lfw, seed=seed).protocol("view2", limit=20)
        return [protocol.photos[row].image_id for row in protocol.comparisons.probe]

    assert chosen(0) == chosen(0)
    assert chosen(0) != chosen(1)


def test_nobody_is_set_aside_under_view2(small_lfw: Path) -> None:
    dataset = LabeledFacesInTheWild(small_lfw)
    message = error(lambda: dataset.training_photos("train", protocol="view2"))
    assert "--train-dataset" in message
    assert "people-split" in message


def test_people_split(small_lfw: Path) -> None:
    dataset = LabeledFacesInTheWild(small_lfw)
    protocol = dataset.protocol("people-split")
    assert protocol.folds == 0
    assert len(protocol.photos) == 3 * (10 + 2 + 1)
    assert len(protocol.comparisons) == 39 * 38 // 2
    assert protocol.comparisons.mated.sum() == 3 * (45 + 1)
    test = {photo.subject_id for photo in protocol.photos}
    train = {photo.subject_id for photo in dataset.training_photos("train", protocol="people-split")}
    validation = {photo.subject_id for photo in dataset.training_photos("validation", protocol="people-split")}
    assert test == {f"{name}_{fold}" for name in ("Al", "Bo", "Cy") for fold in (7, 8, 9)}
    assert validation == {f"{name}_6" for name in ("Al", "Bo", "Cy")}
    assert train == {f"{name}_{fold}" for name in ("Al", "Bo", "Cy") for fold in range(6)}
    assert max(Counter(photo.subject_id for photo in dataset.training_photos("train", protocol="")).values()) == 10


def test_limited_people_split_counts_subjects(small_lfw: Path) -> None:
    protocol = LabeledFacesInTheWild(small_lfw).protocol("people-split", limit=4)
    subjects = {photo.subject_id for photo in protocol.photos}
    assert len(subjects) == 4
    assert not any(subject.startswith("Cy") for subject in subjects)
    assert protocol.comparisons.mated.any()


@pytest.mark.parametrize("folder", ["lfw", "lfw-deepfunneled", "lfw-deepfunneled/lfw-deepfunneled", "lfw_funneled"])
def test_photos_may_lie_in_the_folder_they_were_packed_in(small_lfw: Path, tmp_path: Path, folder: str) -> None:
    root = tmp_path / "other"
    (root / folder).mkdir(parents=True)
    for person in small_lfw.iterdir():
        person.rename((root / folder if person.is_dir() else root) / person.name)
    dataset = LabeledFacesInTheWild(root)
    protocol = dataset.protocol("view2")
    assert protocol.photos[0].image_id == "Al_0/Al_0_0001.jpg"
    assert dataset.read(protocol.photos[0]).shape == (20, 20, 3)


def test_lists_may_lie_beside_the_people(small_lfw: Path, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    small_lfw.rename(tmp_path / "other" / "lfw")
    assert len(LabeledFacesInTheWild(tmp_path / "other").protocol("view2").comparisons) == 40


def test_a_copy_has_the_same_digest_and_a_changed_photo_another(small_lfw: Path, tmp_path: Path) -> None:
    import shutil

    def digest(root: Path) -> str:
        dataset = LabeledFacesInTheWild(root)
        return dataset.digest(dataset.protocol("view2").photos)

    shutil.copytree(small_lfw, tmp_path / "copy")
    assert digest(tmp_path / "copy") == digest(small_lfw)
    photo = tmp_path / "copy" / "Al_0" / "Al_0_0001.jpg"
    photo.write_bytes(photo.read_bytes()[:-1] + b"!")
    assert digest(tmp_path / "copy") != digest(small_lfw)


def test_absent_photos_are_counted_and_named(small_lfw: Path) -> None:
    for name in ("Al_0", "Bo_3", "Bo_4", "Bo_8"):
        (small_lfw / name / f"{name}_0001.jpg").unlink()
    dataset = LabeledFacesInTheWild(small_lfw)
    message = error(lambda: dataset.protocol("view2"))
    assert "4 of 60 listed photos" in message
    assert "Al_0/Al_0_0001.jpg (line 2), Bo_3/Bo_3_0001.jpg (line 15), Bo_4/Bo_4_0001.jpg (line 19), …" in message
    assert "1 of 45 listed photos" in error(lambda: dataset.protocol("people-split"))


@pytest.mark.parametrize("name", ["pairs.txt", "people.txt"])
def test_lists_of_any_make(small_lfw: Path, name: str) -> None:
    def tests() -> list[list[int]]:
        dataset = LabeledFacesInTheWild(small_lfw)
        return [dataset.protocol(protocol).comparisons.probe.tolist() for protocol in dataset.protocols]

    before = tests()
    text = (small_lfw / name).read_text()
    (small_lfw / name).write_bytes(b"\xef\xbb\xbf" + text.replace("\n", " \r\n").encode() + b"\r\n\r\n  \r\n")
    assert tests() == before
    (small_lfw / name).write_text(text.replace("\t", "   ").rstrip())
    assert tests() == before


@pytest.mark.parametrize(("listed", "stored"), [("NFC", "NFD"), ("NFD", "NFC"), ("NFC", "NFC")])
def test_accents(small_lfw: Path, write_photo: Callable[..., Path], listed: str, stored: str) -> None:
    on_disk = unicodedata.normalize(stored, "Zoë_Å")
    in_list = unicodedata.normalize(listed, "Zoë_Å")
    for number in (1, 2):
        write_photo(small_lfw / on_disk / f"{on_disk}_{number:04d}.jpg")
    text = (small_lfw / "pairs.txt").read_text("utf-8").replace("Bo_4\t2\t1", f"{in_list}\t2\t1")
    (small_lfw / "pairs.txt").write_text(text, "utf-8")
    dataset = LabeledFacesInTheWild(small_lfw)
    protocol = dataset.protocol("view2")
    photo = next(photo for photo in protocol.photos if photo.subject_id == in_list)
    assert dataset.read(photo).shape == (20, 20, 3)


@pytest.mark.parametrize(
    ("line", "text", "words"),
    [
        (0, "ten\t2", "line 1: 'ten 2'"),
        (0, "10", "line 1: '10'"),
        (0, "0\t2", "line 1: '0 2'"),
        (3, "Al_0\t3", "line 4: 'Al_0 3'"),
        (3, "Al_0\tthree\tCy_0\t1", "line 4: 'Al_0 three Cy_0 1'"),
        (40, "", "lists 39 pairs but its first line says 40"),
    ],
)
def test_damaged_pairs(small_lfw: Path, line: int, text: str, words: str) -> None:
    lines = (small_lfw / "pairs.txt").read_text().split("\n")
    lines[line] = text
    (small_lfw / "pairs.txt").write_text("\n".join(lines))
    assert words in error(lambda: LabeledFacesInTheWild(small_lfw).protocol("view2"))


@pytest.mark.parametrize(
    ("kept", "added", "words"),
    [
        (0, "", "ends where the number of folds"),
        (1, "", "ends where the number of people"),
        (3, "", "ends in the middle of fold 1"),
        (41, "Dee\t1", "line 42: 'Dee 1' where the end of the file"),
        (3, "Bo_0 two", "line 4: 'Bo_0 two' where 'name count'"),
    ],
)
def test_damaged_people(small_lfw: Path, kept: int, added: str, words: str) -> None:
    lines = (small_lfw / "people.txt").read_text().splitlines()[:kept]
    (small_lfw / "people.txt").write_text("\n".join([*lines, added]))
    assert words in error(lambda: LabeledFacesInTheWild(small_lfw).protocol("people-split"))


def test_people_of_another_number_of_folds(small_lfw: Path) -> None:
    (small_lfw / "people.txt").write_text("1\n1\nAl_0\t12\n")
    assert "has 1 folds" in error(lambda: LabeledFacesInTheWild(small_lfw).protocol("people-split"))


def test_a_list_that_is_not_text(small_lfw: Path) -> None:
    (small_lfw / "pairs.txt").write_bytes(b"10\t2\n\xff\xfe\x00")
    assert "not UTF-8" in error(lambda: LabeledFacesInTheWild(small_lfw).protocol("view2"))


@pytest.mark.parametrize(("name", "protocol"), [("pairs.txt", "view2"), ("people.txt", "people-split")])
def test_missing_list(small_lfw: Path, name: str, protocol: str) -> None:
    (small_lfw / name).unlink()
    dataset = LabeledFacesInTheWild(small_lfw)
    message = error(lambda: dataset.protocol(protocol))
    assert name in message
    assert str(small_lfw) in message


def test_unknown_protocol(small_lfw: Path) -> None:
    assert "view2, people-split" in error(lambda: LabeledFacesInTheWild(small_lfw).protocol("view1"))


def test_missing_empty_or_foreign_root(tmp_path: Path, write_photo: Callable[..., Path]) -> None:
    assert "does not exist" in error(lambda: LabeledFacesInTheWild(tmp_path / "absent"))
    (tmp_path / "empty").mkdir()
    assert "is empty" in error(lambda: LabeledFacesInTheWild(tmp_path / "empty"))
    (tmp_path / "file").write_text("x")
    assert "is a file" in error(lambda: LabeledFacesInTheWild(tmp_path / "file"))
    write_photo(tmp_path / "foreign" / "anna" / "1.jpg")
    assert "no LFW photos" in error(lambda: LabeledFacesInTheWild(tmp_path / "foreign"))


def test_works_in_another_process(small_lfw: Path) -> None:
    dataset = LabeledFacesInTheWild(small_lfw)
    photo = dataset.protocol("view2").photos[0]
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(dataset)).read(photo), dataset.read(photo))


@pytest.mark.lfw
def test_real_view2(lfw_root: Path) -> None:
    protocol = LabeledFacesInTheWild(lfw_root).protocol("view2")
    comparisons = protocol.comparisons
    assert len(protocol.photos) == 7701
    assert len(comparisons) == 6000
    assert comparisons.mated.sum() == 3000
    for fold in range(10):
        assert (comparisons.mated[comparisons.fold == fold]).tolist() == [True] * 300 + [False] * 300
    first = protocol.photos[comparisons.reference[0]], protocol.photos[comparisons.probe[0]]
    assert [photo.image_id for photo in first] == [
        "Abel_Pacheco/Abel_Pacheco_0001.jpg",
        "Abel_Pacheco/Abel_Pacheco_0004.jpg",
    ]


@pytest.mark.lfw
def test_real_view2_pairs_stay_inside_a_fold_of_people(lfw_root: Path) -> None:
    pairs, _ = read_pairs(lfw_root / "pairs.txt")
    folds = read_people(lfw_root / "people.txt")
    assert sum(map(len, folds)) == 5749
    assert sum(sum(fold.values()) for fold in folds) == 13233
    for pair in pairs:
        assert person_of(pair.reference) in folds[pair.fold]
        assert person_of(pair.probe) in folds[pair.fold]


def test_people_validation_compares_those_whom_people_split_sets_aside(small_lfw: Path) -> None:
    dataset = LabeledFacesInTheWild(small_lfw)
    protocol = dataset.protocol("people-validation")
    assert protocol.name == "people-validation"
    set_aside = dataset.training_photos("validation", protocol="people-split")
    assert {photo.image_id for photo in protocol.photos} == {photo.image_id for photo in set_aside}
    assert len(protocol.comparisons) == len(set_aside) * (len(set_aside) - 1) // 2
    assert len({photo.subject_id for photo in dataset.protocol("people-validation", limit=2).photos}) == 2
    message = error(lambda: dataset.training_photos("train", protocol="people-validation"))
    assert "sets aside for validation; train on another data set with" in message


@pytest.mark.lfw
def test_real_people_split(lfw_root: Path) -> None:
    """4,172 mated comparisons, as docs/results.md states."""
    dataset = LabeledFacesInTheWild(lfw_root)
    protocol = dataset.protocol("people-split")
    assert protocol.comparisons.mated.sum() == 4172
    assert len(protocol.photos) == 3197
    assert len(protocol.comparisons) == 3197 * 3196 // 2
    people = {part: set() for part in PARTS}
    people["test"] = {photo.subject_id for photo in protocol.photos}
    for part in ("train", "validation"):
        people[part] = {photo.subject_id for photo in dataset.training_photos(part, protocol="people-split")}
    assert [len(people[part]) for part in PARTS] == [3362, 597, 1790]
    assert len(set.union(*people.values())) == 5749


@pytest.mark.lfw
def test_real_digest_and_reading(lfw_root: Path) -> None:
    dataset = LabeledFacesInTheWild(lfw_root)
    photos = dataset.protocol("view2", limit=200).photos
    assert dataset.digest(photos) == dataset.digest(photos)
    assert all(dataset.read(photo).shape == (250, 250, 3) for photo in photos[:20])


@pytest.mark.lfw
def test_real_people_split_is_the_same_in_another_process(lfw_root: Path) -> None:
    code = (
        "import hashlib, sys; from pathlib import Path; from benchmark.datasets.lfw import LabeledFacesInTheWild as L;"
        "p = L(Path(sys.argv[1]), seed=4).protocol('people-split', limit=100);"
        "print(hashlib.sha256(repr(p.photos).encode() + p.comparisons.reference.tobytes()).hexdigest())"
    )
    outputs = {
        subprocess.run(
            [sys.executable, "-c", code, str(lfw_root)],
            check=True,
            capture_output=True,
            cwd=Path(__file__).parents[2],
            env={"PYTHONHASHSEED": seed, "PATH": ""},
        ).stdout
        for seed in ("1", "2")
    }
    assert len(outputs) == 1


@pytest.mark.lfw
def test_real_edition(lfw_root: Path) -> None:
    assert LabeledFacesInTheWild(lfw_root).variant == "deep-funneled (by a photo's checksum)"
