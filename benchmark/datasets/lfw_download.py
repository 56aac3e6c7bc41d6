"""Fetches LFW through scikit-learn, which knows where the files are and checks their SHA-256."""

from __future__ import annotations

import logging
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmark.cards import AVAILABLE, Availability
from benchmark.errors import RequestError

log = logging.getLogger(__name__)

BY_HAND = (
    "download lfw-funneled.tgz (https://ndownloader.figshare.com/files/5976015) and pairs.txt "
    "(https://ndownloader.figshare.com/files/5976006) where there is a network, unpack both into one folder and name "
    "it with --data-root"
)
_SECONDS_OF_SILENCE = 30.0


def downloaded_lfw() -> Path | None:
    """Scikit-learn's LFW folder (funneled photos and ``pairs.txt``), if it is complete on this machine."""
    home = _place()
    unpacked = (home / "lfw_funneled").is_dir() and not (home / "lfw-funneled.tgz").exists()
    return home if unpacked and (home / "pairs.txt").is_file() else None


def lfw_availability() -> Availability:
    """Usable without ``--data-root`` once scikit-learn has downloaded it."""
    if downloaded_lfw() is not None:
        return AVAILABLE
    return Availability(False, "needs --data-root DIR with LFW, or a network to download it (about 240 MB)")


def download_lfw() -> Path:
    """Scikit-learn's LFW folder, downloaded now (about 240 MB) if it is not here.

    Raises:
        RequestError: the download failed, or one before it was cut off; the message says how to do it by hand.
    """
    found = downloaded_lfw()
    if found is not None:
        return found
    home = _home()
    if (home / "lfw_funneled").is_dir() and (home / "lfw-funneled.tgz").exists():
        # scikit-learn deletes the archive when it has unpacked it, and never looks at a folder that exists
        raise RequestError(f"an earlier download was cut off while unpacking; delete {home} and start again")
    log.info("downloading Labeled Faces in the Wild (about 240 MB) to %s", home)
    from sklearn.datasets import fetch_lfw_pairs  # noqa: PLC0415  (slow to import, and only needed here)

    try:
        with _no_endless_wait():
            fetch_lfw_pairs(subset="test", resize=0.1, n_retries=2)  # downloads all, then loads the smallest list
    except (OSError, EOFError) as error:  # URLError, HTTPError, a wrong checksum, a full disk, a broken archive
        raise RequestError(
            f"LFW could not be downloaded to {home} ({type(error).__name__}: {error}); {BY_HAND}"
        ) from error
    return home


def _place() -> Path:
    """Where scikit-learn keeps LFW; told without importing it, which takes a second."""
    return Path(os.environ.get("SCIKIT_LEARN_DATA", "~/scikit_learn_data")).expanduser() / "lfw_home"


def _home() -> Path:
    """The same from scikit-learn itself, its folder made."""
    from sklearn.datasets import get_data_home  # noqa: PLC0415

    try:
        return Path(get_data_home()) / "lfw_home"
    except OSError as error:
        raise RequestError(
            f"scikit-learn's data folder cannot be made ({error}); set SCIKIT_LEARN_DATA to a folder you may write to"
        ) from error


@contextmanager
def _no_endless_wait() -> Iterator[None]:
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(_SECONDS_OF_SILENCE)
    try:
        yield
    finally:
        socket.setdefaulttimeout(before)
