"""What a message suggests in place of a name that nobody knows."""

from __future__ import annotations

import difflib
from collections.abc import Collection


def nearest(name: str, known: Collection[str], *, likeness: float = 0.5) -> str | None:
    """The known name that is most like `name`; None where none is near.

    Args:
        name: that nobody knows.
        known: names.
        likeness: from 0 to 1, as `difflib` measures it; less is not near.
    """
    return next(iter(difflib.get_close_matches(name, known, n=1, cutoff=likeness)), None)


def did_you_mean(name: str, known: Collection[str], *, listed: str = "known are") -> str:
    """The nearest of the known names, or all of them, after the words `listed`, where none is near.

    >>> did_you_mean("sizes", ["size", "seed"])
    "did you mean 'size'?"
    >>> did_you_mean("colour", ["size", "seed"])
    'known are: size, seed'
    >>> did_you_mean("colour", [], listed="it has")
    'it has: none'
    """
    close = nearest(name, known)
    return f"did you mean '{close}'?" if close else f"{listed}: {', '.join(known) or 'none'}"
