"""Fetches LFW's funneled photos and list of pairs into scikit-learn's data folder, where other programs find them, too.

The addresses and digests are those that scikit-learn publishes (sklearn/datasets/_lfw.py). Its own download has no
limits: an endless or dripping answer would never end, and what is cut off while unpacking stays for ever.
"""

from __future__ import annotations

import hashlib
import logging
import shutil
import tarfile
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock

from benchmark.datasets.lfw_home import PAIR_LIST, PHOTO_ARCHIVE, PHOTO_FOLDER, downloaded_lfw, lfw_home
from benchmark.downloads.resumable_download import DownloadFailed, download
from benchmark.errors import RequestError
from benchmark.progress import Progress

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class RemoteFile:
    """One file of the data set.

    Attributes:
        name: of the file here.
        url: where it is.
        sha256: its digest.
        max_bytes: that it can have; somewhat more than it has.
    """

    name: str
    url: str
    sha256: str
    max_bytes: int


PHOTOS = RemoteFile(
    PHOTO_ARCHIVE,
    "https://ndownloader.figshare.com/files/5976015",
    "b47c8422c8cded889dc5a13418c4bc2abbda121092b3533a83306f90d900100a",
    260_000_000,
)
PAIRS = RemoteFile(
    PAIR_LIST,
    "https://ndownloader.figshare.com/files/5976006",
    "ea42330c62c92989f9d7c03237ed5d591365e89b3e649747777b70e692dc1592",
    160_000,
)
BY_HAND = (
    f"download {PHOTOS.name} ({PHOTOS.url}) and {PAIRS.name} ({PAIRS.url}) where there is a network, unpack both into "
    "one folder and name it with --data-root"
)


def download_lfw() -> Path:
    """The same folder, downloaded now (about 240 MB) if it is not here; a download that was cut off continues.

    Raises:
        RequestError: the download failed or cannot be stored; the message says how to do it by hand.
    """
    found = downloaded_lfw()
    if found is not None:
        return found
    home = lfw_home()
    try:
        home.mkdir(parents=True, exist_ok=True)
        with FileLock(home / ".unmask-benchmark.lock"):  # of two runs, one downloads and the other finds it
            if downloaded_lfw() is None:
                log.info("downloading Labeled Faces in the Wild (about 240 MB) to %s", home)
                _fetch(PAIRS, home)
                _fetch(PHOTOS, home)
                _unpack(home)
    except DownloadFailed as error:
        raise RequestError(f"LFW could not be downloaded to {home} ({error}); {BY_HAND}") from error
    except OSError as error:
        raise RequestError(
            f"LFW cannot be stored in {home} ({error.strerror or error}); set SCIKIT_LEARN_DATA to a folder with "
            "300 MB of space that you may write to"
        ) from error
    return home


def _fetch(file: RemoteFile, home: Path) -> None:
    """The file in its place, with the published digest."""
    target = home / file.name
    if target.is_file() and _sha256(target) == file.sha256:
        return
    part = home / f"{file.name}.part"
    download(file.url, part, most=file.max_bytes, description=file.name, progress=Progress(quiet=False))
    if _sha256(part) != file.sha256:
        part.unlink()
        raise DownloadFailed(f"{file.url} is another file than scikit-learn published, by its SHA-256")
    part.replace(target)


def _unpack(home: Path) -> None:
    """The archive unpacked beside its place and moved there whole; what an earlier attempt left is replaced."""
    unfinished = home / f".{PHOTO_FOLDER}.part"
    shutil.rmtree(unfinished, ignore_errors=True)
    try:
        with tarfile.open(home / PHOTOS.name) as archive:
            archive.extractall(unfinished, filter="data")
    except (tarfile.TarError, EOFError) as error:
        raise DownloadFailed(f"{PHOTOS.name} cannot be unpacked: {error}") from error
    shutil.rmtree(home / PHOTO_FOLDER, ignore_errors=True)
    (unfinished / PHOTO_FOLDER).replace(home / PHOTO_FOLDER)
    shutil.rmtree(unfinished, ignore_errors=True)
    (home / PHOTOS.name).unlink()


def _sha256(file: Path) -> str:
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()
