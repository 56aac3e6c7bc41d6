"""Downloads one file over HTTP, no more than it can have and not for ever, and continues where one was cut off."""

from __future__ import annotations

import os
import re
import time
from dataclasses import dataclass
from pathlib import Path

import requests

from benchmark.downloads.received_in_time import Received, TooSlow
from benchmark.progress import Progress

_ATTEMPTS = 4
"""How often a download that is cut off, but moves, is taken up again before the user is told."""
_SECONDS_TO_CONNECT, _SECONDS_OF_SILENCE = 10, 30
_SECONDS_FOR_HEADERS = 60.0
_SECONDS_BETWEEN_RATES, _SLOWEST = 60.0, 4096
"""A download that brings fewer bytes per second than this, over so many seconds, is ended."""
_SECONDS_IN_ALL = 4 * 3600.0
_CHUNK = 1 << 14
"""Bytes; what has come of a chunk is lost when the connection breaks within it."""


class DownloadFailed(Exception):
    """The file did not come whole; what did come is kept, and the next attempt continues from there."""


def download(url: str, part: Path, *, most: int, description: str, progress: Progress) -> None:
    """Write what is at `url` to `part`; what `part` holds already is not sent again.

    Args:
        url: ``http://`` or ``https://``.
        part: of the name that the caller gives an unfinished file. Its bytes may be of another file if the server's has
            changed in between: check the digest afterwards.
        most: bytes that the file can have; a server that sends more is not believed.
        description: of the progress bar.
        progress: makes the bar.

    Raises:
        DownloadFailed: one line why.
        OSError: `part` cannot be written.
    """
    wanted = _Wanted(url, part, most, time.monotonic() + _SECONDS_IN_ALL, description, progress)
    for attempt in range(_ATTEMPTS):
        before = _size(part)
        try:
            _continue(wanted)
        except _CutOff as cut:
            if attempt + 1 == _ATTEMPTS or _size(part) <= before:
                raise DownloadFailed(f"{cut}; the next attempt continues from there") from cut
            continue
        return


class _CutOff(Exception):
    """The connection ended before the file did."""


@dataclass(frozen=True)
class _Wanted:
    """What `download` was asked for, and when its time is over (by the monotonic clock)."""

    url: str
    part: Path
    most: int
    ends: float
    description: str
    progress: Progress


def _continue(wanted: _Wanted) -> None:
    part = wanted.part
    have = _size(part)
    headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={have}-"} if have else {})
    try:
        with Received(
            wanted.url, headers, piece=_CHUNK, socket_timeout=(_SECONDS_TO_CONNECT, _SECONDS_OF_SILENCE)
        ) as received:
            response = received.head(_SECONDS_FOR_HEADERS)
            if response.status_code == requests.codes.requested_range_not_satisfiable:
                if _total(response) == have:  # whole already: only the renaming was missing
                    return
                part.unlink()  # longer than the file, so of another one
                raise DownloadFailed("what an earlier attempt had stored did not fit and was deleted; try again")
            if not response.ok:
                raise DownloadFailed(f"the server answered {response.status_code} {response.reason}")
            if response.status_code != requests.codes.partial_content or _first(response) != have:
                have = 0  # the server sends everything, whatever was asked for
            if response.headers.get("Content-Encoding", "identity") != "identity":
                raise DownloadFailed("the server sent the file compressed, though it was asked not to")
            length = response.headers.get("Content-Length", "")
            total = have + int(length) if length.isdigit() else None
            _store(wanted, received, have, total)
    except TooSlow as error:
        raise DownloadFailed(f"the server is too slow; {_size(part):,} bytes are kept") from error
    except requests.exceptions.ChunkedEncodingError as error:
        raise _CutOff(f"the connection ended after {_size(part):,} bytes") from error
    except requests.RequestException as error:
        if _size(part) > have:
            raise _CutOff(f"{_why(error)}, after {_size(part):,} bytes") from error
        raise DownloadFailed(_why(error)) from error


def _store(wanted: _Wanted, received: Received, have: int, total: int | None) -> None:
    part = wanted.part
    stored = have
    with (
        part.open("ab" if have else "wb") as file,
        wanted.progress.bar(wanted.description, total=total, unit="B", done=have, scaled=True) as bar,
    ):
        since, before = time.monotonic(), stored
        for chunk in received.body(_SECONDS_OF_SILENCE):
            stored += len(chunk)
            if max(stored, total or 0) > wanted.most:
                break
            file.write(chunk)
            bar.update(len(chunk))
            now = time.monotonic()
            if now > wanted.ends:
                raise DownloadFailed(
                    f"it took longer than {_SECONDS_IN_ALL / 3600:.0f} hours; {stored:,} bytes are kept"
                )
            if now - since > _SECONDS_BETWEEN_RATES:
                if stored - before < _SLOWEST * (now - since):
                    raise TooSlow
                since, before = now, stored
        file.flush()
        os.fsync(file.fileno())
    if max(stored, total or 0) > wanted.most:
        part.unlink()
        raise DownloadFailed(f"the server sends more than the {wanted.most:,} bytes that the file can have")
    if total is not None and _size(part) < total:
        raise _CutOff(f"the connection ended after {_size(part):,} of {total:,} bytes")


def _size(part: Path) -> int:
    return part.stat().st_size if part.is_file() else 0


def _first(response: requests.Response) -> int | None:
    """Of a partial answer, the place of its first byte."""
    found = re.match(r"bytes (\d+)-", response.headers.get("Content-Range", ""))
    return int(found[1]) if found else None


def _total(response: requests.Response) -> int | None:
    """How long the file is, as a server says that cannot send the asked part of it."""
    found = re.match(r"bytes \*/(\d+)$", response.headers.get("Content-Range", ""))
    return int(found[1]) if found else None


def _why(error: requests.RequestException) -> str:
    """One line of what the library says in five nested exceptions."""
    if isinstance(error, requests.Timeout):
        return "the server did not answer in time"
    if isinstance(error, requests.ConnectionError):
        return "no connection to the server"
    return " ".join(str(error).split())
