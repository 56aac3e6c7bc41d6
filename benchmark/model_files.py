"""Weights that are a file of their own: where they lie on this machine, and how they get there."""

from __future__ import annotations

import errno
import hashlib
import logging
import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path

import pooch
from filelock import FileLock

from benchmark.errors import BenchmarkError, PluginError, RequestError, StorageError
from benchmark.progress import Progress
from benchmark.resumable_download import DownloadFailed, download
from benchmark.storage.atomic_files import write_atomically

pooch.get_logger().setLevel(logging.WARNING)  # we show a bar instead of its lines

FOLDER_VARIABLE = "UNMASK_BENCHMARK_MODELS"


@dataclass(frozen=True)
class ModelFile:
    """One file of weights that somebody publishes.

    Attributes:
        plugin: the recogniser or detector that it belongs to; ``--weights PLUGIN=FILE`` and ``fetch PLUGIN`` name it.
        file_name: under which it is kept here.
        url: where it can be downloaded; empty if it cannot.
        sha256: as published; empty if nobody published one. Then the first download that fits the plugin is trusted,
            and remembered: a file that differs from it later is refused.
        megabytes: about how large it is.
    """

    plugin: str
    file_name: str
    url: str = ""
    sha256: str = ""
    megabytes: float = 0

    @property
    def size(self) -> str:
        """``"112 MB"``."""
        return f"{self.megabytes:.0f} MB" if self.megabytes >= 1 else f"{self.megabytes:.1f} MB"

    @property
    def path(self) -> Path:
        """Where it lies once downloaded."""
        return models_folder() / self.file_name

    @property
    def how_to_get(self) -> str:
        """One line for who lacks it."""
        by_hand = f"name the file with --weights {self.plugin}={self.file_name}"
        if not self.url:
            return f"its weights are not here: {by_hand}"
        fetch = f"python run_benchmark.py fetch {self.plugin}"
        return f"its weights are not here: {fetch} ({self.size}), or {by_hand}"


def models_folder() -> Path:
    """Where downloads are kept: ``$UNMASK_BENCHMARK_MODELS``, or the user's cache folder."""
    chosen = os.environ.get(FOLDER_VARIABLE)
    return Path(chosen).expanduser() if chosen else Path(pooch.os_cache("unmask-benchmark"))


def sha256_of(path: Path) -> str:
    """Digest of a file, hexadecimal; a file that has not changed is read once in a process.

    Raises:
        StorageError: it cannot be read.
    """
    try:
        state = path.stat()
        return _digest(path, state.st_mtime_ns, state.st_size)
    except OSError as error:
        raise StorageError(
            f"{path} cannot be read ({error.strerror}); look at the file's rights, or copy it"
        ) from error


@lru_cache(maxsize=32)
def _digest(path: Path, _changed: int, _size: int) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def located(file: ModelFile, given: Path | None = None) -> Path | None:
    """Where the weights are: the file that the user named, or the one downloaded before; None where neither is.

    Raises:
        RequestError: the named file is missing, or not the one that was published.
        PluginError: what was downloaded has changed since, or is another file.
    """
    if given is not None:
        return _checked_given(file, given)
    if not file.path.is_file():
        return None
    expected = _expected_sha256(file)
    found = sha256_of(file.path)
    if expected and found != expected:
        raise PluginError(
            f"{file.path} is damaged or another file (SHA-256 {found[:12]}…, expected {expected[:12]}…): "
            f"python run_benchmark.py fetch {file.plugin} downloads it again"
        )
    return file.path


def fetched(
    file: ModelFile,
    given: Path | None = None,
    *,
    progress: Progress,
    accept: Callable[[Path], None] | None = None,
) -> Path:
    """Where the weights are, downloaded now if they are not here; a download that was cut off continues.

    Args:
        file: the weights.
        given: the file that the user named: nothing is downloaded then.
        progress: shows how far the download is.
        accept: looks into a download whose digest nobody published, and raises `PluginError` if it is not wanted.

    Raises:
        RequestError: the named file is missing or another one.
        PluginError: the download failed or brought something else; the message says how to do it by hand.
        StorageError: it cannot be stored.
    """
    if given is not None:
        return _checked_given(file, given)
    path = file.path
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(path.with_name(path.name + ".lock")):  # of two processes, one downloads and the other finds it
            if not _is_whole(file):
                _download(file, progress, accept)
            remember(file)
    except OSError as error:
        mend = "free some space" if error.errno == errno.ENOSPC else "look at the folder's rights"
        raise StorageError(
            f"{path} could not be written ({error.strerror or error}): {mend}, or name another folder with "
            f"{FOLDER_VARIABLE}=DIR"
        ) from error
    return path


def remember(file: ModelFile) -> None:
    """Keep the digest of a download that works, if nobody published one."""
    if not file.sha256 and not _memory(file).exists():
        write_atomically(_memory(file), f"{sha256_of(file.path)}\n".encode())


def _checked_given(file: ModelFile, given: Path) -> Path:
    if not given.is_file():
        raise RequestError(f"--weights {file.plugin}={given}: no such file")
    if file.sha256:
        found = sha256_of(given)
        if found != file.sha256:
            raise RequestError(
                f"--weights {file.plugin}={given}: not the file that was published (SHA-256 {found[:12]}…, expected "
                f"{file.sha256[:12]}…, {given.stat().st_size} bytes); weights of your own enter as onnx:FILE or "
                "MODULE:ATTR"
            )
    return given


def _expected_sha256(file: ModelFile) -> str:
    if file.sha256 or not _memory(file).is_file():
        return file.sha256
    return _memory(file).read_text("ascii", errors="replace").strip()


def _memory(file: ModelFile) -> Path:
    return file.path.with_name(file.file_name + ".sha256")


def _is_whole(file: ModelFile) -> bool:
    try:
        return located(file) is not None
    except PluginError:
        return False


def _download(file: ModelFile, progress: Progress, accept: Callable[[Path], None] | None) -> None:
    expected = _expected_sha256(file)
    by_hand = (
        f"download it where there is a network, and put it at {file.path} or name it with --weights "
        f"{file.plugin}={file.file_name}"
    )
    if not file.url:
        raise PluginError(file.how_to_get)
    try:
        pooch.retrieve(
            file.url,
            known_hash=expected or None,
            fname=file.file_name,
            path=file.path.parent,
            downloader=partial(_into, file=file, progress=progress, accept=None if expected else accept),
        )
    except DownloadFailed as error:
        raise PluginError(f"{file.url} could not be downloaded ({error}); {by_hand}") from error
    except ValueError as error:  # how pooch tells of another digest
        raise PluginError(
            f"{file.url} is not the file that '{file.plugin}' expects (SHA-256 is not {expected[:12]}…); try again, or "
            f"{by_hand}"
        ) from error
    except PluginError as error:
        raise PluginError(f"{file.url} is not the file that '{file.plugin}' expects ({error}); {by_hand}") from error


def _into(
    url: str,
    target: str,
    _: object,
    *,
    file: ModelFile,
    progress: Progress,
    accept: Callable[[Path], None] | None,
) -> None:
    """What pooch calls to download: ours continues where an earlier attempt was cut off."""
    part = file.path.with_name(file.file_name + ".part")
    download(url, part, description=file.file_name, progress=progress)
    try:
        if accept is not None:
            accept(part)
    except BenchmarkError:
        part.unlink()
        raise
    part.replace(target)
