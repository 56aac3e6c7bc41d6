"""Downloading LFW, from a server on this machine: whole, wrong, endless, dripping, cut off."""

from __future__ import annotations

import hashlib
import io
import tarfile
import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from sklearn.datasets import get_data_home
from sklearn.datasets._lfw import FUNNELED_ARCHIVE, TARGETS

from benchmark.datasets import lfw_download
from benchmark.datasets.lfw import LabeledFacesInTheWild
from benchmark.datasets.lfw_download import PAIRS, PHOTOS
from benchmark.datasets.lfw_home import downloaded_lfw, lfw_home
from benchmark.downloads import resumable_download
from benchmark.errors import RequestError

LIST = b"2\t1\nAnna\t1\t2\nAnna\t1\tBert\t1\nBert\t1\t2\nBert\t2\tAnna\t2\n"


@dataclass
class Server:
    """What a server on this machine offers, and how it behaves."""

    files: dict[str, bytes] = field(default_factory=dict)
    how: str = ""
    """``endless``, ``drip`` (a byte now and then) or ``cut`` (once, in the middle)."""
    asked: list[str] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """Offers two people in LFW's layout, which the download takes for LFW."""
    state = Server({"pairs.txt": LIST, "lfw-funneled.tgz": archive()})

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            name = self.path.strip("/")
            state.asked.append(name)
            if name not in state.files:
                self.send_error(404)
                return
            content = state.files[name]
            start = int(self.headers.get("Range", "bytes=0-")[6:-1])
            self.send_response(206 if start else 200)
            if start:
                self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
            if state.how != "endless":
                self.send_header("Content-Length", str(len(content) - start))
            self.end_headers()
            with suppress(OSError):
                if state.how in ("endless", "drip"):
                    while not state.over.wait(0 if state.how == "endless" else 0.05):
                        self.wfile.write(bytes(65_536) if state.how == "endless" else b"x")
                cut = len(content) // 2 if state.how == "cut" and name.endswith("tgz") else len(content)
                state.how = "" if cut < len(content) else state.how
                self.wfile.write(content[start:cut])
            self.close_connection = True

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        threading.Thread(target=http.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{http.server_port}"
        for name, file in (("PAIRS", PAIRS), ("PHOTOS", PHOTOS)):
            content = state.files[file.name]
            digest = hashlib.sha256(content).hexdigest()
            there = replace(file, url=f"{address}/{file.name}", sha256=digest, max_bytes=len(content) + 1000)
            monkeypatch.setattr(lfw_download, name, there)
        monkeypatch.setenv("SCIKIT_LEARN_DATA", str(tmp_path / "home"))
        monkeypatch.setenv("no_proxy", "127.0.0.1")
        yield state
        state.over.set()
        http.shutdown()


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Where it is stored."""
    return tmp_path / "home" / "lfw_home"


def archive() -> bytes:
    """Two people with two photos each."""
    whole = io.BytesIO()
    with tarfile.open(fileobj=whole, mode="w:gz") as packed:
        for person in ("Anna", "Bert"):
            for number in (1, 2):
                content = io.BytesIO()
                pixels = np.random.default_rng(number).integers(0, 256, (250, 250, 3), dtype=np.uint8)
                Image.fromarray(pixels).save(content, format="JPEG")
                entry = tarfile.TarInfo(f"lfw_funneled/{person}/{person}_{number:04d}.jpg")
                entry.size = len(content.getvalue())
                packed.addfile(entry, io.BytesIO(content.getvalue()))
    return whole.getvalue()


def test_downloaded_once_and_then_found(server: Server, home: Path) -> None:
    assert not LabeledFacesInTheWild.availability().available
    protocol = LabeledFacesInTheWild().protocol("view2")
    assert protocol.folds == 2
    assert protocol.comparisons.mated.tolist() == [True, False, True, False]
    assert downloaded_lfw() == home
    assert not (home / "lfw-funneled.tgz").exists(), "as scikit-learn leaves it"
    assert LabeledFacesInTheWild.availability().available
    server.files.clear()
    dataset = LabeledFacesInTheWild()
    assert dataset.protocol("view2").photos == protocol.photos
    assert dataset.read(protocol.photos[0]).shape == (250, 250, 3)
    assert server.asked == ["pairs.txt", "lfw-funneled.tgz"]


def test_addresses_and_digests_are_those_that_scikit_learn_publishes() -> None:
    for published in (FUNNELED_ARCHIVE, *TARGETS):
        ours = {PHOTOS.name: PHOTOS, PAIRS.name: PAIRS}.get(published.filename)
        assert ours is None or (ours.url, ours.sha256) == (published.url, published.checksum)


@pytest.mark.usefixtures("server")
def test_people_split_says_what_the_download_lacks() -> None:
    with pytest.raises(RequestError, match=r"people\.txt.*scikit-learn's download lacks it"):
        LabeledFacesInTheWild().protocol("people-split")


def refused(words: str) -> None:
    with pytest.raises(RequestError, match=words) as caught:
        LabeledFacesInTheWild()
    assert "could not be downloaded" in str(caught.value) and "lfw-funneled.tgz (https://" in str(caught.value)
    assert "--data-root" in str(caught.value) and "\n" not in str(caught.value)


def test_no_such_file_on_the_server(server: Server) -> None:
    del server.files["pairs.txt"]
    refused("the server answered 404")


@pytest.mark.usefixtures("server")
def test_no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lfw_download, "PAIRS", replace(lfw_download.PAIRS, url="http://127.0.0.1:9/pairs.txt"))
    refused("no connection to the server")


def test_a_changed_archive_is_refused(server: Server, home: Path) -> None:
    server.files["lfw-funneled.tgz"] = b"something else"
    refused("another file than scikit-learn published")
    assert not (home / "lfw_funneled").exists() and not list(home.glob("*.part"))


def test_an_endless_body_is_cut_off_at_the_size_that_the_file_can_have(server: Server, home: Path) -> None:
    server.how = "endless"
    refused(f"more than the {len(LIST) + 1000:,} bytes that the file can have")
    assert not list(home.glob("*.part"))


def test_a_server_that_drips_is_not_waited_for(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resumable_download, "_SECONDS_OF_SILENCE", 0.5)
    server.how = "drip"
    refused("the server is too slow")


def test_a_download_that_was_cut_off_goes_on(server: Server) -> None:
    server.how = "cut"
    assert LabeledFacesInTheWild().protocol("view2").folds == 2
    assert server.asked.count("lfw-funneled.tgz") == 2


@pytest.mark.usefixtures("server")
def test_what_was_cut_off_while_unpacking_is_unpacked_again(home: Path) -> None:
    (home / "lfw_funneled" / "Anna").mkdir(parents=True)
    (home / "pairs.txt").write_bytes(LIST)
    (home / "lfw-funneled.tgz").write_bytes(b"half of it, as scikit-learn leaves it")
    assert not LabeledFacesInTheWild.availability().available
    assert len(LabeledFacesInTheWild().protocol("view2").photos) == 4


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
    assert lfw_home() == Path(get_data_home()) / "lfw_home"
