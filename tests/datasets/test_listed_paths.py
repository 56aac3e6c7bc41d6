"""No list of a data set names a photo outside its folder: by an absolute path, by ``..``, or through a link."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from benchmark.datasets.celeba import CelebA
from benchmark.datasets.folder import SubjectFolders
from benchmark.datasets.ijb import IarpaJanus
from benchmark.datasets.lfw import LabeledFacesInTheWild
from benchmark.datasets.listed_paths import refuse_outside
from benchmark.datasets.manifest import ManifestFolder
from benchmark.datasets.mfr2 import Mfr2
from benchmark.datasets.mlfw import MaskedLfw
from benchmark.datasets.pairs_csv import PairsCsv
from tests.datasets.refusal import error

Write = Callable[..., Path]


def listed(root: Path, write_photo: Write, kind: str, name: str) -> Callable[[], object]:
    """A data set in `root`, one photo of whose list is called `name`; what reads its list and says where photos are."""
    names = [f"{number:06d}.jpg" for number in range(1, 9)]
    names[4] = name
    folders = {"celeba": "img_align_celeba", "mlfw": "origin", "ijb": "loose_crop"}
    for number in range(1, 9):
        write_photo(root / folders.get(kind, ".") / f"{number:06d}.jpg")
    pairs = [*zip(names[:4], names[4:], strict=True)]
    lists: dict[str, tuple[dict[str, list[str]], Callable[[], object]]] = {
        "celeba": (
            {"identity_CelebA.txt": [f"{one} {row // 4}" for row, one in enumerate(names)]},
            lambda: CelebA(root).training_photos("train", protocol="people-split"),
        ),
        "mlfw": (
            {"pairs.txt": [f"{one}\t{other}\t{row % 2}" for row, (one, other) in enumerate(pairs)]},
            lambda: MaskedLfw(root),
        ),
        "ijb": (
            {
                "meta/ijbc_face_tid_mid.txt": [f"{one} {row} 1" for row, one in enumerate(names)],
                "meta/ijbc_template_pair_label.txt": ["0 4 1", "0 5 0"],
            },
            lambda: IarpaJanus(root).protocol("templates"),
        ),
        "pairs-csv": (
            {"pairs.csv": ["reference,probe,mated", *(f"{a},{b},{row % 2}" for row, (a, b) in enumerate(pairs))]},
            lambda: PairsCsv(root).protocol("listed"),
        ),
        "manifest": (
            {"manifest.csv": ["file,subject_id", *(f"{one},{row}" for row, one in enumerate(names))]},
            lambda: ManifestFolder(root),
        ),
        "photos.csv": (
            {"photos.csv": ["file,subject_id,masked", *(f"{one},{row // 4},0" for row, one in enumerate(names))]},
            lambda: SubjectFolders(root),
        ),
    }
    files, read = lists[kind]
    for file, lines in files.items():
        (root / file).parent.mkdir(exist_ok=True)
        (root / file).write_text("\n".join(lines) + "\n")
    return read


KINDS = ("celeba", "mlfw", "ijb", "pairs-csv", "manifest", "photos.csv")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("how", ["absolute", "above", "drive"])
def test_a_path_out_of_the_folder(tmp_path: Path, write_photo: Write, kind: str, how: str) -> None:
    victim = write_photo(tmp_path / "victim.jpg")
    name = {"absolute": str(victim), "above": "../../victim.jpg", "drive": "C:victim.jpg"}[how]
    read = listed(tmp_path / "data", write_photo, kind, name)
    assert Path(name).name in error(read)


@pytest.mark.parametrize("kind", KINDS)
def test_a_listed_photo_that_is_a_link_out_of_the_folder(tmp_path: Path, write_photo: Write, kind: str) -> None:
    victim = write_photo(tmp_path / "victim.jpg")
    read = listed(tmp_path / "data", write_photo, kind, "000005.jpg")
    read()
    (photo,) = (tmp_path / "data").rglob("000005.jpg")
    photo.unlink()
    photo.symlink_to(victim)
    assert "leads out of" in (said := error(read)) and "000005.jpg" in said


@pytest.mark.parametrize("kind", KINDS)
def test_a_link_that_stays_in_the_folder_is_read(tmp_path: Path, write_photo: Write, kind: str) -> None:
    read = listed(tmp_path / "data", write_photo, kind, "000005.jpg")
    (photo,) = (tmp_path / "data").rglob("000005.jpg")
    photo.rename(photo.with_name("elsewhere.jpg"))
    photo.symlink_to("elsewhere.jpg")
    read()


@pytest.mark.parametrize("kind", ["celeba", "mlfw", "ijb"])
def test_the_folder_of_photos_may_itself_be_a_link(tmp_path: Path, write_photo: Write, kind: str) -> None:
    """It is named by the layout, and not by a list; large sets are on another disk."""
    read = listed(tmp_path / "data", write_photo, kind, "000005.jpg")
    folder = next((tmp_path / "data").rglob("000001.jpg")).parent
    folder.rename(tmp_path / "disk")
    folder.symlink_to(tmp_path / "disk")
    read()


def test_names_in_lists_of_people(tmp_path: Path, write_photo: Write) -> None:
    write_photo(tmp_path / "victims" / "_victims_0001.jpg")
    root = tmp_path / "data"
    write_photo(root / "Al" / "Al_0001.jpg")
    (root / "pairs.txt").write_text("1\t1\nAl\t1\t2\nAl\t1\t../victims/\t1\n")
    assert "../victims" in error(lambda: LabeledFacesInTheWild(root).protocol("view2"))
    (root / "mfr2_labels.txt").write_text("Al, 1, no-mask\n.., 1, cloth\n")
    assert "line 2" in error(lambda: Mfr2(root))


def test_a_folder_on_the_way_that_is_a_link(tmp_path: Path, write_photo: Write) -> None:
    write_photo(tmp_path / "other" / "1.jpg")
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "anna").symlink_to(tmp_path / "other")
    message = error(lambda: refuse_outside(tmp_path / "data", ["anna/1.jpg"], lines={"anna/1.jpg": 7}))
    assert "'anna/1.jpg' (line 7) leads out of" in message
    assert f"`cp -rL {tmp_path / 'data'} COPY`" in message


def test_the_folder_may_be_named_in_any_way(
    tmp_path: Path, write_photo: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_photo(tmp_path / "data" / "anna" / "1.jpg")
    (tmp_path / "link").symlink_to("data")
    monkeypatch.chdir(tmp_path / "data")
    for folder in (tmp_path / "link", Path(), Path("..", "data"), Path(os.path.relpath(tmp_path / "link"))):
        refuse_outside(folder, ["anna/1.jpg"])
