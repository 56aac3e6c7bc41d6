"""Finds the files shipped with the program: inside the installed package, or beside it in a checkout."""

from __future__ import annotations

from pathlib import Path

from benchmark.errors import StorageError

_PACKAGE = Path(__file__).resolve().parent


def embedded(*parts: str, package: Path = _PACKAGE) -> Path:
    """Path of an embedded file or folder: ``embedded("datasets", "synthetic-people", "generator.safetensors")``.

    A wheel contains the repository's folders ``datasets`` and ``weights`` in ``benchmark/embedded``; in a checkout they
    are beside the package.

    Args:
        parts: below the repository.
        package: folder of the import package.

    Raises:
        StorageError: it is in neither place.
    """
    for folder in (package / "embedded", package.parent):
        path = folder.joinpath(*parts)
        if path.exists():
            return path
    wanted = "/".join(parts)
    raise StorageError(f"embedded file {wanted} is missing below {package}; reinstall the package or restore the file")
