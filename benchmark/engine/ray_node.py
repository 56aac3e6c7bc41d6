"""What runs on the machines of a Ray cluster: the same functions as on one machine, kept loaded between tasks."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import socket
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ray

from benchmark.errors import BenchmarkError, StorageError
from benchmark.plugin_code.guard import one_line
from benchmark.plugin_code.source_digest import source_digest

_DECIDE_ARITHMETIC = ("numpy", "scipy", "torch", "opencv-python-headless", "dlib-bin", "pillow", "facenet-pytorch")


@dataclass(frozen=True)
class Surroundings:
    """What a machine must see to work for a run.

    Attributes:
        folder: the working folder of the run: relative paths begin there.
        paths: flag → path that must exist.
        token: a file in the cache, and what it holds.
    """

    folder: str
    paths: Mapping[str, str]
    token: tuple[str, str]


@dataclass(frozen=True)
class SentFunction:
    """A function that was packed once, and put into the object store of the cluster.

    Attributes:
        digest: of its bytes; a process that has loaded it does not fetch it again.
        folder: working folder of the run.
        threads: of libraries in a task.
    """

    digest: str
    folder: str
    threads: int


@dataclass(frozen=True)
class Made:
    """What a task made, and where."""

    results: Sequence[Any]
    seconds: float


@dataclass(frozen=True)
class Failed:
    """Why a task failed: an error that every machine would meet."""

    error: BaseException


def software() -> dict[str, str]:
    """What must be the same on all machines, by name: versions, this package's code, native arithmetic."""
    from benchmark.machine.native_precision import native_precision  # noqa: PLC0415  # PyTorch

    found = {
        "Python": platform.python_version(),
        "unmask-benchmark's code": source_digest(Path(__file__).resolve().parents[1]),
    }
    for name in _DECIDE_ARITHMETIC:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            found[name] = "not installed"
    return {**found, "native precision": native_precision("auto", "cpu")}


def facts_of_node(surroundings: Surroundings) -> dict[str, Any]:
    """What a machine has and sees: ``host``, ``software``, and ``unseen``: flag → path that is not there."""
    with suppress(OSError):
        os.chdir(surroundings.folder)
    unseen = {flag: path for flag, path in surroundings.paths.items() if not Path(path).exists()}
    file, content = surroundings.token
    try:
        seen = Path(file).read_text("utf-8") == content
    except OSError:
        seen = False
    if not seen:
        unseen["--cache"] = str(Path(file).parent)
    return {"host": socket.gethostname(), "software": software(), "unseen": unseen}


def map_items(function: SentFunction, packed: Sequence[Any], items: Sequence[Any]) -> Made | Failed:
    """``[function(item) for item in items]``.

    Args:
        function: which one.
        packed: its reference in the object store, which is resolved only by a process that needs it.
        items: what it is called with.
    """
    return _made(function, packed, lambda loaded: [loaded(item) for item in items])


def make_rows(function: SentFunction, packed: Sequence[Any], rows: list[int]) -> Made | Failed:
    """What ``function(rows, commit)`` commits: row, values and record of each, in this order."""

    def call(loaded: Callable[..., None]) -> list[Any]:
        committed: list[Any] = []
        loaded(rows, lambda row, values, record: committed.append((row, dict(values), dict(record))))
        return committed

    return _made(function, packed, call)


def _made(
    function: SentFunction, packed: Sequence[Any], call: Callable[[Callable[..., Any]], list[Any]]
) -> Made | Failed:
    began = time.monotonic()
    try:
        return Made(call(_loaded(function, packed)), time.monotonic() - began)
    except MemoryError:
        return Failed(BenchmarkError(f"{socket.gethostname()} has not enough memory for the work"))
    except BenchmarkError as error:
        return Failed(error)
    except FileNotFoundError as error:
        return Failed(
            StorageError(f"{socket.gethostname()} does not see {error.filename}: mount it there at the same path")
        )
    except Exception as error:  # of whatever class: it may not exist where it is unpickled
        return Failed(BenchmarkError(f"a task on {socket.gethostname()} failed: {one_line(error)}"))


_kept: dict[str, Any] = {}
"""The function that this process loaded last: one, since models are large."""


def _loaded(function: SentFunction, packed: Sequence[Any]) -> Callable[..., Any]:
    if function.digest not in _kept:
        from benchmark.engine.sent_work import unpacked  # noqa: PLC0415  # only once a task needs it

        _kept.clear()
        with suppress(OSError):
            os.chdir(function.folder)
        _limit_threads(function.threads)
        _kept[function.digest] = unpacked(memoryview(ray.get(packed[0])))
        _limit_threads(function.threads)  # of the libraries that came with it
    loaded: Callable[..., Any] = _kept[function.digest]
    return loaded


def _limit_threads(threads: int) -> None:
    """As in the worker processes of one machine: the cluster counts a core for a thread."""
    import cv2  # noqa: PLC0415
    import torch  # noqa: PLC0415
    from threadpoolctl import threadpool_limits  # noqa: PLC0415

    cv2.setNumThreads(threads)
    torch.set_num_threads(threads)
    threadpool_limits(threads)
