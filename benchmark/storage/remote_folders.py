"""Folders in other stores (``s3://…``, ``https://…``, ``memory://…``): photos are copied in, finished runs copied out.

Steps work on files of this machine's file system, which they map into memory and rename. What an address names is
therefore copied, by fsspec, which knows many kinds of store.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmark.errors import RequestError, StorageError
from benchmark.plugin_code.guard import one_line
from benchmark.storage.atomic_files import storage_errors, temporary_name, write_atomically
from benchmark.storage.contained_path import path_inside
from benchmark.storage.file_digests import StoredFile, files_below, first_damage, stored_file

_ADDRESS = re.compile(r"(?P<store>[a-z][a-z0-9+.-]+):/{1,2}(?P<path>[^/].*|/.*)?")
_LOCAL = ("file", "local")
_LISTED = ".copied.json"
_LAST = "manifest.json"
"""Copied last, so that a folder that has it is whole."""


def address_of(path: Path | None) -> str | None:
    """The address that a path spells, of which `Path` has dropped a slash; None for a path of this machine.

    >>> address_of(Path("s3://bucket/lfw")), address_of(Path("file:///data/lfw")), address_of(Path("reports/run"))
    ('s3://bucket/lfw', 'file:///data/lfw', None)
    """
    found = None if path is None else _ADDRESS.fullmatch(path.as_posix())
    if found is None:
        return None
    store, rest = found["store"], found["path"] or ""
    return f"{store}://{'/' if store in _LOCAL else ''}{rest.lstrip('/')}"


def copied_in(address: str, below: Path) -> Path:
    """A copy of the folder at `address`; what was copied before and has not changed there is not copied again.

    Args:
        address: of a folder.
        below: the copy is a folder of this one.

    Raises:
        RequestError: there is no such store or folder, or it cannot be read.
        StorageError: the copy cannot be written.
    """
    folder = below / hashlib.sha256(address.encode("utf-8", "surrogateescape")).hexdigest()[:16]
    with _errors_of("--data-root", address):
        store, root = _opened(address)
        found: Mapping[str, Mapping[str, Any]] = store.find(root, detail=True)
        files = {name[len(root) :].lstrip("/"): info for name, info in sorted(found.items())}
        if not any(files):
            raise RequestError(f"--data-root {address}: there are no files")
        before = _listed(folder / _LISTED)
        now: dict[str, Any] = {}
        for name, info in files.items():
            target = path_inside(folder, name)
            state = str(store.ukey(found_name(root, name))) if info.get("size") is not None else ""
            known = before.get(name)
            if known is None or known["state"] != state or not state or first_damage(folder, {name: _file(known)}):
                _copy_in(store, found_name(root, name), target)
                known = {"state": state, "file": stored_file(target).model_dump()}
            now[name] = known
        with storage_errors(folder):
            for name in files_below(folder, besides=(_LISTED,)).keys() - now.keys():
                (folder / name).unlink()
        write_atomically(folder / _LISTED, json.dumps(now).encode("utf-8", "surrogatepass"))
    return folder


def check_writable(address: str, *, overwrite: bool) -> None:
    """Refuse at once an address to which no run can be written.

    Raises:
        RequestError: the store cannot be written, or holds a finished run there.
    """
    with _errors_of("--out", address):
        store, root = _opened(address)
        if store.exists(f"{root}/{_LAST}") and not overwrite:
            raise RequestError(f"--out {address} holds a run; use another --out, or --overwrite to replace it")
        store.makedirs(root, exist_ok=True)
        probe = f"{root}/.writable"
        store.pipe_file(probe, b"")
        store.rm_file(probe)


def copy_out(folder: Path, address: str) -> None:
    """Copy a finished run to `address`; its manifest goes first and comes last, so that half a run never looks whole.

    Raises:
        RequestError: the store cannot be written.
        StorageError: a file arrived with another size.
    """
    with _errors_of("--out", address):
        store, root = _opened(address)
        if store.exists(f"{root}/{_LAST}"):
            store.rm_file(f"{root}/{_LAST}")
        files = {name: file for name, file in files_below(folder).items() if not Path(name).name.startswith(".")}
        for name in sorted(files, key=lambda one: (one == _LAST, one)):
            target = f"{root}/{name}"
            store.makedirs(target.rpartition("/")[0], exist_ok=True)
            store.put_file(str(files[name]), target)
            arrived, size = store.info(target)["size"], files[name].stat().st_size
            if arrived != size:
                raise StorageError(f"{address}/{name} has {arrived:,} of {size:,} bytes; run the same command again")


def found_name(root: str, name: str) -> str:
    """The name by which the store knows a file of the folder `root`."""
    return f"{root.rstrip('/')}/{name}" if name else root


def _opened(address: str) -> tuple[Any, str]:
    """The store, and what it calls the folder."""
    import fsspec  # noqa: PLC0415  # only where an address is given

    store, root = fsspec.core.url_to_fs(address)
    return store, str(root).rstrip("/")


def _copy_in(store: Any, source: str, target: Path) -> None:
    with storage_errors(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        temporary = temporary_name(target)
        try:
            with store.open(source, "rb") as content, temporary.open("wb") as stream:
                shutil.copyfileobj(content, stream, 1 << 20)
            temporary.replace(target)
        finally:
            temporary.unlink(missing_ok=True)


def _listed(file: Path) -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads(file.read_bytes())
    except (OSError, ValueError):
        return {}
    return found


def _file(known: Mapping[str, Any]) -> StoredFile:
    return StoredFile.model_validate(known["file"])


@contextmanager
def _errors_of(flag: str, address: str) -> Iterator[None]:
    """Whatever a store raises, as one line."""
    try:
        yield
    except (RequestError, StorageError):
        raise
    except (FileNotFoundError, NotADirectoryError) as error:
        raise RequestError(f"{flag} {address}: there is no such folder") from error
    except NotImplementedError as error:
        raise RequestError(f"{flag} {address}: this kind of store cannot be written; use another") from error
    except Exception as error:  # of the package for this kind of store
        raise RequestError(f"{flag} {address}: {one_line(error)}") from error
