"""The subcommand `fetch`, and what `doctor` and `list` say of weights."""

from __future__ import annotations

import hashlib
import json
import re
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from benchmark.cli.main import main
from benchmark.model_files import ModelFile
from benchmark.plugins import RECOGNISERS
from benchmark.recognisers.base import Recogniser

WEIGHTS = b"weights " * 1000


class FetchedForTest(Recogniser):
    """A recogniser whose weights are a download."""

    def chip(self, image, face):  # type: ignore[no-untyped-def]
        return image

    def embed(self, chips):  # type: ignore[no-untyped-def]
        return chips.mean(axis=(1, 2))


@pytest.fixture(autouse=True)
def published(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where the weights end up; they are published on loopback."""
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "net.bin").write_bytes(WEIGHTS)
    monkeypatch.setattr(SimpleHTTPRequestHandler, "log_message", lambda *_: None)
    monkeypatch.setenv("UNMASK_BENCHMARK_MODELS", str(tmp_path / "models"))
    with ThreadingHTTPServer(
        ("127.0.0.1", 0), partial(SimpleHTTPRequestHandler, directory=str(tmp_path / "site"))
    ) as http:
        threading.Thread(target=http.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{http.server_port}/net.bin"
        file = ModelFile("fetched-for-test", "net.bin", url, hashlib.sha256(WEIGHTS).hexdigest(), 3)
        monkeypatch.setattr(FetchedForTest, "model_file", file)
        entries = {**RECOGNISERS._entries} if "face_recognition" in RECOGNISERS else {}
        monkeypatch.setattr(RECOGNISERS, "_entries", entries)
        RECOGNISERS.register("fetched-for-test")(FetchedForTest)
        yield tmp_path / "models" / "net.bin"
        http.shutdown()


def test_fetch_downloads_and_says_where(published: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["fetch"]) == 0
    assert re.search("^fetched-for-test +3 MB, http://127.0.0.1", capsys.readouterr().out, re.MULTILINE)
    assert main(["fetch", "fetched-for-test", "--quiet"]) == 0
    assert capsys.readouterr().out == f"fetched-for-test: {published}\n"
    assert published.read_bytes() == WEIGHTS
    assert main(["fetch"]) == 0
    assert f"here: {published}" in capsys.readouterr().out


def test_doctor_and_list_give_the_command(published: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list", "recognisers", "--json"]) == 0
    row = {row["name"]: row for row in json.loads(capsys.readouterr().out)["recognisers"]}["fetched-for-test"]
    assert row["available"] is False
    assert "python run_benchmark.py fetch fetched-for-test (3 MB)" in row["reason"]
    assert main(["fetch", "fetched-for-test", "--quiet"]) == 0
    capsys.readouterr()
    assert main(["doctor"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert any(line.startswith("ok       recogniser fetched-for-test") for line in lines)
    assert len(lines) < 50, "doctor fits one screen"
    published.write_bytes(b"half")
    assert main(["doctor"]) == 0  # the default run can do without
    assert "absent   recogniser fetched-for-test" in (out := capsys.readouterr().out)
    assert "is damaged or another file" in out


@pytest.mark.parametrize(
    ("name", "complaint"),
    [
        ("fetched-for-tset", "did you mean 'fetched-for-test'"),
        ("face_recognition", "has no weights to fetch"),
    ],
)
def test_a_wrong_name_stops_before_any_download(
    published: Path, capsys: pytest.CaptureFixture[str], name: str, complaint: str
) -> None:
    assert main(["fetch", "fetched-for-test", name, "--quiet"]) == 2
    assert complaint in capsys.readouterr().err
    assert not published.exists()
