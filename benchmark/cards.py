"""Cards: what a user must know about a plugin before trusting its numbers. Shown by `list` and in the report."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Card:
    """What `list` shows of any plugin. A plugin without a card gets this one.

    Attributes:
        summary: one line; empty means the first line of the class's docstring.
        source: paper, equation or URL the plugin comes from.
        licence: the licence of the code, and of weights or data where they have their own.
        trained_on: names of the data sets that its weights have seen; empty if it learns nothing beforehand.
        saw_recognisers: recognisers used in a loss, as features or for choosing a checkpoint: no fair judges.
        parameters: each network's name and its count of trainable parameters.
    """

    summary: str = ""
    source: str = ""
    licence: str = "MIT"
    trained_on: tuple[str, ...] = ()
    saw_recognisers: tuple[str, ...] = ()
    parameters: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class MethodCard(Card):
    """Adds to a card what a method must tell.

    Attributes:
        privileged: the method is given what a deployed system lacks (true mask or true pixels).
        slow: too slow for ``--methods all``.
        baseline: what anyone could do without a method: every other method is tested against it.
        learns: it learns from data; a run fills this in.
        fitted_to_recogniser: it changes a recogniser or its templates, and has always seen its judge; a run fills this
            in.
    """

    privileged: bool = False
    slow: bool = False
    baseline: bool = False
    learns: bool = False
    fitted_to_recogniser: bool = False


@dataclass(frozen=True)
class Availability:
    """Whether a plugin works on this machine; if not, why, and the command that fixes it."""

    available: bool
    reason: str = ""


AVAILABLE = Availability(True)


def missing_package(needs: Mapping[str, str]) -> str:
    """The first package that is not installed, with the command that installs it; empty if all are. Imports nothing.

    Args:
        needs: by the name under which a package is imported, the command.

    >>> missing_package({"json": "", "no_such_package": "pip install it"})
    'the package no_such_package is not installed: pip install it'
    """
    absent = (name for name in needs if importlib.util.find_spec(name) is None)
    return next((f"the package {name} is not installed: {needs[name]}" for name in absent), "")


def available_with(needs: Mapping[str, str]) -> Availability:
    """Whether everything in `needs` is installed; see `missing_package`."""
    missing = missing_package(needs)
    return Availability(False, missing) if missing else AVAILABLE
