"""The commands that the campaign stops: what each needs beforehand, and what it must give in the end."""

from __future__ import annotations

import hashlib
import os
import shutil
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Self

import pandas as pd
import pyarrow.parquet as pq

from tests.campaign.material import SMALL_RUN, write_people, write_plugin
from tests.campaign.program import run_program

_COSTS = ("seconds_per_image", "peak_memory_mib")
_WEIGHTS_BYTES = 300_000
_FETCHED = '''
from benchmark.model_files import ModelFile
from benchmark.plugins import register_recogniser
from benchmark.recognisers.base import Recogniser

@register_recogniser("campaign-fetched")
class Fetched(Recogniser):
    """Weights that are a download from loopback."""
    model_file = ModelFile("campaign-fetched", "net.bin", "{url}", "{sha256}", 0.3)
    def chip(self, image, face):
        return image
    def embed(self, chips):
        return chips.mean(axis=(1, 2))
'''


class Ground:
    """What all trials share and none changes: photos, plugins, two finished runs, a server on loopback."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.photos = folder / "photos"
        self.cache = folder / "cache"

    def __enter__(self) -> Self:
        self.folder.mkdir(parents=True)
        write_people(self.photos)
        self.plugin = write_plugin(self.folder)
        site = self.folder / "site"
        site.mkdir()
        weights = bytes(number % 251 for number in range(_WEIGHTS_BYTES))
        (site / "net.bin").write_bytes(weights)
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(site)))
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{self._server.server_port}/net.bin"
        self.fetch_plugin = self.folder / "fetched.py"
        text = _FETCHED.format(url=url, sha256=hashlib.sha256(weights).hexdigest())
        self.fetch_plugin.write_text(text, encoding="utf-8")
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def run(self, name: str, *settings: str) -> Path:
        """The folder of a finished run, made when it is first asked for."""
        out = self.folder / name
        if not out.exists():
            ended = run_program([*run_arguments(self, out, self.cache), *settings])
            if ended.status != 0:
                raise RuntimeError(f"a run that nobody disturbs ended with {ended.status}: {ended.errors}")
        return out

    def environment(self, here: Path) -> Mapping[str, str]:
        """Variables of a trial: downloads go to its own folder."""
        return {"UNMASK_BENCHMARK_MODELS": str(here / "models")}


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        """Nothing: stderr is the campaign's."""


@dataclass(frozen=True)
class Command:
    """A command that writes.

    Attributes:
        name: in the summary.
        arguments: of a trial in a folder.
        result: what it wrote there, as digests by name; without what depends on the machine's mood.
        prepare: what is there before it.
        makes_a_run: it writes a run to ``out``.
    """

    name: str
    arguments: Callable[[Ground, Path], Sequence[str]]
    result: Callable[[Path], dict[str, str]]
    prepare: Callable[[Ground, Path], None] = lambda _ground, _here: None
    makes_a_run: bool = False


def run_arguments(ground: Ground, out: Path, cache: Path) -> list[str]:
    """A run of seconds."""
    return [*SMALL_RUN, "--plugin", str(ground.plugin), "--out", str(out), "--cache", str(cache)]


def numbers_of_run(folder: Path) -> str:
    """A digest of all metrics but times and memory."""
    table = pd.read_csv(folder / "metrics.csv", dtype=str, keep_default_na=False)
    return _digest(table[~table["metric"].isin(_COSTS)].to_csv(index=False).encode())


def copy_of_store(store: Path, target: Path) -> None:
    """Copy stored results by hard links, since a finished one is never written to; what is appended to is copied."""
    for file in store.rglob("*"):
        copy = target / file.relative_to(store)
        if file.is_dir():
            copy.mkdir(parents=True, exist_ok=True)
        elif file.suffix != ".lock":
            copy.parent.mkdir(parents=True, exist_ok=True)
            if len(file.relative_to(store).parts) > 1:
                os.link(file, copy)
            else:
                shutil.copy2(file, copy)


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _result_of_run(here: Path) -> dict[str, str]:
    out = here / "out"
    scores = pq.read_table(out / "scores.parquet").to_pandas().to_csv(index=False)
    names = sorted(file.relative_to(out).as_posix() for file in out.rglob("*") if file.is_file())
    return {
        "metrics": numbers_of_run(out),
        "scores": _digest(scores.encode()),
        "images": _digest((out / "images.csv").read_bytes()),
        "names of files": _digest("\n".join(names).encode("utf-8", "surrogateescape")),
    }


def _files_below(name: str, *besides: str) -> Callable[[Path], dict[str, str]]:
    def digests(here: Path) -> dict[str, str]:
        folder = here / name
        files = {file.relative_to(folder).as_posix(): file for file in folder.rglob("*") if file.is_file()}
        return {path: _digest(file.read_bytes()) for path, file in files.items() if not path.endswith(besides)}

    return digests


def _with_stored_results(ground: Ground, here: Path) -> None:
    ground.run("run-a")
    copy_of_store(ground.cache, here / "cache")


def _with_another_run(ground: Ground, here: Path) -> None:
    _with_stored_results(ground, here)
    shutil.copytree(ground.run("run-b", "--replicates", "6"), here / "out")


def _run(ground: Ground, here: Path) -> Sequence[str]:
    return run_arguments(ground, here / "out", here / "cache")


def _mask(ground: Ground, here: Path, workers: str = "1") -> Sequence[str]:
    folders = ["--input", str(ground.photos), "--output", str(here / "out")]
    return ["mask", *folders, "--workers", workers, "--quiet"]


def _train(ground: Ground, here: Path) -> Sequence[str]:
    settings = ["--method", "residual-regressor", "--steps", "4", "--train-limit", "24", "--mask-draws", "1"]
    places = ["--out", str(here / "out"), "--cache", str(here / "cache")]
    return ["train", *settings, "--size", "64", "--workers", "1", "--device", "cpu", "--quiet", *places]


def _compare(ground: Ground, here: Path) -> Sequence[str]:
    runs = (ground.run("run-a"), ground.run("run-b", "--replicates", "6"))
    return ["compare", *map(str, runs), "--out", str(here / "out")]


def _leaderboard(ground: Ground, here: Path) -> Sequence[str]:
    runs = (ground.run("run-a"), ground.run("run-b", "--replicates", "6"))
    return ["leaderboard", *map(str, runs), "--quiet", "--out", str(here / "out")]


def _export(ground: Ground, here: Path) -> Sequence[str]:
    return ["export", str(ground.run("run-a")), "--format", "json", "--out", str(here / "out" / "tables.json")]


def _fetch(ground: Ground, here: Path) -> Sequence[str]:
    return ["fetch", "campaign-fetched", "--plugin", str(ground.fetch_plugin), "--quiet"]


_mask_files = _files_below("out", ".jsonl", ".lock")
COMMANDS = {
    command.name: command
    for command in (
        Command("run", _run, _result_of_run, _with_stored_results, makes_a_run=True),
        Command("mask", _mask, _mask_files),
        Command("compare", _compare, _files_below("out")),
        Command(
            "run --overwrite",
            lambda ground, here: [*_run(ground, here), "--overwrite"],
            _result_of_run,
            _with_another_run,
            makes_a_run=True,
        ),
        Command("export", _export, _files_below("out")),
        Command("leaderboard", _leaderboard, _files_below("out")),
        Command("fetch", _fetch, _files_below("models", ".lock")),
        Command("run from nothing", _run, _result_of_run, makes_a_run=True),
        Command("train", _train, _files_below("out", ".lock", "card.json", "losses.csv")),
        Command("mask with workers", partial(_mask, workers="2"), _mask_files),
    )
}
