"""Stores what each step made, so that a second run reuses it and a killed run continues.

An artefact is a folder ``<store>/<step>/<key>/``. The key is a digest of the step's inputs, its own settings and its
version number (kept beside the result in ``about.json``): a changed setting gives another key and recomputes only what
depends on it. While an artefact is being made, its folder is called ``<key>.partial``; once finished, it is renamed and
never written to again.

What must never be found again, because it was made by code that nobody can describe (`benchmark.plugin_code.keys`), and
all that is made from it, is kept in a temporary folder of the store, which `ArtifactStore.close` removes.

``about.json`` also lists every file with its digest. A run checks the files when it first opens the artefact, and
recomputes a damaged one. Most artefacts consist of rows, one per image: see `benchmark.storage.row_writer`.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import re
import shutil
import tempfile
import weakref
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, ValidationError

from benchmark.errors import StorageError
from benchmark.plugin_code.keys import UNSTORED
from benchmark.storage.atomic_files import remove, storage_errors, sync_folder
from benchmark.storage.file_digests import StoredFile, files_below, first_damage, stored_file
from benchmark.storage.file_locks import exclusive
from benchmark.storage.row_writer import RECORDS, Commit, RowArray, RowWriter, fits, read_rows
from benchmark.work import Work, cost_name

__all__ = ["Artifact", "ArtifactStore", "Commit", "RowArray", "RowMaker", "digest"]

log = logging.getLogger(__name__)

_ABOUT = "about.json"
_CACHE_TAG = b"Signature: 8a477f597d28d172789f06886806bc55\n# Results that can be made again.\n"
"""Tells other programs, and this one when it searches a folder for photos, what the store is: the Cache Directory
Tagging Specification, https://bford.info/cachedir/."""


_NEVER_FOUND_AGAIN = re.compile(f'"{UNSTORED}[0-9a-f]{{24,}}"')
"""A JSON string that is such a key, or a digest of one."""


@dataclass(frozen=True)
class Artifact:
    """A finished artefact.

    Attributes:
        key: goes into the keys of the steps that read it.
        folder: holds its files.
        made: False for one that a forecast hands out, which holds nothing yet.
    """

    key: str
    folder: Path
    made: bool = True

    def array(self, name: str) -> NDArray[Any]:
        """The array `name` as a read-only memory map."""
        try:
            mapped: NDArray[Any] = np.load(self.folder / f"{name}.npy", mmap_mode="r", allow_pickle=False)
        except (OSError, ValueError, EOFError) as error:
            raise StorageError(
                f"{self.folder / name}.npy was damaged during the run ({error}); start again and it will be recomputed"
            ) from error
        return mapped

    def records(self) -> list[dict[str, Any]]:
        """One dictionary per row, in the order of the rows."""
        rows = read_rows(self.folder / RECORDS)
        return [rows[row][0] for row in sorted(rows)]


@dataclass(frozen=True)
class RowMaker:
    """Makes the rows that an artefact lacks.

    Attributes:
        make: is given these rows and ``commit``, which it calls once for each of them.
        doing: what the terminal says.
        unit: what a row is.
    """

    make: Callable[[list[int], Commit], None]
    doing: str
    unit: str = "image"

    def __call__(self, missing: list[int], commit: Commit) -> None:
        """Make the rows."""
        self.make(missing, commit)


Watch = Callable[[Work, Path], AbstractContextManager[None]]
"""Surrounds the making of an artefact in a folder."""


class _About(BaseModel):
    """``about.json``: what an artefact was made of, and what it must hold."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    step: str
    made_of: dict[str, Any]
    files: dict[str, StoredFile]


class ArtifactStore:
    """The folder of all artefacts.

    Args:
        root: made if absent.
        fresh: ignore what earlier runs stored (and replace it).
        verify: read every byte of an artefact before it is used; otherwise the large files whose size, time of change
            and inode are as they were (`benchmark.storage.file_digests.STAMPED_BYTES`) are believed.
        watch: surrounds whatever is made, to count and time it.

    Raises:
        StorageError: the folder cannot be written.
    """

    def __init__(
        self,
        root: Path,
        *,
        fresh: bool = False,
        verify: bool = False,
        watch: Watch = lambda _work, _folder: nullcontext(),
    ) -> None:
        self.root = root
        self._watch = watch
        self._fresh = fresh
        self._verify = verify
        self._checked: set[Path] = set()
        self._temporary: Path | None = None
        self._removal: weakref.finalize[..., ArtifactStore] | None = None
        with storage_errors(root):
            root.mkdir(parents=True, exist_ok=True)
            tag = root / "CACHEDIR.TAG"
            if not tag.exists():
                tag.write_bytes(_CACHE_TAG)

    def close(self) -> None:
        """Remove what must never be found again; the store can still be used."""
        if self._removal is not None:
            self._removal()
            self._temporary = self._removal = None

    def folder(
        self,
        step: str,
        about: Mapping[str, Any],
        make: Callable[[Path], None],
        *,
        holds: Callable[[Path], bool] = lambda _: True,
        part_of_step: bool = False,
    ) -> Artifact:
        """The artefact of `step` described by `about`, made now unless it is stored.

        Args:
            step: names the sub-folder.
            about: JSON values: keys of the inputs, the settings, the version of the code.
            make: fills the folder it is given; that folder may hold what a killed run left there.
            holds: whether a folder holds what the caller will read.
            part_of_step: whether the caller is inside of a step that is counted and timed as a whole.
        """

        def make_watched(folder: Path) -> None:
            with self._watch(whole_work(step, about), folder):
                make(folder)

        return self._folder(step, about, make if part_of_step else make_watched, holds=holds)

    def holds(self, step: str, about: Mapping[str, Any]) -> bool:
        """Whether `folder` would find the artefact; whoever may be making it is not waited for."""
        key = digest(about)
        final = self._root_of(key) / step / key
        return not self._fresh and final.is_dir() and not self._damage(final, key)

    def _folder(
        self, step: str, about: Mapping[str, Any], make: Callable[[Path], None], *, holds: Callable[[Path], bool]
    ) -> Artifact:
        key = digest(about)
        final = self._root_of(key) / step / key
        if final in self._checked:
            return Artifact(key, final)
        partial = final.with_suffix(".partial")
        with storage_errors(final):
            final.parent.mkdir(parents=True, exist_ok=True)
            with exclusive(final.with_suffix(".lock")):
                if self._fresh:
                    remove(final)
                    remove(partial)
                elif os.path.lexists(final):
                    damage = self._damage(final, key) or ("" if holds(final) else "it holds something else")
                    if damage:
                        log.warning("stored result %s is damaged and will be recomputed: %s", final, damage)
                        remove(final)
                if not final.exists():
                    if not partial.is_dir():
                        remove(partial)
                    partial.mkdir(exist_ok=True)
                    make(partial)
                    _finish(partial, step, about)
                    partial.rename(final)
                    sync_folder(final.parent)
                self._checked.add(final)
        return Artifact(key, final)

    def _root_of(self, key: str) -> Path:
        """Where an artefact is kept: in the store's own folder unless it must never be found again."""
        if not key.startswith(UNSTORED):
            return self.root
        if self._temporary is None:
            with storage_errors(self.root):
                self._temporary = Path(tempfile.mkdtemp(prefix=UNSTORED, dir=self.root))
            self._removal = weakref.finalize(self, shutil.rmtree, self._temporary, ignore_errors=True)
        return self._temporary

    def rows(
        self,
        step: str,
        about: Mapping[str, Any],
        *,
        count: int,
        arrays: Mapping[str, RowArray],
        make: Callable[[list[int], Commit], None],
    ) -> Artifact:
        """The artefact with `count` rows, made now as far as it is not stored.

        Args:
            step: as for `folder`.
            about: as for `folder`.
            count: number of rows.
            arrays: by name, what a row of each array looks like.
            make: makes the rows still missing; a `RowMaker` says in the terminal what it is doing.
        """

        def make_rows(folder: Path) -> None:
            with RowWriter(folder, count, arrays) as writer:
                missing = writer.missing()
                if missing:
                    with self._watch(rows_work(step, about, arrays, make, rows=len(missing), of=count), folder):
                        make(missing, writer.commit)
            left = len(writer.missing())
            if left:
                raise StorageError(f"step '{step}' did not finish {left} of {count} rows in {folder}")

        return self._folder(step, about, make_rows, holds=lambda folder: fits(folder, count, arrays))

    def _damage(self, folder: Path, key: str) -> str:
        """What is wrong with a finished artefact; empty if nothing is."""
        try:
            about = _About.model_validate_json((folder / _ABOUT).read_bytes())
        except OSError as error:
            return f"{_ABOUT} cannot be read ({error.strerror})"
        except (ValidationError, RecursionError):
            return f"{_ABOUT} is not what this version of the program writes"
        if digest(about.made_of) != key:
            return f"{_ABOUT} describes another result"
        return first_damage(folder, about.files, every_byte=self._verify)


def digest(about: Mapping[str, Any]) -> str:
    """A hexadecimal digest of JSON values, whatever the order of the keys.

    Where a value is a key that begins with `UNSTORED`, so does the digest: what is made from it is not found either.

    >>> digest({"a": 1, "b": 2}) == digest({"b": 2, "a": 1})
    True
    """
    text = json.dumps(about, sort_keys=True, ensure_ascii=False, default=str)
    found = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=12).hexdigest()
    return f"{UNSTORED}{found}" if _NEVER_FOUND_AGAIN.search(text) else found


def whole_work(step: str, about: Mapping[str, Any]) -> Work:
    """The making of an artefact that has no rows."""
    name = cost_name(about, step)
    return Work(step, name, step if name == step else f"{step}: {name}", digest(about))


def rows_work(
    step: str, about: Mapping[str, Any], arrays: Mapping[str, RowArray], make: object, *, rows: int, of: int
) -> Work:
    """The making of `rows` of the rows of an artefact, by a `RowMaker` or a function."""
    doing, unit = (make.doing, make.unit) if isinstance(make, RowMaker) else (step, "row")
    row_bytes = sum(int(np.prod(row.shape)) * np.dtype(row.dtype).itemsize for row in arrays.values())
    return Work(step, cost_name(about, doing), doing, digest(about), rows, of, row_bytes, unit)


def _finish(folder: Path, step: str, about: Mapping[str, Any]) -> None:
    """Make the files last, and list them with their digests."""
    files = files_below(folder, besides=(_ABOUT,))
    for file in files.values():
        with file.open("rb") as stream:
            os.fsync(stream.fileno())
    listed = {name: stored_file(file, stamped=True).model_dump() for name, file in files.items()}
    text = json.dumps({"step": step, "made_of": about, "files": listed}, indent=1, default=str)
    with (folder / _ABOUT).open("w", encoding="utf-8") as stream:
        stream.write(text)
        stream.flush()
        os.fsync(stream.fileno())
    sync_folder(folder)
