"""The subcommands by name; each is a module, imported only when it is called: most of them need slow packages."""

from __future__ import annotations

import ast
import importlib
from pathlib import Path
from types import ModuleType

SUBCOMMANDS = {
    "run": "run",
    "compare": "compare",
    "export": "export",
    "leaderboard": "leaderboard",
    "list": "list_plugins",
    "mask": "mask",
    "train": "train",
    "fuse": "fuse",
    "fetch": "fetch",
    "doctor": "doctor",
}
"""Their modules' names in this package."""
CONTINUED = ("run", "mask", "train", "fuse", "fetch")
"""Those that keep finished work when they are stopped, and go on from there the next time."""


def subcommand(name: str) -> ModuleType:
    """The module, with ``add_arguments(parser)`` and ``execute(options)``."""
    return importlib.import_module(f"benchmark.cli.{SUBCOMMANDS[name]}")


def summary(name: str) -> str:
    """The first line of the module's docstring; read, not imported."""
    source = (Path(__file__).parent / f"{SUBCOMMANDS[name]}.py").read_text("utf-8")
    return (ast.get_docstring(ast.parse(source)) or "").partition("\n")[0]
