"""Whether a method may be tested on these people, given the people it was trained on."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Literal

from benchmark.cards import DatasetCard
from benchmark.datasets.named_file import registered_name
from benchmark.errors import RequestError
from benchmark.plugins import DATASETS

Overlap = Literal["disjoint", "unknown-allowed"]
"""What is recorded with a trained method: nobody is on both sides, or nobody knows and the user allowed it."""


class UnknownOverlap(RequestError):
    """Nobody has declared whether two data sets share people, and the user has not allowed that.

    Args:
        message: the whole line.
        between: the two data sets in words, the one trained on first.
    """

    def __init__(self, message: str, *, between: str) -> None:
        super().__init__(message)
        self.between = between


_GRAVITY = ("disjoint", "unknown", "overlapping")


def check_training_overlap(
    *,
    train_name: str,
    train_subjects: Collection[str],
    test_name: str,
    test_protocol: str,
    test_subjects: Collection[str],
    allow_unknown: bool,
    same_folder: bool = True,
    cards: Mapping[str, DatasetCard] | None = None,
) -> Overlap:
    """Refuse to test on people that a method has seen.

    Within one data set the subjects decide. Between two data sets their cards decide: the more serious of the two
    declarations counts, and if neither declares anything the overlap is unknown.

    Args:
        train_name: the data set trained on.
        train_subjects: everyone in its training and validation photos.
        test_name: the data set tested on.
        test_protocol: its protocol.
        test_subjects: everyone in the test.
        allow_unknown: the user said ``--allow-unknown-overlap``.
        same_folder: False if one name was given two different folders; where it is the name of a layout (``folder``,
            say), these count as two data sets.
        cards: by name; by default those of the registered data sets.

    Raises:
        UnknownOverlap: the overlap is unknown, and the user has not allowed that.
        RequestError: the same person on both sides; data sets known to share people; or a protocol on which nothing
            trained on its own data set may be tested.
    """
    shared = sorted(set(train_subjects) & set(test_subjects))
    card = _card(test_name, cards)
    if train_name == test_name and (same_folder or not card.layout_only):
        if test_protocol in card.sealed:
            raise RequestError(
                f"a method trained on '{train_name}' may not be tested on its protocol '{test_protocol}', whose folds "
                "include everybody; choose another --protocol or another --train-dataset"
            )
        if shared:
            raise RequestError(
                f"{people_in_words(shared)} of '{test_name}' would be used for both training and testing; choose "
                "another --protocol or another --train-dataset"
            )
        return "disjoint"
    declared = "unknown" if train_name == test_name else _declared(train_name, test_name, cards)
    if declared == "overlapping":
        raise RequestError(
            f"data sets '{train_name}' and '{test_name}' share people, so what is trained on one cannot be tested on "
            "the other; choose another --train-dataset"
        )
    if declared == "disjoint":
        return "disjoint"
    if not allow_unknown:
        two = f"two folders read as '{train_name}'" if train_name == test_name else f"'{train_name}' and '{test_name}'"
        hint = f" ({people_in_words(shared)} would be on both sides, going by the names)" if shared else ""
        raise UnknownOverlap(
            f"it is not declared whether {two} share people{hint}; "
            "choose another --train-dataset, or add --allow-unknown-overlap, which marks the results",
            between=two,
        )
    return "unknown-allowed"


def _declared(one: str, other: str, cards: Mapping[str, DatasetCard] | None) -> str:
    """The more serious of what the two cards declare about each other."""
    said = [
        status
        for name, about in ((one, other), (other, one))
        for dataset, status in _card(name, cards).overlaps
        if dataset == about
    ]
    wrong = sorted(set(said) - set(_GRAVITY))
    if wrong:
        raise RequestError(
            f"the cards of '{one}' and '{other}' declare their overlap as '{wrong[0]}'; it must be one of "
            f"{', '.join(_GRAVITY)}"
        )
    return max(said, key=_GRAVITY.index, default="unknown")


def _card(name: str, cards: Mapping[str, DatasetCard] | None) -> DatasetCard:
    return DATASETS.load(registered_name(name)).card if cards is None else cards[name]


def people_in_words(names: list[str]) -> str:
    """Three of several people, and how many more there are.

    >>> people_in_words(["anna", "bert", "carl", "dora"])
    'subjects anna, bert, carl and 1 more'
    """
    first = ", ".join(names[:3])
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return f"subject{'s' if len(names) > 1 else ''} {first}{more}"
