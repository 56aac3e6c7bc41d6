"""Prints JSON that stays JSON on a terminal, or in a pipe, of any encoding."""

from __future__ import annotations

import json
import sys


def print_json(text: str) -> None:
    r"""Print a JSON document; where the output lacks one of its letters, with those that are not ASCII as ``\u4eba``.

    >>> print_json('{"name": "Zoë"}')
    {"name": "Zoë"}
    """
    try:
        text.encode(sys.stdout.encoding or "utf-8")
    except UnicodeEncodeError:
        text = json.dumps(json.loads(text), indent=2)
    print(text.removesuffix("\n"))
