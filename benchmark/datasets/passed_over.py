"""Files of a folder that are not used, counted by suffix and reason, so that none is dropped silently."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import PurePosixPath
from typing import Any

from benchmark.counted import counted, counted_are

_MAX_NAMED = 6
"""Kinds that the terminal's line names; the report and the manifest name all."""


@dataclass(frozen=True)
class PassedOver:
    """A file that is not used, or a folder whose files are not.

    Attributes:
        path: below the folder that was searched.
        suffix: of the file or files, in lower case with its dot; empty where there is none.
        reason: why, in words that are the same for all files of a kind.
        count: number of files; more than 1 where `path` is a folder.
    """

    path: str
    suffix: str
    reason: str
    count: int = 1


@dataclass(frozen=True)
class PassedOverKind:
    """All files of one suffix that are passed over for one reason.

    Attributes:
        suffix: as of `PassedOver`.
        reason: as of `PassedOver`.
        count: number of files.
        first: path of the first of them, or of its folder.
    """

    suffix: str
    reason: str
    count: int
    first: str

    def __str__(self) -> str:
        return f"{self.count:,} {self.suffix or 'without suffix'} ({self.reason})"


def suffix_of(path: str) -> str:
    """The suffix by which files are counted, in lower case.

    >>> suffix_of("anna/1.HEIC"), suffix_of(".DS_Store")
    ('.heic', '')
    """
    return PurePosixPath(path).suffix.lower()


def kinds_passed_over(files: Iterable[PassedOver]) -> tuple[PassedOverKind, ...]:
    """The files by suffix and reason, the most frequent kind first.

    >>> [str(kind) for kind in kinds_passed_over([PassedOver("a/1.txt", ".txt", "not an image")])]
    ['1 .txt (not an image)']
    """
    counts: Counter[tuple[str, str]] = Counter()
    first: dict[tuple[str, str], str] = {}
    for file in files:
        counts[file.suffix, file.reason] += file.count
        first.setdefault((file.suffix, file.reason), file.path)
    kinds = [PassedOverKind(suffix, reason, count, first[suffix, reason]) for (suffix, reason), count in counts.items()]
    return tuple(sorted(kinds, key=lambda kind: (-kind.count, kind.suffix, kind.reason)))


def passed_over_line(files: Iterable[PassedOver]) -> str:
    """One line for the terminal; empty where nothing is passed over."""
    kinds = kinds_passed_over(files)
    if not kinds:
        return ""
    total = sum(kind.count for kind in kinds)
    more = f"; {counted(len(kinds) - _MAX_NAMED, 'more kind')}" if len(kinds) > _MAX_NAMED else ""
    named = "; ".join(str(kind) for kind in kinds[:_MAX_NAMED])
    return f"{counted_are(total, 'file')} passed over: {named}{more}"


def passed_over_facts(files: Iterable[PassedOver]) -> list[dict[str, Any]]:
    """The kinds as JSON values, for ``manifest.json``."""
    return [asdict(kind) for kind in kinds_passed_over(files)]
