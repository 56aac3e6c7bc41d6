"""Downloads weights that are a separate file, and checks that they are the published ones."""

from __future__ import annotations

import errno
import hashlib
import logging
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

from filelock import FileLock

from benchmark.downloads.resumable_download import DownloadFailed, download
from benchmark.errors import BenchmarkError, PluginError, StorageError
from benchmark.model_files import (
    FOLDER_VARIABLE,
    ModelFile,
    checked_given,
    expected_sha256,
    located,
    remember,
    sha256_of,
)
from benchmark.progress import Progress
from benchmark.storage.atomic_files import write_atomically

log = logging.getLogger(__name__)


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
    part = file.path.with_name(file.file_name + ".part")
    try:
        download(file.url, part, most=file.max_bytes, description=file.file_name, progress=progress)
        if file.member:
            _take_out(file.member, part, most=file.max_bytes)
        _check(part, expected, accept)
    except DownloadFailed as error:
        raise PluginError(f"{file.url} could not be downloaded ({error}); {by_hand}") from error
    except PluginError as error:
        raise PluginError(f"{file.url} is not the file that '{file.plugin}' expects ({error}); {by_hand}") from error
    part.replace(file.path)
    if file.stated_sha256 and not expected and sha256_of(file.path) != file.stated_sha256:
        log.warning(
            "%s has another SHA-256 (%s) than others state (%s…): it is used, since it fits the network",
            file.path,
            sha256_of(file.path),
            file.stated_sha256[:12],
        )


def _take_out(member: str, archive: Path, *, most: int) -> None:
    """Put the file `member`, of at most so many bytes, in the place of the zip archive that holds it."""
    try:
        with zipfile.ZipFile(archive) as whole, whole.open(member) as stream:
            content = stream.read(most + 1)
    except (zipfile.BadZipFile, KeyError, EOFError, zlib.error) as error:
        archive.unlink()
        raise PluginError(f"it is no zip archive with {member}; try again") from error
    if len(content) > most:
        archive.unlink()
        raise PluginError(f"its {member} is larger than it can be")
    write_atomically(archive, content)


def _check(part: Path, expected: str, accept: Callable[[Path], None] | None) -> None:
    """Refuse, and remove, what is not the published file.

    A download is never under another name than its own and ``.part``, so that a kill at any moment leaves no file
    that nobody removes, and a file that was whole is not downloaded twice.
    """
    try:
        if expected:
            with part.open("rb") as stream:
                found = hashlib.file_digest(stream, "sha256").hexdigest()
            if found != expected:
                raise PluginError(f"SHA-256 is not {expected[:12]}…; try again")
        elif accept is not None:
            accept(part)
    except BenchmarkError:
        part.unlink()
        raise
