"""Finds the data that travel with the program: inside the installed package, or beside it in a checkout."""

from __future__ import annotations

from pathlib import Path

from benchmark.errors import StorageError

_PACKAGE = Path(__file__).resolve().parents[1]


def embedded(*parts: str, package: Path = _PACKAGE) -> Path:
    """Path of an embedded file: ``embedded("synthetic-people", "generator.safetensors")``.

    A wheel carries the repository's folder ``datasets`` as ``benchmark/embedded``; a checkout has
    it beside the package.

    Args:
        parts: below ``datasets``.
        package: folder of the import package.

    Raises:
        StorageError: the file is in neither place.
    """
    for folder in (package / "embedded", package.parent / "datasets"):
        path = folder.joinpath(*parts)
        if path.exists():
            return path
    wanted = "/".join(parts)
    raise StorageError(f"embedded file {wanted} is missing below {package}; reinstall the package or restore the file")
