"""Downloads weights that are a separate file, and checks that they are the published ones."""

from __future__ import annotations

import errno
import logging
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pooch
from filelock import FileLock

from benchmark.errors import BenchmarkError, PluginError, StorageError
from benchmark.model_files import FOLDER_VARIABLE, ModelFile, checked_given, expected_sha256, located, remember
from benchmark.progress import Progress
from benchmark.resumable_download import DownloadFailed, download

pooch.get_logger().setLevel(logging.WARNING)  # we show a bar instead of its lines


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
        return checked_given(file, given)
    path = file.path
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(path.with_name(path.name + ".lock")):  # of two processes, one downloads and the other finds it
            if not _is_whole(file):
                _download(file, progress, accept)
            remember(file)
    except OSError as error:
        remedy = "free some space" if error.errno == errno.ENOSPC else "check the folder's permissions"
        raise StorageError(
            f"{path} could not be written ({error.strerror or error}): {remedy}, or name another folder with "
            f"{FOLDER_VARIABLE}=DIR"
        ) from error
    return path


def _is_whole(file: ModelFile) -> bool:
    try:
        return located(file) is not None
    except PluginError:
        return False


def _download(file: ModelFile, progress: Progress, accept: Callable[[Path], None] | None) -> None:
    expected = expected_sha256(file)
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
    download(url, part, most=file.max_bytes, description=file.file_name, progress=progress)
    try:
        if accept is not None:
            accept(part)
    except BenchmarkError:
        part.unlink()
        raise
    part.replace(target)
