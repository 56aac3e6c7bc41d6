"""Reads the plain lists that come with data sets: one line an entry, fields between blanks, tabs or commas."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmark.errors import RequestError

_LONGEST_LINE = 4000
"""Characters; Python refuses to read a number of more than 4,300 digits."""


def read_lines(file: Path, *, remedy: str, separator: str | None = None) -> Iterator[tuple[int, list[str]]]:
    """Line numbers and fields of the lines that are not blank; a byte-order mark and CRLF do not matter.

    Args:
        file: UTF-8 text.
        remedy: what to do about a bad file, for errors: ``"replace it with LFW's own file"``.
        separator: of the fields; by default the tab where a line has one, else any run of blanks.

    Raises:
        RequestError: the file cannot be read, is not UTF-8, or has a line of more than 4,000 characters.
    """
    try:
        text = file.read_text("utf-8-sig")
    except OSError as error:
        raise RequestError(f"{file} cannot be read: {error.strerror}; {remedy}") from error
    except UnicodeDecodeError:
        raise RequestError(f"{file} is not UTF-8 text; {remedy}") from None
    for number, line in enumerate(text.splitlines(), start=1):
        stripped = line.strip()
        if len(stripped) > _LONGEST_LINE:
            raise RequestError(f"{file}, line {number}: {len(stripped):,} characters, in no list of photos; {remedy}")
        if stripped:
            between = separator or ("\t" if "\t" in stripped else None)
            yield number, [field.strip() for field in stripped.split(between)]


def malformed(file: Path, number: int, fields: Sequence[str], wanted: str, *, remedy: str) -> RequestError:
    """The error for a line that holds something else than it should."""
    return RequestError(f"{file}, line {number}: '{' '.join(fields)}' where {wanted} is expected; {remedy}")
