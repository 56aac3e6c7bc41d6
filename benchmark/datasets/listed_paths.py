"""Photos that a list names stay inside the folder of their data set: no path of a list leads out of it."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping
from pathlib import Path, PurePosixPath, PureWindowsPath

from benchmark.errors import RequestError


def leads_out(text: str) -> bool:
    """Whether a path, by its words alone, is not one below a folder: absolute, with ``..``, or empty.

    >>> [leads_out(text) for text in ("anna/1.jpg", "../1.jpg", "/etc/passwd", "C:/1.jpg", "..", "")]
    [False, True, True, True, True, True]
    """
    path, windows = PurePosixPath(text), PureWindowsPath(text)
    parts = {*path.parts, *windows.parts}
    return not path.parts or ".." in parts or path.is_absolute() or bool(windows.anchor) or "\0" in text


def refuse_outside(folder: Path, paths: Iterable[str], *, lines: Mapping[str, int] | None = None) -> None:
    """Refuse paths that lead out of `folder`, by their words or through a link on the way or at their end.

    Args:
        folder: that must not be left; may itself be a link, for the user named it.
        paths: below it, as listed.
        lines: by path, the line that names it, for the error.

    Raises:
        RequestError: naming the first.
    """
    real = folder.resolve()
    known: dict[Path, bool] = {}

    def outside(path: Path) -> bool:
        """Links are rare: only where one is met is the whole path resolved."""
        if path not in known:
            known[path] = path != folder and (
                not path.resolve().is_relative_to(real) if path.is_symlink() else outside(path.parent)
            )
        return known[path]

    for path in paths:
        where = f" (line {lines[path]})" if lines and path in lines else ""
        if leads_out(path):
            raise RequestError(
                f"the list names '{path}'{where}, which is no path below {folder}; correct the list: photos outside "
                "the folder are not read"
            )
        if outside(folder / path):
            raise RequestError(
                f"'{path}'{where} leads out of {folder} through a link, and a list that others may have written is no "
                f"permission to read files elsewhere; if they are meant, `cp -rL {shlex.quote(str(folder))} COPY` "
                "makes a folder with the photos in place of the links"
            )
