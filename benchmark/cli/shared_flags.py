"""Flags that several subcommands take, and what they do."""

from __future__ import annotations

import argparse
import importlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmark.acquisition.face_detectors.names import FACE_DETECTORS
from benchmark.errors import PluginNotLoaded, RequestError
from benchmark.plugin_code.guard import plugin_code
from benchmark.plugin_code.importer import load_file


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
    from benchmark.config import RunConfig  # noqa: PLC0415  # `list` does without

    defaults = RunConfig()
    parser.add_argument(
        "--face-detectors",
        default=argparse.SUPPRESS,
        metavar="A,B",
        help=f"any of {', '.join(FACE_DETECTORS)}, in order; each is tried only where those before it found no face "
        f"(default: {','.join(defaults.face_detectors)})",
    )
    parser.add_argument(
        "--min-face",
        type=int,
        default=argparse.SUPPRESS,
        metavar="N",
        help="ignore faces narrower than N pixels of the photo (default: 40 pixels once the photo is scaled down to at "
        "most 512 pixels on its longest side)",
    )


def add_cost_flags(parser: argparse._ActionsContainer) -> None:
    """``--max-megapixels`` and ``--max-decode-seconds``; left out, they are not among the options."""
    from benchmark.config import RunConfig  # noqa: PLC0415  # `list` does without

    defaults = RunConfig()
    parser.add_argument(
        "--max-megapixels",
        type=float,
        default=argparse.SUPPRESS,
        metavar="N",
        help="a photo of more counts as a failure; with 32 bits per channel, a quarter as many "
        f"(default: {defaults.max_megapixels:g})",
    )
    parser.add_argument(
        "--max-decode-seconds",
        type=float,
        default=argparse.SUPPRESS,
        metavar="N",
        help="a photo whose decoding takes more processor time counts as a failure "
        f"(default: {defaults.max_decode_seconds:g})",
    )


def add_ignore_flag(parser: argparse._ActionsContainer) -> None:
    """``--ignore PATTERN``, which may be given several times; left out, it is not among the options."""
    parser.add_argument(
        "--ignore",
        action="append",
        default=argparse.SUPPRESS,
        metavar="PATTERN",
        help="skip files and folders whose name, or path relative to the folder searched for photos, matches PATTERN "
        "(*, ?, [])",
    )


def given_face_flags(options: argparse.Namespace) -> dict[str, Any]:
    """Those of `add_face_flags` and `add_cost_flags` that were given, as settings of `RunConfig`."""
    names = ("face_detectors", "min_face", "max_megapixels", "max_decode_seconds")
    return {name: value for name, value in vars(options).items() if name in names}


def load_plugins(plugins: Sequence[str]) -> None:
    """Load what ``--plugin`` names: a file by its path, whatever it is called, and a module as Python finds it.

    Raises:
        RequestError: no such file or module, or it cannot be imported.
    """
    for plugin in plugins:
        file = Path(plugin).expanduser()
        is_file = file.suffix == ".py"
        if is_file and not file.is_file():
            raise RequestError(f"--plugin {plugin}: no such file")
        with plugin_code(f"--plugin {plugin} cannot be imported", error=PluginNotLoaded):
            if is_file:
                load_file(file)
            else:
                importlib.import_module(plugin)
