"""For mkdocs: links of docs/ to files elsewhere in the repository lead to the repository's own page of them."""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from typing import Any

_REPOSITORY = "https://github.com/unmask-benchmark/unmask-benchmark/blob/main"
_OUTSIDE = re.compile(r"(\]\()(\.\./[^)\s]+)(\))")


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Called by mkdocs for each page."""
    return _OUTSIDE.sub(lambda link: f"{link[1]}{_REPOSITORY}/{PurePosixPath(link[2][3:])}{link[3]}", markdown)
