"""Part 2: mutated images are read, or refused with a documented reason, within bounded time and memory.

The reading is done in forked processes, some dozens of images each: a decoder that crashes the process or hangs is a
finding. At the end some of the images go through `mask` as one folder, where each must be counted.
"""

from __future__ import annotations

import csv
import os
import random
import re
import resource
import shutil
import signal
import time
from collections import Counter
from collections.abc import Generator, Iterator
from pathlib import Path

import numpy as np
from PIL import Image

from benchmark.datasets.image_costs import ReadingLimits
from benchmark.datasets.photo_formats import why_no_photo
from benchmark.datasets.photo_reading import LONGEST_SIDE, SMALLEST_SIDE, read_photo
from benchmark.errors import ImageRefused
from tests.campaign.findings import Finding, Part
from tests.campaign.material import write_people
from tests.campaign.mutations import MUTATIONS, SUFFIXES, sound_images
from tests.campaign.program import run_program

LIMITS = ReadingLimits(max_megapixels=16, max_seconds=5)
MOST_SECONDS = 8.0
"""Of processor time for one image: its limit, and what a decoder may need to notice it."""
MOST_MEMORY = 700 * 2**20
"""Bytes that a process may grow by: 16 megapixels as numbers of 32 bits, some copies of them, and the libraries."""
BATCH, IN_A_FOLDER = 40, 40
_BATCH_SECONDS = 900
REASONS = re.compile(
    r"file not found|not a file|empty file|not an image|truncated image|corrupt image|image smaller than 16×16 pixels|"
    r"image larger than 16 megapixels|image of 32 bits per channel larger than 4 megapixels|"
    r"progressive JPEG of more than 100 scans|decoding took more than 5 seconds of processor time|"
    r"too little memory to decode the image|unsupported pixel format \S+|"
    r"unsupported pixel format: (floats outside 0…255|integers of more than 16 bits)|file cannot be read: .+|"
    r".+: (to read it, pip install|convert it to JPEG or PNG).*|.+; convert it to JPEG or PNG"
)
"""What `read_photo` documents."""


def read_mutated_images(count: int, folder: Path, *, seed: int) -> Generator[Part, None, None]:
    """Read `count` mutated images; the part as it stands after each of them.

    Args:
        count: images, and as many trials.
        folder: that is empty, for the files.
        seed: of every choice.
    """
    part = Part("images", count)
    people = write_people(folder / "people")
    pictures = [Image.open(file).convert("RGB").resize((72, 64)) for file in people]
    sound = [sound_images(picture) for picture in pictures]
    files: list[tuple[Path, str]] = []
    for trial in range(count):
        choice = random.Random(f"{seed} image {trial}")
        kind, encoded = choice.choice(list(choice.choice(sound).items()))
        mutation = choice.choice(list(MUTATIONS))
        suffix = choice.choice(SUFFIXES)
        file = folder / "mutated" / f"{trial}{'.' * bool(suffix)}{suffix}"
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(MUTATIONS[mutation](bytearray(encoded), choice))
        files.append((file, f"{kind}, {mutation}, {suffix or 'no suffix'}"))
    for start in range(0, count, BATCH):
        batch = files[start : start + BATCH]
        for (file, told), (outcome, problem) in zip(batch, _read_in_a_fork([file for file, _ in batch]), strict=True):
            part.ended(f"{file.name}: {told}", outcome, [problem] if problem else [])
            yield part
    lost = _lost_in_a_folder([file for file, _ in files[:IN_A_FOLDER]], people, folder / "export")
    part.findings += [Finding("mask of a folder", problem) for problem in lost]
    part.outcomes["in a folder for mask, each counted"] = 0 if lost else min(count, IN_A_FOLDER)
    yield part


def _read_in_a_fork(files: list[Path]) -> Iterator[tuple[str, str]]:
    """How reading each file ended, and what was wrong with that, if anything was."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        signal.alarm(_BATCH_SECONDS)
        with os.fdopen(writing, "w", encoding="utf-8") as stream:
            for file in files:
                stream.write("\t".join(" ".join(text.split()) for text in _read(file)) + "\n")
                stream.flush()
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading, encoding="utf-8") as stream:
        lines = [line.rstrip("\n").split("\t") for line in stream]
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    for place, _ in enumerate(files):
        if place < len(lines):
            outcome, problem = lines[place]
            yield outcome, problem
        elif place == len(lines):
            yield "the process ended", f"the process that read it ended with {status}"
        else:
            yield from _read_in_a_fork(files[place:])
            return


def _read(file: Path) -> tuple[str, str]:
    before, memory = time.process_time(), _peak_memory()
    try:
        why_no_photo(file)
        pixels = read_photo(file, LIMITS)
    except ImageRefused as refusal:
        outcome = f"refused: {re.sub(r'(?<=pixel format) .*', ' …', refusal.reason)}"
        problem = "" if REASONS.fullmatch(refusal.reason) else f"a reason that is not documented: {refusal.reason}"
    except BaseException as error:
        outcome, problem = "raised", f"{type(error).__name__}: {error}"
    else:
        sides = pixels.shape[:2]
        sound = pixels.dtype == np.uint8 and pixels.ndim == 3 and pixels.shape[2] == 3
        bounded = min(sides) >= SMALLEST_SIDE and max(sides) <= LONGEST_SIDE
        outcome, problem = "read", "" if sound and bounded else f"gave {pixels.dtype} {pixels.shape}"
    seconds, grown = time.process_time() - before, _peak_memory() - memory
    if seconds > MOST_SECONDS:
        problem = problem or f"took {seconds:.1f} s of processor time"
    if grown > MOST_MEMORY:
        problem = problem or f"took {grown / 2**20:.0f} MiB"
    return outcome, problem


def _peak_memory() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def _lost_in_a_folder(files: list[Path], people: list[Path], folder: Path) -> list[str]:
    """What `mask` says of some images in a folder: each is in its table of photos or counted as passed over."""
    photos = folder / "photos"
    for place, file in enumerate([*files, *people[:1]]):
        person = photos / f"person {place % 4}"
        person.mkdir(parents=True, exist_ok=True)
        shutil.copy2(file, person / file.name)
    output = folder / "out"
    arguments = ["mask", "--input", str(photos), "--output", str(output), "--workers", "1", "--quiet"]
    ended = run_program([*arguments, "--face-detectors", "dlib-hog", "--max-megapixels", "16"])
    if ended.status != 0 or "Traceback" in ended.errors:
        return [f"status {ended.status}: {ended.errors[-500:]}"]
    with (output / "manifest.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    passed_over: Counter[str] = Counter()
    if (output / "passed_over.csv").exists():
        with (output / "passed_over.csv").open(encoding="utf-8", newline="") as stream:
            passed_over.update(
                {f"{row['suffix']} {row['reason']}": int(row["files"]) for row in csv.DictReader(stream)}
            )
    given, counted = len(files) + len(people[:1]), len(rows) + passed_over.total()
    problems = [] if given == counted else [f"{given} files, {counted} of them counted: {dict(passed_over)}"]
    problems += [
        f"{row['file']}: failed without a reason" for row in rows if row["status"] != "ok" and not row["reason"]
    ]
    return problems
