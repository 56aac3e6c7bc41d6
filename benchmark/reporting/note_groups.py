"""The notes of a run, gathered by what they are about."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from benchmark.reporting.formatting import listed
from benchmark.reporting.formatting import target as target_text
from benchmark.verification.measurement import Note

_HEADINGS: dict[str, str] = {
    "": "About this run",
    "refused": "Targets refused: too few comparisons to count",
    "flagged": "Targets flagged: fewer than 30 false matches expected",
    "withheld": "Values withheld",
    "realised FMR": "False match rates beyond twice the target",
    "undefined": "Nothing to count",
    "templates": "Photos missing from their templates",
    "failed": "Metrics that failed",
}
_MAX_NAMES = 4


@dataclass(frozen=True)
class NoteLine:
    """One note and what it concerns."""

    text: str
    where: str


@dataclass(frozen=True)
class NoteGroup:
    """Notes of one kind; short groups stand open."""

    heading: str
    lines: tuple[NoteLine, ...]
    open: bool


def note_groups(notes: Sequence[Note | str]) -> list[NoteGroup]:
    """Groups in the order of their weight; kinds that are not known come last under their own name."""
    found: dict[str, dict[NoteLine, None]] = {kind: {} for kind in _HEADINGS}
    for note in notes:
        if isinstance(note, str):
            found[""][NoteLine(note, "")] = None
        else:
            found.setdefault(note.kind, {})[NoteLine(note.text, _where(note))] = None
    return [
        NoteGroup(_HEADINGS.get(kind, kind), tuple(lines), open=kind == "" and len(lines) < 8)
        for kind, lines in found.items()
        if lines
    ]


def _where(note: Note) -> str:
    parts = [
        _named([cell.recogniser for cell in note.cells]),
        _named([cell.method for cell in note.cells if cell.method != "none"]),
        _named([cell.condition for cell in note.cells]),
    ]
    if note.mask_type != "all":
        parts.append(note.mask_type)
    if note.target is not None:
        parts.append(f"FMR {target_text(note.target)}")
    return " · ".join(part for part in parts if part)


def _named(names: Sequence[str]) -> str:
    known = list(dict.fromkeys(names))
    if len(known) > _MAX_NAMES:
        return f"{', '.join(known[:_MAX_NAMES])} and {len(known) - _MAX_NAMES} more"
    return listed(known)
