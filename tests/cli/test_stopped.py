"""What the command line says after Ctrl-C: only a subcommand that continues its work promises to."""

from __future__ import annotations

import argparse
from types import SimpleNamespace

import pytest

from benchmark.cli import main as command_line


@pytest.mark.parametrize(("name", "continues"), [("run", True), ("train", True), ("compare", False), ("export", False)])
def test_only_what_keeps_its_work_says_so_when_stopped(
    name: str, continues: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def stopped(_: argparse.Namespace) -> int:
        raise KeyboardInterrupt

    module = SimpleNamespace(__doc__="", add_arguments=lambda parser: None, execute=stopped)
    monkeypatch.setattr(command_line, "subcommand", lambda _: module)
    assert command_line.main([name]) == command_line.INTERRUPTED
    said = capsys.readouterr().err
    assert said.startswith("\nstopped") and ("finished work is kept" in said) is continues
