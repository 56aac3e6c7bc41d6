"""Weights as files: found, downloaded, cut off, continued, wrong, absent. The server is on loopback."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from benchmark.downloads import resumable_download
from benchmark.downloads.model_download import fetched
from benchmark.errors import PluginError, RequestError, StorageError
from benchmark.model_files import ModelFile, located, models_folder
from benchmark.progress import Progress

CHUNK = resumable_download._CHUNK
CONTENT = bytes(range(256)) * 8_000
DIGEST = hashlib.sha256(CONTENT).hexdigest()
QUIET = Progress(quiet=True)


@dataclass
class Server:
    """What the server does next, and what it was asked and has sent."""

    url: str = ""
    content: bytes = CONTENT
    cut_after: list[int] = field(default_factory=list)
    """Bytes after which each of the next answers breaks off."""
    ranges: bool = True
    status: int = 200
    drip: str = ""
    """``headers`` or ``body``: send this byte by byte."""
    encoding: str = ""
    endless: bool = False
    asked: list[str | None] = field(default_factory=list)
    """The ``Range`` of every request."""
    sent: list[int] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)


@pytest.fixture
def server() -> Iterator[Server]:
    state = Server()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            wanted = self.headers.get("Range")
            state.asked.append(wanted)
            if state.status != 200:
                self.send_error(state.status)
                return
            start = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted and state.ranges else 0
            if start >= len(state.content):
                self.send_response(416)
                self.send_header("Content-Range", f"bytes */{len(state.content)}")
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            if state.drip == "headers":
                self.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
                self._drip()
                return
            rest = state.content[start:]
            self.send_response(206 if start else 200)
            if start:
                self.send_header("Content-Range", f"bytes {start}-{len(state.content) - 1}/{len(state.content)}")
            if not state.endless:
                self.send_header("Content-Length", str(len(rest)))
            if state.encoding:
                self.send_header("Content-Encoding", state.encoding)
            self.end_headers()
            if state.drip or state.endless:
                self._drip()
                return
            cut = state.cut_after.pop(0) if state.cut_after else len(rest)
            self.wfile.write(rest[:cut])
            state.sent.append(min(cut, len(rest)))
            self.close_connection = True

        def _drip(self) -> None:
            with suppress(OSError):
                while not state.over.wait(0 if state.endless else 0.05):
                    self.wfile.write(state.content if state.endless else b"x")

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        state.url = f"http://127.0.0.1:{http.server_port}/net.pt"
        threading.Thread(target=http.serve_forever, daemon=True).start()
        yield state
        state.over.set()
        http.shutdown()


@pytest.fixture
def file(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModelFile:
    monkeypatch.setenv("UNMASK_BENCHMARK_MODELS", str(tmp_path / "models"))
    return ModelFile("some-net", "net.pt", server.url, DIGEST, 2)


def test_a_whole_download(file: ModelFile, server: Server, capfd: pytest.CaptureFixture[str]) -> None:
    assert located(file) is None
    path = fetched(file, progress=Progress())
    assert path == models_folder() / "net.pt" == located(file)
    assert path.read_bytes() == CONTENT
    assert server.asked == [None]
    assert "net.pt: 2.05MB in " in capfd.readouterr().err
    assert fetched(file, progress=QUIET) == path
    assert len(server.asked) == 1, "what is here is not downloaded again"


def test_a_download_that_was_cut_off_goes_on_where_it_stopped(
    file: ModelFile, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resumable_download, "_ATTEMPTS", 1)
    server.cut_after = [40 * CHUNK + 1]
    with pytest.raises(PluginError) as caught:
        fetched(file, progress=QUIET)
    message = str(caught.value)
    assert f"after {40 * CHUNK:,} bytes" in message and "the next attempt continues" in message and "\n" not in message
    assert not file.path.exists() and located(file) is None
    assert fetched(file, progress=QUIET).read_bytes() == CONTENT
    assert server.asked == [None, f"bytes={40 * CHUNK}-"]
    assert server.sent == [40 * CHUNK + 1, len(CONTENT) - 40 * CHUNK], "only the rest was sent"
    assert [found.name for found in models_folder().glob("*.part")] == []


def test_one_call_takes_a_broken_connection_up_again(file: ModelFile, server: Server) -> None:
    server.cut_after = [CHUNK, 2 * CHUNK]
    assert fetched(file, progress=QUIET).read_bytes() == CONTENT
    assert server.asked == [None, f"bytes={CHUNK}-", f"bytes={3 * CHUNK}-"]


def test_a_server_that_breaks_off_at_once_is_not_asked_for_ever(file: ModelFile, server: Server) -> None:
    server.cut_after = [CHUNK, 0, 0, 0, 0]
    with pytest.raises(PluginError, match="the connection ended after 16,384 bytes"):
        fetched(file, progress=QUIET)
    assert len(server.asked) == 2


def test_a_server_that_ignores_ranges(file: ModelFile, server: Server) -> None:
    server.cut_after = [5 * CHUNK]
    server.ranges = False
    assert fetched(file, progress=QUIET).read_bytes() == CONTENT
    assert server.asked == [None, f"bytes={5 * CHUNK}-"]
    assert server.sent == [5 * CHUNK, len(CONTENT)]


def test_a_download_that_only_lacked_its_name(file: ModelFile, server: Server) -> None:
    models_folder().mkdir()
    (models_folder() / "net.pt.part").write_bytes(CONTENT)
    assert fetched(file, progress=QUIET).read_bytes() == CONTENT
    assert server.sent == []


def test_the_rest_of_another_file_is_dropped(file: ModelFile, server: Server) -> None:
    models_folder().mkdir()
    part = models_folder() / "net.pt.part"
    part.write_bytes(CONTENT + b"more")
    with pytest.raises(PluginError, match="was deleted; try again"):
        fetched(file, progress=QUIET)
    assert not part.exists()
    assert fetched(file, progress=QUIET).read_bytes() == CONTENT


@pytest.mark.parametrize("part", ["headers", "body"])
def test_a_server_that_drips_is_not_waited_for(
    part: str, file: ModelFile, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resumable_download, "_SECONDS_FOR_HEADERS", 1.0 if part == "headers" else 60.0)
    monkeypatch.setattr(resumable_download, "_SECONDS_OF_SILENCE", 1.0)
    server.drip = part
    with pytest.raises(PluginError, match="the server is too slow"):
        fetched(file, progress=QUIET)


def test_a_download_below_the_slowest_rate_is_ended_and_kept(
    file: ModelFile, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(resumable_download, "_SECONDS_BETWEEN_RATES", 0.0)
        patch.setattr(resumable_download, "_SLOWEST", 10**15)
        with pytest.raises(PluginError, match=r"too slow; 16,384 bytes are kept"):
            fetched(file, progress=QUIET)
    assert fetched(file, progress=QUIET).read_bytes() == CONTENT
    assert server.asked == [None, f"bytes={CHUNK}-"]


def test_a_download_ends_when_its_time_is_over(
    file: ModelFile, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resumable_download, "_SECONDS_IN_ALL", -1.0)
    with pytest.raises(PluginError, match="it took longer than"):
        fetched(file, progress=QUIET)


def test_an_endless_body_is_cut_off_at_what_the_file_can_have(file: ModelFile, server: Server) -> None:
    server.endless = True
    with pytest.raises(PluginError, match=f"more than the {file.max_bytes:,} bytes that the file can have"):
        fetched(file, progress=QUIET)
    assert not list(models_folder().glob("*.part"))


def test_a_length_that_the_file_cannot_have_is_refused(file: ModelFile, server: Server) -> None:
    with pytest.raises(PluginError, match="bytes that the file can have"):
        fetched(replace(file, megabytes=0.0001), progress=QUIET)
    assert not list(models_folder().glob("*.part"))


def test_a_compressed_body_is_refused(file: ModelFile, server: Server) -> None:
    server.encoding = "gzip"
    with pytest.raises(PluginError, match="compressed"):
        fetched(file, progress=QUIET)


@pytest.mark.parametrize("stored", [b"", b"other bytes at first"])
def test_a_wrong_checksum_leaves_nothing(file: ModelFile, server: Server, stored: bytes) -> None:
    server.content = CONTENT[:-1] + b"?"
    if stored:
        models_folder().mkdir()
        (models_folder() / "net.pt.part").write_bytes(stored)
    with pytest.raises(PluginError) as caught:
        fetched(file, progress=QUIET)
    message = str(caught.value)
    assert server.url in message and DIGEST[:12] in message and "--weights some-net=" in message
    assert str(file.path) in message and "\n" not in message
    assert [found.name for found in models_folder().iterdir() if not found.name.endswith(".lock")] == []


def test_a_kill_at_any_moment_leaves_no_file_that_nobody_removes(file: ModelFile, server: Server) -> None:
    seen: set[str] = set()

    def look(_: Path) -> None:
        seen.update(found.name for found in models_folder().iterdir())

    path = fetched(replace(file, sha256=""), progress=QUIET, accept=look)
    assert seen == {"net.pt.part", "net.pt.lock"}, "a process that dies here leaves these"
    assert path.read_bytes() == CONTENT


def test_404(file: ModelFile, server: Server) -> None:
    server.status = 404
    with pytest.raises(PluginError, match=r"net\.pt could not be downloaded \(the server answered 404 Not Found\)"):
        fetched(file, progress=QUIET)
    assert not file.path.exists()


def test_no_server(file: ModelFile) -> None:
    with pytest.raises(PluginError) as caught:
        fetched(replace(file, url="http://127.0.0.1:9/net.pt"), progress=QUIET)
    message = str(caught.value)
    assert "http://127.0.0.1:9/net.pt could not be downloaded (no connection to the server)" in message
    assert f"put it at {file.path} or name it with --weights some-net=net.pt" in message
    assert "\n" not in message


def test_two_at_once_download_it_once(file: ModelFile, server: Server) -> None:
    with ThreadPoolExecutor(4) as pool:
        paths = list(pool.map(lambda _: fetched(file, progress=QUIET), range(4)))
    assert set(paths) == {file.path}
    assert server.asked == [None]


def test_a_full_disk_is_named(file: ModelFile, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(resumable_download, "_store", full)
    with pytest.raises(
        StorageError, match=r"No space left on device\): free some space, or .* UNMASK_BENCHMARK_MODELS"
    ):
        fetched(file, progress=QUIET)


def test_a_folder_that_cannot_be_made_is_named(file: ModelFile, tmp_path: Path) -> None:
    (tmp_path / "models").write_text("in the way")
    with pytest.raises(StorageError, match="check the folder's permissions"):
        fetched(file, progress=QUIET)


def test_a_damaged_file_is_refused_and_fetched_anew(file: ModelFile) -> None:
    fetched(file, progress=QUIET).write_bytes(b"half")
    with pytest.raises(PluginError, match=r"is damaged .* python run_benchmark\.py fetch some-net"):
        located(file)
    assert fetched(file, progress=QUIET).read_bytes() == CONTENT


def test_a_named_file_is_taken_and_nothing_is_asked(file: ModelFile, server: Server, tmp_path: Path) -> None:
    given = tmp_path / "mine.pt"
    with pytest.raises(RequestError, match=r"--weights some-net=.*mine\.pt: no such file"):
        located(file, given)
    given.write_bytes(CONTENT)
    assert located(file, given) == given == fetched(file, given, progress=QUIET)
    given.write_bytes(b"something else")
    with pytest.raises(RequestError, match=r"not the file that was published .* 14 bytes"):
        located(file, given)
    assert server.asked == []


def test_without_a_published_digest_the_first_that_fits_is_remembered(file: ModelFile, server: Server) -> None:
    unknown = replace(file, sha256="")
    looked_at: list[bytes] = []
    path = fetched(unknown, progress=QUIET, accept=lambda found: looked_at.append(found.read_bytes()))
    assert looked_at == [CONTENT]
    assert path.with_name("net.pt.sha256").read_text().strip() == DIGEST
    path.write_bytes(b"changed since")
    with pytest.raises(PluginError, match="is damaged or another file"):
        located(unknown)
    server.content = b"the server's file has changed, too"
    with pytest.raises(PluginError, match="is not the file that 'some-net' expects"):
        fetched(unknown, progress=QUIET)
    server.content = CONTENT
    assert fetched(unknown, progress=QUIET).read_bytes() == CONTENT


def test_without_a_published_digest_one_that_does_not_fit_is_refused(file: ModelFile) -> None:
    def refuse(_: Path) -> None:
        raise PluginError("conv1 is missing")

    unknown = replace(file, sha256="")
    with pytest.raises(PluginError, match=r"is not the file that 'some-net' expects \(conv1 is missing\)"):
        fetched(unknown, progress=QUIET, accept=refuse)
    assert located(unknown) is None
    assert [found.name for found in models_folder().iterdir() if not found.name.endswith(".lock")] == []


def test_what_cannot_be_downloaded_says_how_it_is_named(file: ModelFile) -> None:
    by_file_only = replace(file, url="")
    assert by_file_only.how_to_get == "its weights are not here: name the file with --weights some-net=net.pt"
    with pytest.raises(PluginError, match="name the file with"):
        fetched(by_file_only, progress=QUIET)
