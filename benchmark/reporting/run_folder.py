"""The folder of a run: one finished run at a time, each file listed with its digest in ``manifest.json``, which proves
itself by a digest of its other entries.

A run writes to a hidden folder inside its own, `STAGING`. When everything is there, the earlier run's manifest goes,
then its files, then the new ones move into place, and the new manifest last. Killed before that, a run leaves what was
there; killed during it, it leaves a folder without a manifest, which nothing takes for a run and the next start clears.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from filelock import Timeout
from pydantic import TypeAdapter, ValidationError

from benchmark.config import NO_EFFECT_ON_NUMBERS, RunConfig
from benchmark.errors import RequestError
from benchmark.storage.atomic_files import remove, storage_errors, sync_folder, write_atomically
from benchmark.storage.contained_path import path_inside
from benchmark.storage.file_digests import StoredFile, files_below, first_damage, stored_file
from benchmark.storage.file_locks import exclusive
from benchmark.storage.utf8 import as_utf8, printable, writable
from benchmark.structured_text import Unreadable, read_json

log = logging.getLogger(__name__)

MANIFEST = "manifest.json"
STAGING = ".unfinished"
_OWN_DIGEST = "manifest_sha256"
"""In the manifest: of its other entries, so that a changed setting or note is as visible as a changed file."""
_LOCK = ".run.lock"
_LEFTOVERS = "leftovers.json"
"""In `STAGING`: what a killed run was replacing, and what it was moving into place; of one name, perhaps both."""
_OWN_NAMES = ("report.html", "metrics.csv", "differences.csv", "scores.parquet", "images.csv")
_Versions = dict[str, tuple[StoredFile, ...]]
"""By path below a run's folder, the files of that name that some run wrote."""
_FILES: TypeAdapter[dict[str, StoredFile]] = TypeAdapter(dict[str, StoredFile])
_VERSIONS: TypeAdapter[_Versions] = TypeAdapter(_Versions)


class RunFolder:
    """Gives a run a folder to write to, and puts what it wrote into `out` when it is whole.

    Args:
        out: made if absent; may hold an earlier run, and files of the user's own, which stay.
        config: the configuration of the new run, every name resolved.

    Raises:
        RequestError: another run is writing to `out`; or it holds a run with other settings, or files of a run's names
            that no manifest lists, and ``config.overwrite`` is not set.
        StorageError: the folder cannot be written.
    """

    def __init__(self, out: Path, config: RunConfig) -> None:
        self.out = out
        self.staging = out / STAGING
        self._config = config
        self._held = ExitStack()
        self._earlier: _Versions = {}
        self._moving = False

    def __enter__(self) -> Self:
        if writable(str(self.out)) != str(self.out):  # Parquet's writer takes no other name
            raise RequestError(f"--out {printable(str(self.out))} is not UTF-8; choose another folder")
        with storage_errors(self.out):
            self.out.mkdir(parents=True, exist_ok=True)
            try:
                self._held.enter_context(exclusive(self.out / _LOCK, timeout=0))
            except Timeout:
                raise RequestError(f"another run is writing to {self.out}; wait for it, or use another --out") from None
            try:
                self._earlier = _with(_leftovers(self.staging), self._replaceable_files())
                self._clear_staging()
            except BaseException:
                self._held.close()
                raise
        return self

    def finish(self) -> None:
        """Put the run in `staging`, whose manifest is written, into the place of the earlier one."""
        with storage_errors(self.out):
            new = _listed_files(read_manifest(self.staging))
            self._keep_leftovers(_with(self._earlier, new))
            self._moving = True
            (self.out / MANIFEST).unlink(missing_ok=True)
            sync_folder(self.out)
            for name in self._earlier.keys() - new.keys():
                self._remove(name, self._earlier[name])
            for name in new:
                target = path_inside(self.out, name)
                target.parent.mkdir(parents=True, exist_ok=True)
                path_inside(self.staging, name).replace(target)
            for folder in {path_inside(self.out, name).parent for name in new}:
                sync_folder(folder)
            (self.staging / MANIFEST).replace(self.out / MANIFEST)
            sync_folder(self.out)
            remove(self.staging)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None and not self._moving:
            with suppress(OSError):
                self._clear_staging()
                if not (self.staging / _LEFTOVERS).exists() or (self.out / MANIFEST).exists():
                    remove(self.staging)
        self._held.close()
        with suppress(OSError):  # a run that was refused or failed leaves no empty folder
            if [path.name for path in self.out.iterdir()] == [_LOCK]:
                remove(self.out)

    def _replaceable_files(self) -> dict[str, StoredFile]:
        """What the finished run in `out` wrote, if it may be replaced."""
        again = "use another --out, or --overwrite to replace it"
        overwrite = self._config.overwrite
        if not (self.out / MANIFEST).exists():
            listed = _leftovers(self.staging)
            foreign = [name for name in _OWN_NAMES if (self.out / name).exists() and name not in listed]
            if foreign and not overwrite:
                raise RequestError(f"{self.out} holds {', '.join(foreign)}, which no finished run lists; {again}")
            return {}
        try:
            manifest = read_manifest(self.out)
            files = _listed_files(manifest)
        except RequestError as error:
            if overwrite:
                log.warning("%s; files with other names are kept", error)
                return {}
            raise RequestError(f"{error}; {again}") from error
        changed = _changed_settings(manifest, self._config)
        if changed and not overwrite:
            raise RequestError(f"{self.out} holds a finished run with other settings ({changed}); {again}")
        return files

    def _clear_staging(self) -> None:
        """An empty `staging`, but for the list of what must still be removed from `out`."""
        self.staging.mkdir(exist_ok=True)
        if not (self.out / MANIFEST).exists() and self._earlier:
            self._keep_leftovers(self._earlier)
        for path in list(self.staging.iterdir()):
            if path.name != _LEFTOVERS:
                remove(path)

    def _keep_leftovers(self, files: _Versions) -> None:
        write_atomically(self.staging / _LEFTOVERS, _VERSIONS.dump_json(files, indent=1))

    def _remove(self, name: str, versions: Sequence[StoredFile]) -> None:
        """Remove what an earlier run wrote, and its folder if that is empty then; a file that was changed stays."""
        file = path_inside(self.out, name)
        if not file.is_file():
            return
        if all(first_damage(self.out, {name: version}) for version in versions):
            log.warning("%s was changed after its run had ended; it is kept", file)
            return
        file.unlink()
        with suppress(OSError):  # it holds something else
            if file.parent != self.out:
                file.parent.rmdir()


def write_manifest(folder: Path, manifest: Mapping[str, Any]) -> None:
    """Write ``manifest.json``: `manifest`, and every file that `folder` holds, with its digest.

    Raises:
        StorageError: the folder cannot be written.
    """
    with storage_errors(folder):
        files = {
            name: stored_file(file).model_dump(exclude={"stamp"})
            for name, file in files_below(folder, besides=(MANIFEST, _LEFTOVERS)).items()
        }
    whole = {**manifest, "files": files}
    whole[_OWN_DIGEST] = _digest_of_entries(whole)
    text = json.dumps(whole, indent=2, ensure_ascii=False, default=str) + "\n"
    write_atomically(folder / MANIFEST, as_utf8(text))


def read_manifest(folder: Path) -> dict[str, Any]:
    """What a run's folder says of it.

    Raises:
        RequestError: the folder is missing, holds no finished run, or its manifest is damaged.
    """
    if not folder.is_dir():
        raise RequestError(f"no such folder: {folder}; name a folder below reports/")
    file = folder / MANIFEST
    if not file.exists():
        if (folder / STAGING).exists():
            raise RequestError(f"{folder} holds an unfinished run; run the same command again to continue it")
        raise RequestError(f"{folder} holds no {MANIFEST}; name the folder of a finished run (it has a report.html)")
    try:
        manifest = read_json(file)
    except Unreadable as problem:
        raise RequestError(f"{file} is damaged (it {problem}); run the benchmark again") from problem
    if not isinstance(manifest, dict):
        raise RequestError(f"{file} is damaged (it is not a JSON object); run the benchmark again")
    return manifest


def read_finished(folder: Path) -> dict[str, Any]:
    """The manifest of a run whose files are all as it left them; without digests of the files and of itself.

    Raises:
        RequestError: as `read_manifest`; or a file is missing, or a file or the manifest itself was changed.
    """
    manifest = read_manifest(folder)
    damage = first_damage(folder, _listed_files(manifest))
    if not damage and manifest.get(_OWN_DIGEST, "") not in ("", _digest_of_entries(manifest)):
        damage = f"{MANIFEST} was changed after it was written"  # one of an earlier version has no digest
    if damage:
        raise RequestError(
            f"{folder} is not as its run left it: {damage}; run the benchmark again with --out {folder} --overwrite"
        )
    return {name: value for name, value in manifest.items() if name not in ("files", _OWN_DIGEST)}


def _digest_of_entries(manifest: Mapping[str, Any]) -> str:
    """SHA-256 of all entries but itself, as they are when they are read back."""
    entries = {name: value for name, value in manifest.items() if name != _OWN_DIGEST}
    as_read = json.loads(json.dumps(entries, default=str))
    return hashlib.sha256(json.dumps(as_read, sort_keys=True).encode("ascii")).hexdigest()


def _listed_files(manifest: Mapping[str, Any]) -> dict[str, StoredFile]:
    try:
        return _FILES.validate_python(manifest.get("files"))
    except ValidationError:
        raise RequestError(
            f"{MANIFEST} lists no files: an earlier version of this program wrote it, or it is damaged"
        ) from None


def _leftovers(staging: Path) -> _Versions:
    try:
        return _VERSIONS.validate_json((staging / _LEFTOVERS).read_bytes())
    except (OSError, ValidationError):
        return {}


def _with(files: _Versions, further: Mapping[str, StoredFile]) -> _Versions:
    return files | {name: tuple(dict.fromkeys((*files.get(name, ()), file))) for name, file in further.items()}


def _changed_settings(manifest: Mapping[str, Any], config: RunConfig) -> str:
    """The settings that differ from those of a stored run, and what they were; empty if none does."""
    before = manifest.get("config")
    if not isinstance(before, dict):
        return "which cannot be read"
    defaults = RunConfig().model_dump(mode="json")
    changed = [
        f"--{name.replace('_', '-')} was {json.dumps(before.get(name, defaults[name]), ensure_ascii=False)}"
        for name, value in config.model_dump(mode="json").items()
        if name not in NO_EFFECT_ON_NUMBERS and before.get(name, defaults[name]) != value
    ]
    return "; ".join(changed)
