"""Downloading LFW through scikit-learn, from a server on this machine."""

from __future__ import annotations

import hashlib
import io
import tarfile
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import numpy as np
import pytest
import sklearn.datasets._lfw as sklearn_lfw
from PIL import Image
from sklearn.datasets import get_data_home
from sklearn.datasets._base import RemoteFileMetadata

from benchmark.datasets import lfw_download
from benchmark.datasets.lfw import LabeledFacesInTheWild
from benchmark.datasets.lfw_download import downloaded_lfw
from benchmark.errors import RequestError

PAIRS = {
    "pairs.txt": "2\t1\nAnna\t1\t2\nAnna\t1\tBert\t1\nBert\t1\t2\nBert\t2\tAnna\t2\n",
    "pairsDevTrain.txt": "1\nAnna\t1\t2\nAnna\t1\tBert\t1\n",
    "pairsDevTest.txt": "1\nAnna\t1\t2\nAnna\t1\tBert\t1\n",
}


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *arguments: object) -> None:
        pass


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[Path, str]]:
    """A folder and the address under which a server on this machine offers it."""
    folder = tmp_path / "served"
    folder.mkdir()
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(folder)))
    Thread(target=server.serve_forever, daemon=True).start()
    yield folder, f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture
def small_archive(served: tuple[Path, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Makes scikit-learn believe that LFW is two people on the local server; gives its LFW folder."""
    folder, address = served
    for name, text in PAIRS.items():
        (folder / name).write_text(text)
    with tarfile.open(folder / "lfw-funneled.tgz", "w:gz") as archive:
        for person in ("Anna", "Bert"):
            for number in (1, 2):
                content = io.BytesIO()
                pixels = np.full((250, 250, 3), 40 * number, dtype=np.uint8)
                Image.fromarray(pixels).save(content, format="JPEG")
                entry = tarfile.TarInfo(f"lfw_funneled/{person}/{person}_{number:04d}.jpg")
                entry.size = len(content.getvalue())
                archive.addfile(entry, io.BytesIO(content.getvalue()))

    def remote(name: str) -> RemoteFileMetadata:
        checksum = hashlib.sha256((folder / name).read_bytes()).hexdigest()
        return RemoteFileMetadata(filename=name, url=f"{address}/{name}", checksum=checksum)

    monkeypatch.setattr(sklearn_lfw, "TARGETS", tuple(remote(name) for name in PAIRS))
    monkeypatch.setattr(sklearn_lfw, "FUNNELED_ARCHIVE", remote("lfw-funneled.tgz"))
    monkeypatch.setenv("SCIKIT_LEARN_DATA", str(tmp_path / "home"))
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    return tmp_path / "home" / "lfw_home"


def test_downloaded_once_and_then_found(small_archive: Path, served: tuple[Path, str]) -> None:
    assert not LabeledFacesInTheWild.availability().available
    protocol = LabeledFacesInTheWild().protocol("view2")
    assert protocol.folds == 2
    assert protocol.comparisons.mated.tolist() == [True, False, True, False]
    assert downloaded_lfw() == small_archive
    assert LabeledFacesInTheWild.availability().available
    for file in served[0].iterdir():
        file.unlink()
    dataset = LabeledFacesInTheWild()
    assert dataset.protocol("view2").photos == protocol.photos
    assert dataset.read(protocol.photos[0]).shape == (250, 250, 3)


@pytest.mark.usefixtures("small_archive")
def test_people_split_says_what_the_download_lacks() -> None:
    with pytest.raises(RequestError, match=r"people\.txt.*scikit-learn's download lacks it"):
        LabeledFacesInTheWild().protocol("people-split")


@pytest.mark.filterwarnings("ignore:Retry downloading")
@pytest.mark.usefixtures("small_archive")
def test_no_such_file_on_the_server(served: tuple[Path, str]) -> None:
    (served[0] / "pairs.txt").unlink()
    with pytest.raises(RequestError, match=r"could not be downloaded.*HTTPError.*--data-root"):
        LabeledFacesInTheWild()


@pytest.mark.filterwarnings("ignore:Retry downloading")
@pytest.mark.usefixtures("small_archive")
def test_no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    nowhere = RemoteFileMetadata(filename="pairs.txt", url="http://127.0.0.1:9/pairs.txt", checksum="0")
    monkeypatch.setattr(sklearn_lfw, "TARGETS", (nowhere,))
    with pytest.raises(RequestError, match=r"could not be downloaded.*URLError.*lfw-funneled\.tgz") as caught:
        LabeledFacesInTheWild()
    assert "\n" not in str(caught.value)


@pytest.mark.filterwarnings("ignore:Retry downloading")
def test_a_changed_archive_is_refused(small_archive: Path, served: tuple[Path, str]) -> None:
    (served[0] / "lfw-funneled.tgz").write_bytes(b"something else")
    with pytest.raises(RequestError, match=r"could not be downloaded.*SHA256"):
        LabeledFacesInTheWild()
    assert not (small_archive / "lfw_funneled").exists()


def test_a_download_that_was_cut_off_while_unpacking(small_archive: Path) -> None:
    LabeledFacesInTheWild()
    (small_archive / "lfw-funneled.tgz").write_bytes(b"scikit-learn deletes this when it has unpacked it")
    assert not LabeledFacesInTheWild.availability().available
    with pytest.raises(RequestError, match=r"cut off while unpacking; delete .*lfw_home"):
        LabeledFacesInTheWild()


def test_unwritable_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("SCIKIT_LEARN_DATA", str(tmp_path / "file" / "home"))
    with pytest.raises(RequestError, match="SCIKIT_LEARN_DATA"):
        LabeledFacesInTheWild()


@pytest.mark.parametrize("chosen", ["", "elsewhere"])
def test_the_place_is_scikit_learn_s(chosen: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("SCIKIT_LEARN_DATA", raising=False)
    if chosen:
        monkeypatch.setenv("SCIKIT_LEARN_DATA", str(tmp_path / chosen))
    assert lfw_download._place() == Path(get_data_home()) / "lfw_home"
