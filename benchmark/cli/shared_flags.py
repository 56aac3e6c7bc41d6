"""Flags that several subcommands take, and what they do."""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmark.acquisition.face_detectors.names import FACE_DETECTORS
from benchmark.config import RunConfig
from benchmark.errors import RequestError


def add_plugin_flag(parser: argparse.ArgumentParser) -> None:
    """``--plugin FILE|MODULE``, which may be given several times."""
    parser.add_argument(
        "--plugin",
        action="append",
        default=[],
        metavar="FILE|MODULE",
        help="a Python file or module that registers more methods, masks, recognisers, data sets or metrics",
    )


def add_face_flags(parser: argparse._ActionsContainer) -> None:
    """``--face-detectors`` and ``--min-face``; left out, they are not among the options."""
    defaults = RunConfig()
    parser.add_argument(
        "--face-detectors",
        default=argparse.SUPPRESS,
        metavar="A,B",
        help=f"of {', '.join(FACE_DETECTORS)}; the next one is asked only where the ones before found no face "
        f"(default: {','.join(defaults.face_detectors)})",
    )
    parser.add_argument(
        "--min-face",
        type=int,
        default=argparse.SUPPRESS,
        metavar="N",
        help="faces narrower than N pixels of the photo do not count (default: 40 pixels of a copy whose longest side "
        "is at most 512)",
    )


def add_ignore_flag(parser: argparse._ActionsContainer) -> None:
    """``--ignore PATTERN``, which may be given several times; left out, it is not among the options."""
    parser.add_argument(
        "--ignore",
        action="append",
        default=argparse.SUPPRESS,
        metavar="PATTERN",
        help="pass over files and folders whose name, or path below the folder searched for photos, matches (*, ?, [])",
    )


def given_face_flags(options: argparse.Namespace) -> dict[str, Any]:
    """Those of `add_face_flags` that were given, as settings of `RunConfig`."""
    return {name: value for name, value in vars(options).items() if name in ("face_detectors", "min_face")}


def load_plugins(plugins: Sequence[str]) -> None:
    """Import what ``--plugin`` names.

    A file is also made importable by its stem, so that worker processes find its classes again.

    Raises:
        RequestError: no such file or module, or it cannot be imported.
    """
    for plugin in plugins:
        path = Path(plugin)
        is_file = path.suffix == ".py"
        if is_file and not path.is_file():
            raise RequestError(f"--plugin {plugin}: no such file")
        if is_file:
            sys.path.insert(0, str(path.resolve().parent))
        try:
            importlib.import_module(path.stem if is_file else plugin)
        except RequestError:
            raise
        except Exception as error:  # a plugin may raise anything on import
            raise RequestError(f"--plugin {plugin} cannot be imported: {type(error).__name__}: {error}") from error
