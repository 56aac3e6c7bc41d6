"""Ctrl-C and SIGTERM held back while something must not be interrupted."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType

_HELD = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def signals_held_back(*, inherited: bool = False) -> Iterator[None]:
    """Let Ctrl-C and SIGTERM take effect at the end of this block.

    Args:
        inherited: whether Ctrl-C is blocked as well, for processes that are started here: one from the terminal, which
            is sent to all, does not reach them.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    arrived: list[int] = []
    handlers = {number: signal.getsignal(number) for number in _HELD}
    for one in _HELD:
        signal.signal(one, lambda number, _: arrived.append(number))
    blocks = inherited and hasattr(signal, "pthread_sigmask")
    blocked = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT}) if blocks else set()
    try:
        yield
    finally:
        if blocks:
            signal.pthread_sigmask(signal.SIG_SETMASK, blocked)
        for one, handler in handlers.items():
            signal.signal(one, handler)
    for number in arrived:
        signal.raise_signal(number)


def import_torch_whole() -> None:
    """From now on hold signals back while PyTorch is imported, wherever that is done.

    Its C++ code imports Python modules, and ends the process without a word of ours where these are interrupted.
    """
    if not any(isinstance(finder, _TorchFinder) for finder in sys.meta_path):
        sys.meta_path.insert(0, _TorchFinder())


class _TorchFinder(MetaPathFinder):
    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname != "torch":
            return None
        spec = PathFinder.find_spec(fullname, path, target)
        if spec is None or spec.loader is None:
            return spec
        execute = spec.loader.exec_module

        def execute_whole(module: ModuleType) -> None:
            with signals_held_back():
                execute(module)

        spec.loader.exec_module = execute_whole  # type: ignore[method-assign]
        return spec
