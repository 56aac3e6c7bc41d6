"""Private names of the modules in a plugin's folder.

The folder is part of the name, so that two files called ``method.py`` are two modules, none of them can take the place
of a module of the standard library, and a worker process that is told nothing but the name finds the file again:
``benchmark.plugin_code._2Fhome_2Fanna_2Fmethods.my_method`` is ``/home/anna/methods/my_method.py``.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

PARENT = "benchmark.plugin_code"
_OTHER_BYTE = re.compile(rb"[^A-Za-z0-9]")
_ESCAPED = re.compile(rb"_([0-9A-F]{2})")


def folder_module(folder: Path) -> str:
    """The private package of the modules in `folder`.

    >>> folder_module(Path("/tmp/my plugins"))
    'benchmark.plugin_code._2Ftmp_2Fmy_20plugins'
    """
    return f"{PARENT}.{_escaped(str(folder))}"


def folder_of(module: str) -> Path | None:
    """The folder whose private package `module` is, or is below; None for any other module.

    >>> folder_of("benchmark.plugin_code._2Ftmp_2Fmy_20plugins.networks.small").as_posix()
    '/tmp/my plugins'
    """
    if not module.startswith(f"{PARENT}."):
        return None
    folder = Path(unescaped(module.removeprefix(f"{PARENT}.").partition(".")[0]))
    return folder if folder.is_absolute() else None


def file_module(file: Path) -> str:
    """The private name of a file; a stem that is no identifier (``my.method.py``) is escaped."""
    return f"{folder_module(file.parent)}.{file.stem if file.stem.isidentifier() else _escaped(file.stem)}"


def unescaped(text: str) -> str:
    """What `_escaped` was given."""
    return os.fsdecode(_ESCAPED.sub(lambda found: bytes.fromhex(found[1].decode()), os.fsencode(text)))


def _escaped(text: str) -> str:
    return os.fsdecode(_OTHER_BYTE.sub(lambda found: f"_{found[0][0]:02X}".encode(), os.fsencode(text)))
