"""Runs code of plugins so that any failure becomes one line and ends only the plugin's own work."""

from __future__ import annotations

import logging
import signal
import threading
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from benchmark.errors import BenchmarkError, PluginError, Terminated
from benchmark.plugin_code.imported_files import is_installed, is_own

log = logging.getLogger(__name__)


@contextmanager
def plugin_code(doing: str, *, error: type[BenchmarkError] = PluginError) -> Iterator[None]:
    """Turn what a plugin raises in the ``with`` block into an error of this project.

    Errors of this project pass as they are, and so does a Ctrl-C of the user. `SystemExit` (``quit()``) does not, nor a
    `KeyboardInterrupt` that no signal caused: with those a plugin would end the whole program, and with status 0.

    Args:
        doing: the beginning of the message: ``"method 'grey' failed in restore()"``.
        error: what to raise.
    """
    with _watched_for_ctrl_c() as received:
        try:
            yield
        except BenchmarkError:
            raise
        except (SystemExit, KeyboardInterrupt) as stop:
            if isinstance(stop, Terminated) or (isinstance(stop, KeyboardInterrupt) and (received is None or received)):
                raise
            log.info("%s", doing, exc_info=True)
            raise error(
                f"{doing}: it raised {type(stop).__name__} to end the program{_where(stop)}; a plugin must raise an "
                "ordinary exception instead"
            ) from stop
        except Exception as failure:
            log.info("%s", doing, exc_info=True)
            raise error(f"{doing}: {one_line(failure)}{_where(failure)}") from failure


def one_line(error: BaseException) -> str:
    """Type and message, 300 characters of it at the most."""
    return f"{type(error).__name__}: {' '.join(str(error).split())[:300]}".rstrip(": ")


def _where(error: BaseException) -> str:
    """The innermost line of the plugin's own code, which its author looks for first."""
    for frame, line in reversed(list(traceback.walk_tb(error.__traceback__))):
        file = frame.f_code.co_filename
        name = frame.f_globals.get("__name__", "")
        if not (is_own(name) or name == "contextlib" or file.startswith("<") or is_installed(Path(file))):
            return f" ({file}, line {line})"
    return ""


@contextmanager
def _watched_for_ctrl_c() -> Iterator[list[int] | None]:
    """A list that is filled when Ctrl-C arrives; None where it cannot be told (another thread, another handler)."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # a worker process, which leaves Ctrl-C to its parent
        yield []
        return
    if (
        threading.current_thread() is not threading.main_thread()
        or signal.getsignal(signal.SIGINT) is not signal.default_int_handler
    ):
        yield None
        return
    received: list[int] = []

    def handler(number: int, frame: FrameType | None) -> None:
        received.append(number)
        signal.default_int_handler(number, frame)

    signal.signal(signal.SIGINT, handler)
    try:
        yield received
    finally:
        if signal.getsignal(signal.SIGINT) is handler:
            signal.signal(signal.SIGINT, signal.default_int_handler)
