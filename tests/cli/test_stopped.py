"""What the command line says after Ctrl-C: only a subcommand that continues its work promises to."""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path
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


def test_ctrl_c_waits_until_pytorch_is_imported(tmp_path: Path) -> None:
    (tmp_path / "torch.py").write_text(
        "import os, signal\nos.kill(os.getpid(), signal.SIGINT)\nfor _ in range(1000): pass\nprint('whole')\n", "utf-8"
    )
    program = (
        "import signal, sys\nfrom benchmark.held_signals import import_torch_whole\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job would ignore it\n"
        "import_torch_whole()\nsys.path.insert(0, sys.argv[1])\n"
        "try:\n    import torch\nexcept KeyboardInterrupt:\n    print('stopped')"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path)], capture_output=True, encoding="utf-8", timeout=60, check=True
    )
    assert done.stdout.split() == ["whole", "stopped"]
