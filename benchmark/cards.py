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
class DatasetCard(Card):
    """Adds to a card what a data set must tell.

    Attributes:
        overlaps: other data sets by name: ``"disjoint"``, ``"overlapping"`` or ``"unknown"`` people; a data set that
            is not named counts as unknown.
        synthetic: rendered people: no recovery headline is claimed on them.
        layout: what is below ``--data-root``, one line.
        layout_only: the name stands for a layout, not for particular people, so that two folders are two data sets.
        own_labels: the user says who is on the photos: one photo under two people is an error, and a copy of a person's
            photo is passed over. An official list is left as it is.
        sealed: protocols on which a method trained on any person of this data set is refused.
    """

    overlaps: tuple[tuple[str, str], ...] = ()
    synthetic: bool = False
    layout: str = ""
    layout_only: bool = False
    own_labels: bool = False
    sealed: tuple[str, ...] = ()


@dataclass(frozen=True)
class RecogniserCard(Card):
    """Adds to a card what a recogniser must tell.

    Attributes:
        chip_size: (height, width) of the aligned chip, pixels.
        alignment: how the chip is aligned, one line.
        normalisation: what happens to pixels before the network, one line.
        metric: ``"cosine"`` (score = cosine similarity) or ``"euclidean"`` (score = −distance).
        weights_source: where the weights come from.
        sha256: of the weights file, empty if there is none or if it is not known before a file is loaded.
    """

    chip_size: tuple[int, int] = (112, 112)
    alignment: str = ""
    normalisation: str = ""
    metric: str = "cosine"
    weights_source: str = ""
    sha256: str = ""


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
        may_know_tested: it is not known whether the people tested are among those that it, or its mask detector,
            learned from; a run fills this in.
        weights_source: of a network in a file of the user's: which file, and what describes it.
        sha256: of that network, likewise.
    """

    privileged: bool = False
    slow: bool = False
    baseline: bool = False
    learns: bool = False
    fitted_to_recogniser: bool = False
    may_know_tested: bool = False
    weights_source: str = ""
    sha256: str = ""


@dataclass(frozen=True)
class FaceDetectorCard(Card):
    """The card of a face detector."""


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
