"""Weights that are a separate file: where they are on this machine, and whether they are the published ones."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import platformdirs

from benchmark.cards import AVAILABLE, Availability, missing_package
from benchmark.errors import BenchmarkError, PluginError, RequestError, StorageError
from benchmark.storage.atomic_files import write_atomically

_LARGEST = 4 * 2**30
"""Bytes of a file of unknown size."""
FOLDER_VARIABLE = "UNMASK_BENCHMARK_MODELS"


@dataclass(frozen=True)
class ModelFile:
    """One file of weights that somebody publishes.

    Attributes:
        plugin: the recogniser or detector that it belongs to; ``--weights PLUGIN=FILE`` and ``fetch PLUGIN`` name it.
        file_name: under which it is kept here.
        url: where it can be downloaded; empty if it cannot.
        sha256: as published, and verified by whoever wrote this; empty otherwise. Then the first download that fits the
            plugin is trusted, and remembered: a file that differs from it later is refused.
        megabytes: about how large the download is.
        stated_sha256: as others state it, which nobody here could verify: a download that differs is used all the same,
            with a warning.
        member: where `url` is a zip archive, the file in it that is wanted.
    """

    plugin: str
    file_name: str
    url: str = ""
    sha256: str = ""
    megabytes: float = 0
    stated_sha256: str = ""
    member: str = ""

    @property
    def size(self) -> str:
        """``"112 MB"``."""
        return f"{self.megabytes:.0f} MB" if self.megabytes >= 1 else f"{self.megabytes:.1f} MB"

    @property
    def max_bytes(self) -> int:
        """More than it can have: a tenth and a megabyte above `megabytes`, which is rounded."""
        return int(self.megabytes * 1.1e6) + 1_000_000 if self.megabytes else _LARGEST

    @property
    def path(self) -> Path:
        """Where it is once downloaded."""
        return models_folder() / self.file_name

    @property
    def how_to_get(self) -> str:
        """One line for who lacks it."""
        by_hand = f"name the file with --weights {self.plugin}={self.file_name}"
        if not self.url:
            return f"its weights are not here: {by_hand}"
        fetch = f"python run_benchmark.py fetch {self.plugin}"
        return f"its weights are not here: {fetch} ({self.size}{self.unverified}), or {by_hand}"

    @property
    def unverified(self) -> str:
        """What must be said of a download whose digest is not known for sure; empty if it is."""
        return "" if self.sha256 or not self.url else "; its SHA-256 is not verified"


def models_folder() -> Path:
    """Where downloads are kept: ``$UNMASK_BENCHMARK_MODELS``, or the user's cache folder."""
    chosen = os.environ.get(FOLDER_VARIABLE)
    return Path(chosen).expanduser() if chosen else platformdirs.user_cache_path("unmask-benchmark")


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
            f"{path} cannot be read ({error.strerror}); check the file's permissions, or copy it"
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
        return checked_given(file, given)
    if not file.path.is_file():
        return None
    expected = expected_sha256(file)
    found = sha256_of(file.path)
    if expected and found != expected:
        raise PluginError(
            f"{file.path} is damaged or another file (SHA-256 {found[:12]}…, expected {expected[:12]}…): "
            f"python run_benchmark.py fetch {file.plugin} downloads it again"
        )
    return file.path


def available_with_file(needs: Mapping[str, str], file: ModelFile | None, given: Path | None = None) -> Availability:
    """Whether packages and weights are here; nothing is downloaded.

    Args:
        needs: packages, see `benchmark.cards.missing_package`.
        file: the weights; None where they travel with a package.
        given: the file that the user named.
    """
    missing = missing_package(needs)
    if missing:
        return Availability(False, missing)
    if file is None:
        return AVAILABLE if given is None else Availability(False, "it takes no file; leave --weights out")
    try:
        found = located(file, given)
    except BenchmarkError as error:
        return Availability(False, str(error))
    return AVAILABLE if found else Availability(False, file.how_to_get)


def remember(file: ModelFile) -> None:
    """Keep the digest of a download that works, if nobody published one."""
    if not file.sha256 and not _memory(file).exists():
        write_atomically(_memory(file), f"{sha256_of(file.path)}\n".encode())


def checked_given(file: ModelFile, given: Path) -> Path:
    """The file that the user named.

    Raises:
        RequestError: it is missing, or not the one that was published.
    """
    if not given.is_file():
        raise RequestError(f"--weights {file.plugin}={given}: no such file")
    if file.sha256:
        found = sha256_of(given)
        if found != file.sha256:
            raise RequestError(
                f"--weights {file.plugin}={given}: not the file that was published (SHA-256 {found[:12]}…, expected "
                f"{file.sha256[:12]}…, {given.stat().st_size} bytes); use your own weights as onnx:FILE or "
                "MODULE:ATTR"
            )
    return given


def expected_sha256(file: ModelFile) -> str:
    """As published, or as remembered of the first download; empty if neither is known."""
    if file.sha256 or not _memory(file).is_file():
        return file.sha256
    return _memory(file).read_text("ascii", errors="replace").strip()


def _memory(file: ModelFile) -> Path:
    return file.path.with_name(file.file_name + ".sha256")
