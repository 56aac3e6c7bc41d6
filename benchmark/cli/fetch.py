"""Download the weights of recognisers and face detectors; without names, list what can be downloaded."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from benchmark.cli.shared_flags import add_plugin_flag, load_plugins
from benchmark.errors import BenchmarkError, PluginError, RequestError
from benchmark.model_files import ModelFile, located, models_folder
from benchmark.named_weights import DETECTOR_FILES, detector_file
from benchmark.plugins import RECOGNISERS
from benchmark.progress import Progress


@dataclass(frozen=True)
class _Source:
    """Weights that can be fetched, and what must be known of them.

    Attributes:
        file: the weights.
        accept: looks into a download whose digest nobody published.
        missing: the package without which they are of no use, and how to get it; empty if it is here.
    """

    file: ModelFile
    accept: Callable[[Path], None] | None = None
    missing: str = ""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Names, or none."""
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help="a recogniser or face detector (default: list all of them)"
    )
    parser.add_argument("--quiet", action="store_true", help="print no progress bars")
    add_plugin_flag(parser)


def execute(options: argparse.Namespace) -> int:
    """Download what is named and say where it is."""
    load_plugins(options.plugin)
    if not options.names:
        print(_listed())
        return 0
    from benchmark.downloads.model_download import fetched  # noqa: PLC0415  # not for --help

    wanted = {name: _source(name) for name in dict.fromkeys(options.names)}  # a wrong name stops before any download
    for name, source in wanted.items():
        path = fetched(source.file, progress=Progress(quiet=options.quiet), accept=source.accept)
        print(f"{name}: {path}")
    return 0


def _source(name: str) -> _Source:
    if name in DETECTOR_FILES:
        return _Source(detector_file(name))
    cls = RECOGNISERS.load(name)
    file = cls.model_file
    if file is None:
        raise RequestError(f"'{name}' has no weights to fetch: its package contains them (see `doctor`)")
    if not file.url and located(file) is None:
        raise RequestError(f"'{name}' cannot be downloaded: {file.how_to_get}")
    missing = cls.missing_package()
    if missing:
        raise RequestError(f"'{name}': {missing}")
    return _Source(file, cls.accept)


def _listed() -> str:
    found: dict[str, str] = {}
    for name in (*RECOGNISERS.names(), *DETECTOR_FILES):
        try:
            file = detector_file(name) if name in DETECTOR_FILES else RECOGNISERS.load(name).model_file
        except PluginError:  # `doctor` tells why
            continue
        if file is not None:
            found[name] = _state(file)
    width = max(map(len, found), default=0) + 2
    return "\n".join(
        [f"downloads are kept in {models_folder()}", *(f"{name:<{width}}{state}" for name, state in found.items())]
    )


def _state(file: ModelFile) -> str:
    try:
        path = located(file)
    except BenchmarkError as error:
        return str(error)
    if path is not None:
        return f"here: {path}"
    return f"{file.size}{file.unverified}, {file.url}" if file.url else file.how_to_get
