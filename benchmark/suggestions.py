"""What a message suggests in place of a name that nobody knows."""

from __future__ import annotations

import difflib
from collections.abc import Collection


def did_you_mean(name: str, known: Collection[str], *, listed: str = "known are") -> str:
    """The nearest of the known names, or all of them, after the words `listed`, where none is near.

    >>> did_you_mean("sizes", ["size", "seed"])
    "did you mean 'size'?"
    >>> did_you_mean("colour", ["size", "seed"])
    'known are: size, seed'
    >>> did_you_mean("colour", [], listed="it has")
    'it has: none'
    """
    close = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    return f"did you mean '{close[0]}'?" if close else f"{listed}: {', '.join(known) or 'none'}"
