"""Counted things in messages: one of them, or several."""

from __future__ import annotations

_IRREGULAR = {"person": "people", "false match": "false matches"}
"""Nouns whose plural is not the singular with an ``s``, by the singular."""


def counted(count: int, noun: str) -> str:
    """A count and its noun, as messages on a terminal have them.

    >>> counted(1, "photo"), counted(1500, "photo"), counted(2, "person")
    ('1 photo', '1,500 photos', '2 people')
    """
    return f"{count:,} {noun_for(count, noun)}"


def counted_are(count: int, noun: str) -> str:
    """The same with its verb.

    >>> counted_are(1, "photo"), counted_are(0, "photo")
    ('1 photo is', '0 photos are')
    """
    return f"{counted(count, noun)} {is_or_are(count)}"


def is_or_are(count: int) -> str:
    """``"is"`` of one thing, else ``"are"``."""
    return "is" if count == 1 else "are"


def noun_for(count: int, noun: str) -> str:
    """The noun in the number that stands beside `count`."""
    return noun if count == 1 else _IRREGULAR.get(noun, f"{noun}s")
