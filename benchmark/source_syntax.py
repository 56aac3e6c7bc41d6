"""The syntax of source files, each parsed once: plugins are found, and their cards read, without importing them."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path


@cache
def syntax(file: Path) -> ast.Module:
    """What `file` says.

    Raises:
        OSError: it cannot be read.
        SyntaxError: it is not Python.
    """
    return ast.parse(file.read_text("utf-8"))
