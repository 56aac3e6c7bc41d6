"""Paths that were read from a file: they name something in one folder, or they are refused."""

from __future__ import annotations

from pathlib import Path, PurePosixPath, PureWindowsPath

from benchmark.errors import StorageError


def path_inside(folder: Path, text: str) -> Path:
    """``folder / text``, if that is in `folder`.

    Links that lead out of the folder are refused on the way to the file; the file itself may be a link.

    Args:
        folder: that must not be left.
        text: as read from a file, parts separated by ``/``.

    Raises:
        StorageError: the path is empty, absolute, goes up, or leads out through a link.

    >>> path_inside(Path("run"), "figures/roc.svg").as_posix()
    'run/figures/roc.svg'
    """
    path = PurePosixPath(text)
    windows = PureWindowsPath(text)
    if not path.parts or ".." in {*path.parts, *windows.parts} or path.is_absolute() or windows.anchor or "\0" in text:
        raise StorageError(f"'{text}' is not a path below {folder}; the file that holds it is damaged or forged")
    inside = folder / path
    if not inside.parent.resolve().is_relative_to(folder.resolve()):
        raise StorageError(f"'{text}' leads out of {folder} through a link; remove the link")
    return inside
