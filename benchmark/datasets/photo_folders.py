"""Searches a folder for photos: the one walker of `folder` and of `mask`, which accounts for every file that it meets.

Linked folders and files are followed. A photo belongs to the first folder on its way, the subject's; where a link makes
one folder or file belong to two subjects, the search stops with an error, because it is unclear whose photo it is.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

from benchmark.datasets.passed_over import PassedOver, suffix_of
from benchmark.datasets.photo_formats import why_no_photo
from benchmark.errors import RequestError
from benchmark.storage.utf8 import printable

_THUMBNAILS = frozenset({"@eadir", "thumbnails", "thumbs", "_thumbs"})
"""Where network storages, cameras and galleries keep small copies of the photos beside them; in lower case."""
_SYSTEM = frozenset({"$recycle.bin", "#recycle", "@recycle", "lost+found", "system volume information", "__macosx"})
"""Folders that operating systems and network storages make; in lower case."""
_RUN_FILES = ("metrics.csv", "images.csv", "scores.parquet", "manifest.json", "report.html")
_RUN_SIGNS = 2
"""Files of `_RUN_FILES` by which a run's folder is known, finished or not."""
EXPORT_JOURNAL = ".mask-export.jsonl"
"""The file by which a folder that `mask` wrote is known."""
CACHE_TAG = "CACHEDIR.TAG"
"""The file by which a folder of stored results is known: the Cache Directory Tagging Specification,
https://bford.info/cachedir/."""


@dataclass(frozen=True)
class FoundPhotos:
    """What a folder holds.

    Attributes:
        photos: paths below the folder, with ``/``, as the file system gives them; sorted within each folder.
        passed_over: every other file.
    """

    photos: tuple[str, ...]
    passed_over: tuple[PassedOver, ...]


def find_photos(root: Path, *, ignore: Sequence[str] = (), output: Path | None = None) -> FoundPhotos:
    """Every photo below `root`, at any depth, and every file that is none.

    Passed over are hidden files and folders, folders of thumbnails, those of the operating system, those that this
    program wrote, and what `why_no_photo` names.

    Args:
        root: the folder.
        ignore: patterns as the shell has them (``*``, ``?``, ``[…]``); a file or folder is passed over where one
            matches its name or its path below `root`.
        output: a folder that is being written to.

    Raises:
        RequestError: a folder cannot be read, or one folder or file is, by a link, that of two subjects.
    """
    return _Search(root, tuple(ignore), None if output is None else output.resolve()).run()


class _Search:
    def __init__(self, root: Path, ignore: tuple[str, ...], output: Path | None) -> None:
        self._root = root
        self._ignore = ignore
        self._output = output
        self._photos: list[str] = []
        self._passed_over: list[PassedOver] = []
        self._seen: dict[object, str] = {}

    def run(self) -> FoundPhotos:
        self._seen[_identity(self._root)] = ""
        waiting = [""]
        while waiting:
            folder = waiting.pop()
            inner = [child for child in self._entries(folder) if self._enters(child)]
            waiting.extend(reversed(inner))
        return FoundPhotos(tuple(self._photos), tuple(self._passed_over))

    def _entries(self, folder: str) -> Iterator[str]:
        """Deal with the files of a folder, and give the paths of the folders in it."""
        here = self._root / folder
        try:
            names = sorted(os.listdir(here))  # noqa: PTH208  (names, and as the system gives them)
        except OSError as error:
            raise RequestError(f"{here} cannot be read: {error.strerror}; check its permissions") from error
        for name in names:
            path = f"{folder}/{name}" if folder else name
            if (here / name).is_dir():
                yield path
            else:
                self._file(path, name)

    def _file(self, path: str, name: str) -> None:
        reason = self._unwanted(path, name) or why_no_photo(self._root / path)
        if not reason:
            reason = self._second_link(path, "photo")
        if reason:
            self._passed_over.append(PassedOver(printable(path), printable(suffix_of(path)), reason))
        else:
            self._photos.append(path)

    def _enters(self, path: str) -> bool:
        """Whether a folder is searched; if not, its files are counted."""
        folder = self._root / path
        reason = self._unwanted(path, folder.name) or self._unwanted_folder(folder)
        if not reason:
            reason = self._second_link(path, "folder")
            if reason:  # its files are found elsewhere, or were
                self._passed_over.append(PassedOver(printable(path), "", reason))
                return False
        if reason:
            reason = f"in {reason}" if reason.startswith("a ") else reason
            self._passed_over += [
                PassedOver(printable(path), printable(suffix), reason, count)
                for suffix, count in _files_within(folder).items()
            ]
        return not reason

    def _unwanted(self, path: str, name: str) -> str:
        pattern = next((one for one in self._ignore if fnmatch(name, one) or fnmatch(path, one)), None)
        if pattern is not None:
            return f"matches --ignore {pattern}"
        if name.startswith("."):
            return "hidden"
        return ""

    def _unwanted_folder(self, folder: Path) -> str:
        name = folder.name.lower()
        tests = {
            "a folder of thumbnails": name in _THUMBNAILS,
            "a folder of the operating system": name in _SYSTEM,
            "a folder that is written to now": self._output is not None and folder.resolve() == self._output,
            "a folder that `mask` wrote": (folder / EXPORT_JOURNAL).is_file(),
            "a folder of stored results": (folder / CACHE_TAG).is_file(),
            "a run's folder": sum((folder / file).is_file() for file in _RUN_FILES) >= _RUN_SIGNS,
        }
        return next((reason for reason, holds in tests.items() if holds), "")

    def _second_link(self, path: str, what: str) -> str:
        """Why a folder or photo that was met before is not taken again; empty for one that is new.

        Raises:
            RequestError: it was another subject's.
        """
        identity = _identity(self._root / path)
        if identity is None or not (what == "folder" or "/" in path):  # a loose photo is nobody's
            return ""
        before = self._seen.setdefault(identity, path)
        if before == path:
            return ""
        if before == "" or path.startswith(f"{before}/"):
            return "a link back to a folder above it"
        if self._is_hard_link(before, path):
            return ""  # two files by all that a folder shows; the search for copies compares their pixels
        one, other = before.partition("/")[0], path.partition("/")[0]
        if one != other:
            raise RequestError(
                f"'{before}' and '{path}' in {self._root} are the same {what}, by a link, so that it cannot be told "
                f"whether it is of '{one}' or of '{other}'; remove one of them, or name it with --ignore"
            )
        return f"a second link to a {what} of the same subject"

    def _is_hard_link(self, one: str, other: str) -> bool:
        paths = self._root / one, self._root / other
        return all(path.resolve() == path.parent.resolve() / path.name for path in paths) and paths[0].is_file()


def _identity(path: Path) -> object:
    """An identifier that is the same for all paths to one file; None if the system gives none."""
    try:
        status = path.stat()
    except OSError:
        return None
    return (status.st_dev, status.st_ino) if status.st_ino else str(path.resolve())


def _files_within(folder: Path) -> Counter[str]:
    """By suffix, the number of files below a folder; links to folders are not followed."""
    return Counter(suffix_of(name) for _, _, files in os.walk(folder) for name in files)
