"""Learn to combine the scores of several methods (a fusion or a gate), and write its file."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from benchmark.cli import run
from benchmark.cli.shared_flags import load_plugins
from benchmark.config import load_config
from benchmark.errors import RequestError

KINDS = ("fusion", "gate")
_NOT_SETTINGS = (*run.NOT_SETTINGS, "kind", "file")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Those of a run, whose methods are the members, and what to learn."""
    run.add_arguments(parser)
    parser.add_argument(
        "--kind",
        choices=KINDS,
        default="fusion",
        help="fusion: a weighted sum of the scores; gate: one method for each probe, or none (default: fusion)",
    )
    parser.add_argument("--file", type=Path, required=True, metavar="FILE.yaml", help="file to write")


def execute(options: argparse.Namespace) -> int:
    """Learn, write, and say what it does to the people it was learned on."""
    given: dict[str, Any] = {name: value for name, value in vars(options).items() if name not in _NOT_SETTINGS}
    load_plugins(getattr(options, "plugin", []))
    if "out" in given or getattr(options, "dry_run", False):
        raise RequestError("fuse writes one file, --file, and knows neither --out nor --dry-run")
    if "methods" not in given:
        raise RequestError("--methods: name the methods to combine, as none,periocular,adapt")
    config = load_config(getattr(options, "config", None), given)
    from benchmark.api.fuse import fuse  # noqa: PLC0415  # imports PyTorch: not for --help

    print(fuse(config, options.kind, options.file))
    return 0
