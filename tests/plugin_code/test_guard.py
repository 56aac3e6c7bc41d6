"""Whatever a plugin raises is one line, and only the user's Ctrl-C ends the program."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from benchmark.errors import ImageRefused, PluginError, RequestError, Terminated
from benchmark.plugin_code.guard import plugin_code
from benchmark.plugin_code.importer import load_file


@pytest.mark.parametrize(
    ("raised", "message"),
    [
        (ValueError("two\nlines"), "grey failed: ValueError: two lines"),
        (KeyError(), r"grey failed: KeyError"),
        (SystemExit(), "grey failed: it raised SystemExit to end the program"),
        (SystemExit(0), "grey failed: it raised SystemExit"),
        (KeyboardInterrupt(), "grey failed: it raised KeyboardInterrupt"),
        (MemoryError(), "grey failed: MemoryError"),
    ],
)
def test_what_a_plugin_raises_is_one_line(raised: BaseException, message: str) -> None:
    with pytest.raises(PluginError, match=message) as caught, plugin_code("grey failed"):
        raise raised
    assert "\n" not in str(caught.value)


def test_the_line_of_the_plugins_own_code_is_named(tmp_path: Path) -> None:
    file = tmp_path / "method.py"
    file.write_text("import json\n\ndef call():\n    json.loads('{')\n")
    module = load_file(file)
    with pytest.raises(RequestError, match=rf"\({file}, line 4\)"), plugin_code("it failed", error=RequestError):
        module.call()


def test_errors_of_this_project_pass() -> None:
    with pytest.raises(ImageRefused, match="no face"), plugin_code("it failed"):
        raise ImageRefused("no face")


def test_a_real_ctrl_c_passes() -> None:
    # tests that were started in the background are handed a SIGINT that is ignored
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt), plugin_code("it failed"):
            os.kill(os.getpid(), signal.SIGINT)
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    finally:
        signal.signal(signal.SIGINT, before)


def test_in_a_worker_process_nothing_is_a_ctrl_c() -> None:
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with pytest.raises(PluginError, match="KeyboardInterrupt"), plugin_code("it failed"):
            raise KeyboardInterrupt
    finally:
        signal.signal(signal.SIGINT, before)


def test_sigterm_while_a_plugin_works_ends_the_program() -> None:
    with pytest.raises(Terminated), plugin_code("it failed"):
        raise Terminated
