"""One artefact that a run makes: what it is, how much of it, and what it is called in the terminal."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_DECIDES_COST = ("recogniser", "detector", "method")


@dataclass(frozen=True)
class Work:
    """An artefact that is still to be made, or a part of one.

    Attributes:
        step: the step that makes it, e.g. ``"unmask"``.
        name: what decides the cost of a row: the recogniser, detector or method; or else what is being done.
        doing: what the terminal says, e.g. ``"unmask: telea"``.
        key: of the artefact.
        rows: how many are still to be made; 1 where the artefact has none.
        of: rows of the whole artefact.
        row_bytes: what a row takes on the disk; 0 = unknown.
        unit: what a row is; empty where the artefact has none.
    """

    step: str
    name: str
    doing: str
    key: str
    rows: int = 1
    of: int = 1
    row_bytes: int = 0
    unit: str = ""


def cost_name(about: Mapping[str, Any], doing: str) -> str:
    """What decides the cost of a row of the artefact described by `about`.

    >>> cost_name({"method": "glcic", "preset": "small"}, "")
    'glcic:small'
    >>> cost_name({"version": 3}, "find faces (test)")
    'find faces (test)'
    """
    for kind in _DECIDES_COST:
        if about.get(kind):
            preset = about.get("preset")
            named = preset and preset != "default" and kind == "method"
            return f"{about[kind]}:{preset}" if named else str(about[kind])
    return doing
