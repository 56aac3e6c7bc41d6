"""What the cards of completers in files say of their training, against the people who are tested."""

from __future__ import annotations

from collections.abc import Iterable

from benchmark.config import RunConfig
from benchmark.datasets.base import Protocol
from benchmark.datasets.leakage import UnknownOverlap, check_training_overlap
from benchmark.datasets.named_file import registered_name
from benchmark.errors import RequestError
from benchmark.methods.method import Method
from benchmark.methods.own_completers.file_completer import own_completers
from benchmark.plugins import DATASETS

UNKNOWN = "unknown"
"""Recorded where nobody can say whether a completer has seen the tested people."""


def check_stated_training(methods: Iterable[Method], config: RunConfig, test: Protocol) -> dict[str, str]:
    """By the label of each completer in a file, what is known of people that its training shares with the test.

    Its card names data sets at best, never people. A completer trained on the tested data set, or on one that shares
    people with it, is refused unless the user allows it; where nothing is known that is recorded, as a run says nothing
    of the training of recognisers either.

    Args:
        methods: of the run.
        config: names the data set, and says whether unknown is allowed.
        test: the protocol.

    Raises:
        RequestError: a completer was trained on the tested data set.
    """
    return {
        label: max((_of_one(label, name, config, test) for name in completer.card.trained_on), default=UNKNOWN)
        for label, completer in own_completers(methods).items()
    }


def _of_one(label: str, trained_on: str, config: RunConfig, test: Protocol) -> str:
    """``"disjoint"`` or `UNKNOWN`, which is the later word of the two."""
    if trained_on not in DATASETS:
        return UNKNOWN
    shares = f"'{label}' was trained on '{trained_on}', as its card says"
    if registered_name(config.dataset) == trained_on:
        if config.allow_unknown_overlap:
            return UNKNOWN
        raise RequestError(
            f"{shares}, but not on whom of it; test on another data set, or add --allow-unknown-overlap, which the "
            "report notes"
        )
    try:
        check_training_overlap(
            train_name=trained_on,
            train_subjects=(),
            test_name=config.dataset,
            test_protocol=test.name,
            test_subjects=(),
            allow_unknown=False,
        )
    except UnknownOverlap:
        return UNKNOWN
    except RequestError as refusal:
        if config.allow_unknown_overlap:
            return UNKNOWN
        raise RequestError(f"{shares}: {refusal}") from refusal
    return "disjoint"
