"""Part 4: hostile names of people, photos, methods, plugin files and folders, through run, compare and export.

What must hold: nothing is lost (each photo is in ``images.csv`` or counted as passed over), every table has as many
fields in each row as columns, pages run no script that a name holds, and nothing is written outside the folders.
"""

from __future__ import annotations

import csv
import json
import os
import random
import re
import shutil
from collections.abc import Generator, Iterator, Sequence
from html.parser import HTMLParser
from io import StringIO
from pathlib import Path

from benchmark.storage.csv_files import original
from benchmark.storage.utf8 import printable
from tests.campaign.findings import Part
from tests.campaign.hostile_names import MARK, names_of_methods, some_names
from tests.campaign.material import PLUGIN, RECOGNISER, write_people
from tests.campaign.program import Ended, import_everything, run_program

TOGETHER = 25
"""Names in one run."""
LEAST_PEOPLE = 8
"""In one run, so that its threshold can be set."""
_METHODS = '''

from benchmark.methods.base import Unmasker
from benchmark.plugins import register_method

for _name in {names!r}:

    @register_method(_name)
    class Unchanged(Unmasker):
        """The masked face as it is."""

        needs_holes = False
        keeps_known_pixels = False
        name = _name

        def restore(self, faces):
            return faces.pixels
'''
_SETTINGS = (
    *(
        "--recognisers",
        RECOGNISER,
        "--size",
        "64",
        "--replicates",
        "5",
        "--targets",
        "0.1",
        "--workers",
        "1",
        "--quiet",
    ),
    *("--conditions", "raw-raw,raw-masked,raw-restored", "--face-detectors", "dlib-hog"),
)


def run_with_names(count: int, folder: Path, *, seed: int) -> Generator[Part, None, None]:
    """Give `count` hostile names to everything that has a name; the part as it stands after each of them.

    Args:
        count: names, and as many trials.
        folder: that is empty, for everything that the trials write.
        seed: of the choice.
    """
    part = Part("names", count)
    import_everything()
    photos = write_people(folder / "photos", people=TOGETHER)
    names = some_names(count, random.Random(f"{seed} names"))
    for first in range(0, count, TOGETHER):
        together = names[first : first + TOGETHER]
        here = folder / f"together-{first}"
        here.mkdir()
        problems = _problems_of(together, photos, here)
        for place, name in enumerate(together):
            own = [problem for about, problem in problems if about == name or (about is None and place == 0)]
            part.ended(repr(name), "nothing lost, nothing broken", own)
            yield part
        if not problems:
            shutil.rmtree(here)


def _problems_of(names: Sequence[bytes], photos: Sequence[Path], here: Path) -> list[tuple[bytes | None, str]]:
    """What went wrong, with the name that it is about; None where it may be any of them."""
    data = here / "data"
    given: dict[str, bytes] = {}
    people = sorted({photo.parent for photo in photos})
    ordinary = [f"person {place}".encode() for place in range(len(names), LEAST_PEOPLE)]
    for name, person in zip([*names, *ordinary], people, strict=False):
        _make(os.fsencode(data) + b"/" + name)
        for place, photo in enumerate(sorted(person.iterdir())):
            file = (name if place else b"first") + b".jpg"
            shutil.copyfile(photo, os.fsencode(data) + b"/" + name + b"/" + file)
            given[printable(os.fsdecode(name + b"/" + file))] = name
    folders = [_folder(here, b"out", names[0]), _folder(here, b"out", names[-1])]
    methods = names_of_methods(names)[:3]
    plugin = _folder(here, b"plugins", names[len(names) // 2])
    plugin.mkdir(parents=True)
    plugin /= "plugin.py"
    plugin.write_text(PLUGIN + _METHODS.format(names=methods), encoding="utf-8")
    before = sorted(path.name for path in here.iterdir())
    arguments = ["run", "--dataset", "folder", "--data-root", str(data), "--plugin", str(plugin), *_SETTINGS]
    arguments += [f"--methods={','.join(['none', *methods])}", f"--cache={here / 'cache'}"]
    problems: list[tuple[bytes | None, str]] = []
    for out, more in zip(folders, ([], ["--replicates", "6"]), strict=True):
        ended = run_program([*arguments, f"--out={out}", *more])
        problems += [(None, text) for text in _failure(ended, "run")]
        if problems:
            return problems
        problems += _lost(out, given)
    compared = _folder(here, b"compared", names[0])
    ended = run_program(["compare", *map(str, folders), f"--out={compared}"])
    problems += [(None, text) for text in _failure(ended, "compare")]
    for form in ("markdown", "latex", "csv", "json"):
        exported = _folder(here, b"exported", names[0]) / f"tables.{form}"
        ended = run_program(["export", str(folders[0]), "--format", form, f"--out={exported}"])
        problems += [(None, text) for text in _failure(ended, f"export --format {form}")]
    problems += [(None, text) for folder in ("out", "compared", "exported") for text in _broken_files(here / folder)]
    surplus = set(os.listdir(here)) - {*before, "cache", "out", "compared", "exported"}  # noqa: PTH208  # names only
    problems += [(None, f"written outside: {sorted(surplus)}")] if surplus else []
    return problems


def _folder(here: Path, kind: bytes, name: bytes) -> Path:
    """A folder for results: its name must be UTF-8, others are refused in one line."""
    return here / kind.decode() / name.decode("utf-8", "replace")


def _make(folder: bytes) -> None:
    Path(os.fsdecode(folder)).mkdir(parents=True)


def _failure(ended: Ended, what: str) -> list[str]:
    if ended.status == 0 and "Traceback" not in ended.errors:
        return []
    return [f"{what} ended with {ended.status}: {ended.errors[-800:]}"]


def _lost(out: Path, given: dict[str, bytes]) -> Iterator[tuple[bytes | None, str]]:
    """Photos that are neither in ``images.csv`` nor counted as passed over."""
    with (out / "images.csv").open(encoding="utf-8", newline="") as stream:
        seen = {original(row["image_id"]) for row in csv.DictReader(stream)}
    manifest = json.loads((out / "manifest.json").read_text(encoding="utf-8"))
    passed_over = sum(kind["count"] for kind in manifest["passed_over"])
    hidden = {photo for photo, name in given.items() if name.startswith(b".")}
    for photo, name in given.items():
        if photo not in seen and photo not in hidden:
            yield name, f"photo {photo!r} is not in images.csv"
    if hidden and not passed_over:
        yield None, f"hidden photos {sorted(hidden)} are not counted as passed over"


def _broken_files(folder: Path) -> Iterator[str]:
    for file in (Path(at) / name for at, _, names in os.walk(folder) for name in names):
        content = file.read_bytes()
        if file.suffix == ".csv":
            yield from _ragged(file, content)
        elif file.suffix == ".json":
            yield from _no_json(file, content)
        elif file.suffix == ".html":
            page = _Page()
            page.feed(content.decode("utf-8"))
            yield from (f"{file.name}: {one}" for one in page.run)
        elif file.suffix == ".svg" and re.search(rb"<(script|img)|\son\w+=", content):
            yield f"{file.name} holds a script"


def _ragged(file: Path, content: bytes) -> Iterator[str]:
    rows = list(csv.reader(StringIO(content.decode("utf-8"), newline=""), strict=True))
    lengths = {len(row) for row in rows}
    if len(lengths) > 1:
        yield f"{file.name} has rows of {sorted(lengths)} fields"
    for field in {field for row in rows for field in row}:
        if re.match(r"[=+@\t\r]|-(?![\d.])", field):
            yield f"{file.name} holds a formula: {field!r}"


def _no_json(file: Path, content: bytes) -> Iterator[str]:
    try:
        json.loads(content.decode("utf-8"))
    except ValueError as error:
        yield f"{file.name} is no JSON: {error}"


class _Page(HTMLParser):
    """Collects from a page what a hostile name would run."""

    def __init__(self) -> None:
        super().__init__()
        self.run: list[str] = []
        self._in_script = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """A handler in an attribute, or an address that is a script."""
        self._in_script = tag == "script"
        for name, value in attrs:
            if (name.startswith("on") and MARK in (value or "")) or (value or "").lower().startswith("javascript:"):
                self.run.append(f"<{tag} {name}={value!r}>")

    def handle_endtag(self, tag: str) -> None:
        """The end of a script."""
        self._in_script = self._in_script and tag != "script"

    def handle_data(self, data: str) -> None:
        """A script that is nothing but the name's."""
        if self._in_script and data.lstrip().startswith(MARK):
            self.run.append(f"<script>{data[:60]}")
