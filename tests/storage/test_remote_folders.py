"""Photos come from, and finished runs go to, any store that fsspec knows."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import fsspec
import pytest

from benchmark.errors import RequestError, StorageError
from benchmark.storage.remote_folders import address_of, check_writable, copied_in, copy_out


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    folder = tmp_path / "photos"
    (folder / "anna").mkdir(parents=True)
    (folder / "anna" / "1.txt").write_bytes(b"one")
    (folder / "anna" / "2.txt").write_bytes(b"two")
    (folder / "list.csv").write_bytes(b"a,b\n")
    return folder


@pytest.fixture
def web(photos: Path) -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(photos))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


@pytest.fixture
def memory() -> Iterator[str]:
    store = fsspec.filesystem("memory")
    yield "memory://unmask-tests"
    if store.exists("/unmask-tests"):
        store.rm("/unmask-tests", recursive=True)


def _content(folder: Path) -> dict[str, bytes]:
    files = sorted(path for path in folder.rglob("*") if path.is_file() and not path.name.startswith("."))
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


@pytest.mark.parametrize("text", ["data/lfw", "/data/lfw", "C:/data", "~/lfw", "a:b/c"])
def test_paths_of_this_machine_are_no_addresses(text: str) -> None:
    assert address_of(Path(text)) is None
    assert address_of(None) is None


@pytest.mark.parametrize("text", ["s3://bucket/lfw", "https://host:80/a/b", "memory://x", "file:///data/lfw"])
def test_addresses_survive_as_paths(text: str) -> None:
    assert address_of(Path(text)) == text


def test_a_web_server_is_copied(web: str, photos: Path, tmp_path: Path) -> None:
    assert _content(copied_in(web, tmp_path / "copies")) == _content(photos)


def test_a_folder_is_copied_once_and_follows_its_source(photos: Path, tmp_path: Path) -> None:
    address = f"file://{photos}"
    copy = copied_in(address, tmp_path / "copies")
    assert _content(copy) == _content(photos)
    before = {path: path.stat().st_mtime_ns for path in copy.rglob("*.txt")}
    assert copied_in(address, tmp_path / "copies") == copy
    assert {path: path.stat().st_mtime_ns for path in copy.rglob("*.txt")} == before
    (photos / "anna" / "1.txt").write_bytes(b"another one")
    (photos / "list.csv").unlink()
    (copy / "anna" / "2.txt").write_bytes(b"damaged")
    assert _content(copied_in(address, tmp_path / "copies")) == _content(photos)


def test_a_run_goes_out_with_its_manifest_last(photos: Path, memory: str, monkeypatch: pytest.MonkeyPatch) -> None:
    (photos / "manifest.json").write_bytes(b"{}")
    (photos / ".lock").write_bytes(b"")
    store = fsspec.filesystem("memory")
    order: list[str] = []
    put = type(store).put_file

    def noted(self, source, target, **settings):
        order.append(target.rpartition("unmask-tests/")[2])
        return put(self, source, target, **settings)

    monkeypatch.setattr(type(store), "put_file", noted)
    check_writable(memory, overwrite=False)
    copy_out(photos, memory)
    assert order == ["anna/1.txt", "anna/2.txt", "list.csv", "manifest.json"]
    assert store.cat_file("/unmask-tests/anna/2.txt") == b"two"
    with pytest.raises(RequestError, match="holds a run; use another --out, or --overwrite"):
        check_writable(memory, overwrite=False)
    check_writable(memory, overwrite=True)


def test_half_a_run_never_looks_whole(photos: Path, memory: str, monkeypatch: pytest.MonkeyPatch) -> None:
    (photos / "manifest.json").write_bytes(b"{}")
    copy_out(photos, memory)
    store = fsspec.filesystem("memory")

    def cut(self, source, target, **_):
        self.pipe_file(target, b"")

    monkeypatch.setattr(type(store), "put_file", cut)
    with pytest.raises(StorageError, match=r"anna/1.txt has 0 of 3 bytes"):
        copy_out(photos, memory)
    assert not store.exists("/unmask-tests/manifest.json")


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("file:///nowhere/at/all", "there are no files|no such folder"),
        ("memory://nothing-here", "there are no files|no such folder"),
        ("nostore://x/y", "nostore"),
        ("http://127.0.0.1:9/", "--data-root http://127.0.0.1:9"),
    ],
)
def test_what_cannot_be_read_is_one_line(address: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(RequestError, match=said) as raised:
        copied_in(address, tmp_path)
    assert "\n" not in str(raised.value)


def test_a_web_server_cannot_be_written(web: str) -> None:
    with pytest.raises(RequestError, match=r"--out http://127\.0\.0\.1:\d+: "):
        check_writable(web, overwrite=False)
