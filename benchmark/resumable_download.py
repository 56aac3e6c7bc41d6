"""Downloads one file over HTTP, and continues where an earlier attempt was cut off."""

from __future__ import annotations

import os
import re
from pathlib import Path

import requests

from benchmark.progress import Progress

_ATTEMPTS = 4
"""How often a download that is cut off, but moves, is taken up again before the user is told."""
_SECONDS_TO_CONNECT, _SECONDS_OF_SILENCE = 10, 30
_CHUNK = 1 << 14
"""Bytes; what has come of a chunk is lost when the connection breaks within it."""


class DownloadFailed(Exception):
    """The file did not come whole; what did come is kept, and the next attempt continues from there."""


def download(url: str, part: Path, *, description: str, progress: Progress) -> None:
    """Write what lies at `url` to `part`; what `part` holds already is not sent again.

    Args:
        url: ``http://`` or ``https://``.
        part: of the name that the caller gives an unfinished file. Its bytes may be of another file if the server's has
            changed in between: check the digest afterwards.
        description: of the progress bar.
        progress: makes the bar.

    Raises:
        DownloadFailed: one line why.
        OSError: `part` cannot be written.
    """
    for attempt in range(_ATTEMPTS):
        before = _size(part)
        try:
            _continue(url, part, description, progress)
        except _CutOff as cut:
            if attempt + 1 == _ATTEMPTS or _size(part) <= before:
                raise DownloadFailed(f"{cut}; the next attempt continues from there") from cut
            continue
        return


class _CutOff(Exception):
    """The connection ended before the file did."""


def _continue(url: str, part: Path, description: str, progress: Progress) -> None:
    have = _size(part)
    headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={have}-"} if have else {})
    try:
        with requests.get(
            url, headers=headers, stream=True, timeout=(_SECONDS_TO_CONNECT, _SECONDS_OF_SILENCE)
        ) as response:
            if response.status_code == requests.codes.requested_range_not_satisfiable:
                if _total(response) == have:  # whole already: only the renaming was missing
                    return
                part.unlink()  # longer than the file, so of another one
                raise DownloadFailed("what an earlier attempt had stored did not fit and was deleted; try again")
            if not response.ok:
                raise DownloadFailed(f"the server answered {response.status_code} {response.reason}")
            if response.status_code != requests.codes.partial_content or _first(response) != have:
                have = 0  # the server sends everything, whatever was asked for
            _store(response, part, have, description, progress)
    except requests.exceptions.ChunkedEncodingError as error:
        raise _CutOff(f"the connection ended after {_size(part):,} bytes") from error
    except requests.RequestException as error:
        if _size(part) > have:
            raise _CutOff(f"{_why(error)}, after {_size(part):,} bytes") from error
        raise DownloadFailed(_why(error)) from error


def _store(response: requests.Response, part: Path, have: int, description: str, progress: Progress) -> None:
    length = response.headers.get("Content-Length")
    total = have + int(length) if length else None
    with (
        part.open("ab" if have else "wb") as file,
        progress.bar(description, total=total, unit="B", done=have, scaled=True) as bar,
    ):
        for chunk in response.iter_content(_CHUNK):
            file.write(chunk)
            bar.update(len(chunk))
        file.flush()
        os.fsync(file.fileno())
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
