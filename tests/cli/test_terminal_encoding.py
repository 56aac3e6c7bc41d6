"""Terminals of another code page: what they lack is spelled out, JSON stays JSON, and nothing ends in a traceback."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

import benchmark
from benchmark.cli import start

ENCODINGS = pytest.mark.parametrize("encoding", ["cp1252", "ascii"])


def shown(monkeypatch: pytest.MonkeyPatch, encoding: str, *arguments: str) -> tuple[int, bytes, bytes]:
    """Exit status, and what stdout and stderr were given."""
    streams = [io.TextIOWrapper(io.BytesIO(), encoding=encoding, errors="strict", write_through=True) for _ in "oe"]
    with monkeypatch.context() as patch:
        patch.setattr(sys, "stdout", streams[0])
        patch.setattr(sys, "stderr", streams[1])
        status = start.main(arguments)
    out, err = (stream.buffer.getvalue() for stream in streams)  # type: ignore[attr-defined]
    return status, out, err


@ENCODINGS
def test_lists_are_shown(encoding: str, monkeypatch: pytest.MonkeyPatch) -> None:
    status, out, _ = shown(monkeypatch, encoding, "list", "metrics")
    assert status == 0 and b"gfrr" in out


def test_json_stays_json(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plugin = tmp_path / "own_style.py"
    plugin.write_text(
        "from benchmark.masking.base import MaskStyle\n"
        "from benchmark.plugins import register_mask\n"
        '@register_mask("own-style")\n'
        "class Own(MaskStyle):\n    '''人 é 😀'''\n"
        "    def draw(self, photo, landmarks, rng): ...\n",
        "utf-8",
    )
    status, out, _ = shown(monkeypatch, "ascii", "list", "masks", "--json", "--plugin", str(plugin))
    listed = json.loads(out.decode("ascii"))["masks"]
    assert status == 0 and [row["summary"] for row in listed if row["name"] == "own-style"] == ["人 é 😀"]


@ENCODINGS
def test_folders_of_other_scripts_are_named(encoding: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    status, _, err = shown(monkeypatch, encoding, "compare", str(tmp_path / "人"), str(tmp_path / "山"))
    assert status == 2 and b"no such folder" in err and rb"\u4eba" in err
    answer = {"worse": [], "not_judged": "", "remarks": [], "sentence": "A \N{MINUS SIGN} B"}
    compared = SimpleNamespace(answer=answer, page=tmp_path / "人" / "compare.html")
    monkeypatch.setattr(benchmark, "compare_runs", lambda *_: compared, raising=False)
    status, out, _ = shown(monkeypatch, encoding, "compare", "a", "b")
    assert status == 0 and rb"A \u2212 B" in out and rb"\u4eba" in out
