"""The digest of all source files below a folder."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path


@cache
def source_digest(folder: Path) -> str:
    """Of the names and contents of every Python file below `folder`, 12 hexadecimal digits; read once a process."""
    content = hashlib.sha256()
    for file in sorted(folder.rglob("*.py")):
        content.update(file.relative_to(folder).as_posix().encode() + b"\0" + file.read_bytes() + b"\0")
    return content.hexdigest()[:12]
