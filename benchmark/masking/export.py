"""Exports paired folders for training and for other programs: faces, the same faces masked, and where the mask is.

``unmasked/NAME``, ``masked/NAME`` and ``true_mask/NAME`` are PNGs of one size, aligned alike; ``true_mask`` is 255
where the mask changed the photo. ``NAME`` is the photo's path below the input folder, with ``.png`` added unless it
already ends with it (`output_name`), so that ``a.jpg`` and ``a.png`` stay distinct. An image whose mask
could not be placed is absent from all three folders and listed in ``manifest.csv`` with the reason.
"""

from __future__ import annotations

import hashlib
import logging
import os
from collections.abc import Callable, Container, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath

import cv2
from filelock import Timeout

from benchmark.acquisition.detection import FaceSearch
from benchmark.datasets.image_costs import DEFAULT_LIMITS, ReadingLimits
from benchmark.datasets.passed_over import PassedOver, kinds_passed_over, passed_over_line
from benchmark.datasets.photo_folders import find_photos
from benchmark.datasets.photo_formats import PHOTO_SUFFIXES
from benchmark.datasets.photo_reading import READING_VERSION, read_photo
from benchmark.errors import ImageRefused, RequestError, StorageError
from benchmark.machine.library_versions import libraries_in_key
from benchmark.masking.base import MaskStyle
from benchmark.masking.choice import choose_style
from benchmark.masking.crops import MaskedCrops, masked_crops
from benchmark.masking.export_journal import FOLDERS, ExportJournal, ExportRecord, remove_outputs
from benchmark.masking.resolve import mask_style
from benchmark.parallel import map_in_processes
from benchmark.plugin_code.keys import code_in_key
from benchmark.progress import Progress
from benchmark.seeds import generator_for
from benchmark.storage.atomic_files import TEMPORARY_LENGTH, sync_all, write_atomically
from benchmark.storage.csv_files import write_csv
from benchmark.storage.file_digests import stored_file
from benchmark.storage.file_locks import exclusive
from benchmark.storage.png_pair import encode_png_pair
from benchmark.storage.utf8 import printable

log = logging.getLogger(__name__)

PASSED_OVER = "passed_over.csv"
"""Table of the input's files that are no photos, counted by suffix and reason."""
_VERSION = 4
_SIZES = (16, 1024)
_LONGEST_NAME = 255  # bytes of one part of a path, on every file system in use


@dataclass(frozen=True)
class ExportSummary:
    """The result of an export.

    Attributes:
        output: its folder.
        exported: images in each of the paired folders.
        failed: images listed in ``manifest.csv`` without a mask.
        reused: exported images that an earlier start had made.
    """

    output: Path
    exported: int
    failed: int
    reused: int

    def __str__(self) -> str:
        reused = f", {self.reused:,} of them from an earlier start" if self.reused else ""
        failed = f"; failed photos: {self.failed:,}, see {self.output / 'manifest.csv'}" if self.failed else ""
        return f"{self.exported:,} masked faces in {self.output}{reused}{failed}"


@dataclass(frozen=True)
class _Task:
    """One photo and what is to be drawn on it."""

    file: str
    path: Path
    output: str
    mask_type: str
    style: MaskStyle
    stamp: str


def export_pairs(
    source: Path,
    output: Path,
    *,
    styles: Sequence[str],
    size: int = 64,
    seed: int = 0,
    workers: int = 1,
    fresh: bool = False,
    progress: Progress | None = None,
    face_search: FaceSearch | None = None,
    ignore: Sequence[str] = (),
    limits: ReadingLimits = DEFAULT_LIMITS,
) -> ExportSummary:
    """Draw one seeded style on every photo below `source` and write the paired folders and ``manifest.csv``.

    A second call continues a killed one: complete images of unchanged photos are not made again.

    Args:
        source: photos in any sub-folders, as `find_photos` finds them; what is passed over is counted in `PASSED_OVER`.
        output: made if absent.
        styles: names as `mask_style` takes; each image draws one of them by seed and path.
        size: side of the crops, pixels.
        seed: the seed of every random choice.
        workers: processes.
        fresh: replace what an earlier export left in `output`.
        progress: shows a bar; none if not given.
        face_search: how faces are looked for; as by default if not given.
        ignore: patterns of files and folders to pass over, as `find_photos` takes them.
        limits: what one photo may cost.

    Raises:
        RequestError: a missing or empty folder, an unknown style, a size outside 16 to 1024, an output folder that
            holds an export with other settings.
        StorageError: a full disk or an unwritable folder.
    """
    if not _SIZES[0] <= size <= _SIZES[1]:
        raise RequestError(f"--size {size} is outside {_SIZES[0]} to {_SIZES[1]}")
    search = face_search or FaceSearch()
    by_name = {name: mask_style(name) for name in styles}
    tasks, passed_over = _tasks(source, output, by_name, seed, ignore)
    settings = {
        "version": _VERSION,
        "reading": READING_VERSION,
        "input": str(source.resolve()),
        "size": size,
        "seed": seed,
        **({"limits": limits.in_key} if limits.in_key else {}),
        "masks": {name: style.version for name, style in sorted(by_name.items())},
        **search.about(),
        **code_in_key(*(by_name[name] for name in sorted(by_name))),
        **libraries_in_key("opencv", "pillow", "dlib", "numpy"),
    }
    _make_folder(output)
    try:
        with (
            exclusive(output / ".mask-export.lock", timeout=0),
            ExportJournal(output, settings, fresh=fresh) as journal,
        ):
            work = partial(_export_one, output=output, size=size, seed=seed, search=search, limits=limits)
            _write_passed_over(output / PASSED_OVER, passed_over)
            return _export(tasks, journal, work, workers=workers, progress=progress or Progress(quiet=True))
    except Timeout:
        raise RequestError(f"another export is writing to {output}; wait for it, or use another --output") from None


def output_name(file: str, others: Container[str] = ()) -> str:
    """Name of an exported PNG for a photo's path; no two photos share one.

    ``.png`` is added unless the name ends so already; where what is before that ending is a photo's name itself,
    it is added again.

    Args:
        file: path of the photo.
        others: paths of all photos: one of them may have no suffix, or one of its own.

    >>> [output_name(name) for name in ("anna/1.jpg", "anna/1.png", "anna/1.jpg.png")]
    ['anna/1.jpg.png', 'anna/1.png', 'anna/1.jpg.png.png']
    >>> [output_name(name, ("anna/1", "anna/1.png")) for name in ("anna/1", "anna/1.png")]
    ['anna/1.png', 'anna/1.png.png']
    """
    path = PurePosixPath(file)
    before = file.removesuffix(".png")
    if path.suffix == ".png" and PurePosixPath(before).suffix.lower() not in PHOTO_SUFFIXES and before not in others:
        return file
    return f"{file}.png"


def _export(
    tasks: Sequence[_Task],
    journal: ExportJournal,
    work: Callable[[_Task], ExportRecord],
    *,
    workers: int,
    progress: Progress,
) -> ExportSummary:
    for folder in FOLDERS:
        for leftover in (journal.output / folder).rglob(".*.tmp"):  # a killed run was writing it
            leftover.unlink(missing_ok=True)
    wanted = {task.file for task in tasks}
    for file in [file for file in journal.records if file not in wanted]:
        remove_outputs(journal.output, journal.records.pop(file).output)
    missing = [task for task in tasks if not _is_whole(journal, task)]
    again = {task.file for task in missing}
    reused = sum(journal.records[file].status == "ok" for file in wanted - again)
    with progress.bar("draw masks", total=len(tasks), done=len(tasks) - len(missing), unit="photo") as bar:
        for record in map_in_processes(work, missing, workers=min(workers, len(missing)), bar=bar):
            journal.add(record)
    sync_all()
    journal.write_manifest(task.file for task in tasks)
    exported = sum(record.status == "ok" for record in journal.records.values())
    return ExportSummary(journal.output, exported, len(tasks) - exported, reused)


def _is_whole(journal: ExportJournal, task: _Task) -> bool:
    record = journal.records.get(task.file)
    if record is None or record.stamp != task.stamp or record.mask_type != task.mask_type:
        return False
    if record.status != "ok":
        return True
    if record.output != task.output or len(record.sha256) != len(FOLDERS):
        return False
    files = [journal.output / name / task.output for name in FOLDERS]
    return all(_is_as_noted(file, noted) for file, noted in zip(files, record.sha256, strict=True))


def _is_as_noted(file: Path, sha256: str) -> bool:
    try:
        return stored_file(file).sha256 == sha256
    except OSError:
        return False


def _export_one(
    task: _Task, *, output: Path, size: int, seed: int, search: FaceSearch, limits: ReadingLimits
) -> ExportRecord:
    name = task.output
    parts = PurePosixPath(task.file).parts
    record = partial(
        ExportRecord, task.file, parts[0] if len(parts) > 1 else "", mask_type=task.mask_type, stamp=task.stamp
    )
    step = "read"
    try:
        if len(os.fsencode(PurePosixPath(name).name)) > _LONGEST_NAME - TEMPORARY_LENGTH:
            raise ImageRefused("file name too long to export")
        photo = read_photo(task.path, limits)
        step = "acquire"
        found = search.find_large(photo) or search.find(photo)
        step = "mask"
        # the stream that a benchmark run gives this image, so that both draw the same mask
        generator = generator_for(seed, "mask", task.mask_type, task.file)
        crops = masked_crops(
            photo, found.geometry, size=size, mask_type=task.mask_type, style=task.style, rng=generator
        )
    except ImageRefused as refusal:
        remove_outputs(output, name)  # of an earlier version of this photo
        return record(output="", status="failed", step=step, reason=refusal.reason)
    pictures = encoded_pictures(crops)
    written = [_write(output / folder / name, content) for folder, content in zip(FOLDERS, pictures, strict=True)]
    parameters = {**crops.parameters, "face_detector": found.face_detector}
    return record(output=name, status="ok", step="", reason="", parameters=parameters, sha256=written)


def encoded_pictures(crops: MaskedCrops) -> tuple[bytes, bytes, bytes]:
    """A PNG for each of the paired folders, in the order of `FOLDERS`."""
    done, true_mask = cv2.imencode(".png", crops.true_mask)
    if not done:
        raise StorageError("a mask cannot be encoded as PNG")
    return *encode_png_pair(crops.unmasked, crops.masked), true_mask.tobytes()


def _write(file: Path, content: bytes) -> str:
    """Write a file, whose SHA-256 is returned: by that the next start knows whether it is whole."""
    _make_folder(file.parent)
    write_atomically(file, content, sync=False)
    return hashlib.sha256(content).hexdigest()


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StorageError(f"folder {folder} cannot be made: {error.strerror}; choose another --output") from error


def _tasks(
    source: Path, output: Path, styles: dict[str, MaskStyle], seed: int, ignore: Sequence[str]
) -> tuple[list[_Task], Sequence[PassedOver]]:
    if not source.is_dir():
        what = "is not a folder" if source.exists() else "does not exist"
        raise RequestError(f"input {source} {what}; name a folder of photos with --input")
    if source.resolve() == output.resolve():
        raise RequestError(f"input and output are the same folder, {source}; choose another --output")
    found = find_photos(source, ignore=ignore, output=output)
    line = passed_over_line(found.passed_over)
    paths: dict[str, str] = {}
    for path in found.photos:
        file = printable(path)
        if file in paths:
            raise RequestError(f"two files in {source} are both called '{file}' in UTF-8; rename one of them")
        paths[file] = path
    if not paths:
        raise RequestError(f"no photos in {source}{f' ({line})' if line else ''}")
    if line:
        log.warning("%s: %s", source, line)
    tasks = []
    for file in sorted(paths):
        photo, mask_type = source / paths[file], choose_style(tuple(styles), seed, file)
        tasks.append(_Task(file, photo, output_name(file, paths), mask_type, styles[mask_type], _stamp(photo)))
    return tasks, found.passed_over


def _write_passed_over(file: Path, passed_over: Sequence[PassedOver]) -> None:
    """A row for each suffix and reason; an old table is removed where nothing is passed over."""
    if not passed_over:
        file.unlink(missing_ok=True)
        return
    kinds = kinds_passed_over(passed_over)
    rows = [(kind.suffix, kind.reason, kind.count, kind.first) for kind in kinds]
    write_csv(file, ("suffix", "reason", "files", "first"), rows)


def _stamp(path: Path) -> str:
    try:
        status = path.stat()
    except OSError:  # a dangling link: reading it gives the reason
        return "unreadable"
    return f"{status.st_size} {status.st_mtime_ns}"
