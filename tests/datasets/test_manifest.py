"""Training faces listed in ``manifest.csv``."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from benchmark.datasets.manifest import FacesTrain, ManifestFolder
from benchmark.errors import RequestError
from benchmark.plugins import DATASETS


@pytest.fixture
def faces(tmp_path: Path, write_photo: Callable[..., Path]) -> Path:
    rows = ["file,subject_id,source,age"]
    for person in range(40):
        for number in range(2):
            write_photo(tmp_path / "faces" / f"{person}-{number}.webp")
            rows.append(f"faces/{person}-{number}.webp,s{person},made,{20 + person}")
    (tmp_path / "manifest.csv").write_text("\n".join(rows))
    return tmp_path


def test_split_by_subject(faces: Path) -> None:
    dataset = ManifestFolder(faces)
    train = dataset.training_photos("train", protocol="")
    validation = dataset.training_photos("validation", protocol="")
    assert (len(train), len(validation)) == (76, 4)
    assert not {photo.subject_id for photo in train} & {photo.subject_id for photo in validation}
    assert dataset.read(train[0]).shape == (20, 20, 3)
    assert train != ManifestFolder(faces, seed=1).training_photos("train", protocol="")


def test_order_of_lines_does_not_matter(faces: Path) -> None:
    before = ManifestFolder(faces).training_photos("train", protocol="")
    header, *rows = (faces / "manifest.csv").read_text().splitlines()
    (faces / "manifest.csv").write_text("\n".join([header, *rows[::-1]]))
    assert ManifestFolder(faces).training_photos("train", protocol="") == before


def test_nothing_is_tested_on_it(faces: Path) -> None:
    assert ManifestFolder.protocols == ()
    with pytest.raises(RequestError, match="--train-dataset"):
        ManifestFolder(faces).protocol("all-pairs")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("file,subject\nfaces/0-0.webp,s0", "line 1: no column subject_id"),
        ("file,subject_id\nfaces/0-0.webp,s0\nfaces/0-0.webp,s0", "line 3: 'faces/0-0.webp' is listed in line 2, too"),
        ("file,subject_id\nfaces/0-0.webp,", "line 2: 'faces/0-0.webp' has no subject_id"),
        ("file,subject_id\nfaces/absent.webp,s0\nfaces/0-0.webp,s0", "1 of 2 listed photos is not in"),
        ("file,subject_id\n../x.webp,s0", "line 2: file is '../x.webp'"),
        ("file,subject_id\n", "lists no photo"),
        ("", "is empty"),
    ],
)
def test_bad_lists(faces: Path, text: str, words: str) -> None:
    (faces / "manifest.csv").write_text(text)
    with pytest.raises(RequestError, match=words.replace(".", r"\.")):
        ManifestFolder(faces)


def test_no_manifest(faces: Path) -> None:
    (faces / "manifest.csv").unlink()
    with pytest.raises(RequestError, match=r"no manifest\.csv in"):
        ManifestFolder(faces)


def test_only_the_screened_list_may_call_itself_so(faces: Path) -> None:
    with pytest.raises(RequestError, match="--train-dataset manifest"):
        FacesTrain(faces)


def test_only_the_screened_set_claims_anything_about_lfw() -> None:
    assert dict(DATASETS.load("faces-train").card.overlaps)["lfw"] == "disjoint"
    assert "lfw" not in dict(DATASETS.load("manifest").card.overlaps)


@pytest.mark.shared
def test_real_training_faces(faces_train_root: Path) -> None:
    dataset = FacesTrain(faces_train_root)
    train = dataset.training_photos("train", protocol="")
    validation = dataset.training_photos("validation", protocol="")
    assert len(train) + len(validation) == 15370
    assert len({photo.subject_id for photo in (*train, *validation)}) == 9910
    assert dataset.read(train[0]).shape == (176, 176, 3)
