"""What an export stores to continue after it was stopped: its settings, and one record per image."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path, PurePosixPath
from types import TracebackType
from typing import Any

from benchmark.datasets.photo_folders import EXPORT_JOURNAL as JOURNAL
from benchmark.errors import RequestError, StorageError
from benchmark.storage.atomic_files import write_atomically
from benchmark.storage.contained_path import path_inside
from benchmark.storage.csv_files import write_csv

FOLDERS = ("unmasked", "masked", "true_mask")
"""The paired folders of an export: the same file names in each."""
MANIFEST = "manifest.csv"


@dataclass(frozen=True)
class ExportRecord:
    """One image of an export: a row of ``manifest.csv`` (its first eight fields).

    Attributes:
        file: path below the input folder.
        subject: the first folder of that path; empty where the photo is in none.
        output: path below each of the paired folders; empty where there is no mask.
        status: ``ok`` or ``failed``.
        step: ``read``, ``acquire`` or ``mask``: the step that refused the image; empty where none did.
        reason: why, one line.
        mask_type: the style drawn for this image.
        parameters: what was drawn.
        stamp: size and time of change of the photo's file, by which a changed photo is known.
        sha256: of the image's file in each of the paired folders, in the order of `FOLDERS`; empty where there is none.
    """

    file: str
    subject: str
    output: str
    status: str
    step: str
    reason: str
    mask_type: str
    parameters: Mapping[str, Any] = field(default_factory=dict)
    stamp: str = ""
    sha256: Sequence[str] = ()


COLUMNS = tuple(one.name for one in fields(ExportRecord))[:-2]


class ExportJournal:
    """The file `JOURNAL` in the output folder: the settings, then a line per image, each added with its files.

    Args:
        output: the export's folder.
        settings: JSON values on which every exported pixel depends.
        fresh: forget (and let `stale` name) what an export with other settings made.

    Raises:
        RequestError: the folder holds an export with other settings, or folders that no export made.
        StorageError: the folder cannot be written.
    """

    def __init__(self, output: Path, settings: Mapping[str, Any], *, fresh: bool) -> None:
        self.output = output
        self.records: dict[str, ExportRecord] = {}
        self._file = output / JOURNAL
        heading = json.dumps(settings, sort_keys=True)
        if self._file.exists():
            before, self.records = _read(self._file)
            if before != heading and not fresh:
                raise RequestError(
                    f"{output} holds an export with other settings ({_difference(before, settings)}); "
                    "use another --output, or --fresh to replace it"
                )
        elif any(_holds_something(output / name) for name in FOLDERS):
            raise RequestError(
                f"{output} holds {', '.join(name + '/' for name in FOLDERS)} that no export wrote; use another --output"
            )
        if fresh:
            for record in self.records.values():
                remove_outputs(output, record.output)
            self.records = {}
        self._rewrite(heading)

    def __enter__(self) -> ExportJournal:
        try:
            self._stream = self._file.open("a", encoding="utf-8")
        except OSError as error:
            raise StorageError(f"{self._file} cannot be written: {error.strerror}") from error
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stream.close()

    def add(self, record: ExportRecord) -> None:
        """Note an image as done."""
        try:
            self._stream.write(json.dumps(vars(record)) + "\n")
            self._stream.flush()
        except OSError as error:
            raise StorageError(f"{self._file} cannot be written: {error.strerror}; free some space") from error
        self.records[record.file] = record

    def write_manifest(self, order: Iterable[str]) -> None:
        """``manifest.csv``: a row per image, failures too, in the order of `order` (names of files)."""
        rows = []
        for file in order:
            record = self.records[file]
            parameters = json.dumps(dict(record.parameters), sort_keys=True) if record.parameters else ""
            fields = {**vars(record), "parameters": parameters}
            rows.append([fields[column] for column in COLUMNS])
        write_csv(self.output / MANIFEST, COLUMNS, rows)

    def _rewrite(self, heading: str) -> None:
        """The journal with this heading and what it knows, without a line that a killed run left unfinished."""
        lines = [heading, *(json.dumps(vars(record)) for record in self.records.values())]
        write_atomically(self._file, ("\n".join(lines) + "\n").encode("utf-8"))


def remove_outputs(output: Path, name: str) -> None:
    """Remove one image's files from the paired folders, those that are there.

    Raises:
        StorageError: `name` leads out of the folders, or a file cannot be removed.
    """
    for folder in FOLDERS if name else ():
        try:
            path_inside(output / folder, name).unlink(missing_ok=True)
        except OSError as error:
            raise StorageError(f"{output / folder / name} cannot be removed: {error.strerror}") from error


def _holds_something(folder: Path) -> bool:
    return folder.is_dir() and next(folder.iterdir(), None) is not None


def _read(file: Path) -> tuple[str, dict[str, ExportRecord]]:
    try:
        heading, *lines = file.read_text("utf-8").splitlines() or [""]
    except (OSError, UnicodeDecodeError) as error:
        raise StorageError(f"{file} cannot be read ({error}); remove the export's folder and start again") from error
    records = {}
    for line in lines:
        try:
            record = ExportRecord(**json.loads(line))
        except (TypeError, ValueError, RecursionError):  # the line that a killed run was writing
            continue
        if _is_sound(record):
            records[record.file] = record
    return heading, records


def _is_sound(record: ExportRecord) -> bool:
    """Whether a record is one that an export wrote, so that its output names a PNG in the paired folders."""
    texts = (record.file, record.subject, record.output, record.status, record.step, record.reason, record.mask_type)
    if not all(isinstance(text, str) for text in (*texts, record.stamp)):
        return False
    if not (isinstance(record.parameters, dict) and isinstance(record.sha256, list)):
        return False
    path = PurePosixPath(record.output)
    below = not path.is_absolute() and ".." not in path.parts and "\0" not in record.output
    return not record.output or (below and path.suffix == ".png")


def _difference(before: str, settings: Mapping[str, Any]) -> str:
    try:
        old = dict(json.loads(before))
    except (TypeError, ValueError, RecursionError):
        return "which cannot be read"
    changed = [name for name in sorted({*old, *settings}) if old.get(name) != settings.get(name)]
    return "; ".join(f"{name} was {json.dumps(old.get(name))}" for name in changed)
