"""On whom the numbers of combinations were learned, against the people who are tested."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from benchmark.config import RunConfig
from benchmark.datasets.base import Protocol
from benchmark.datasets.leakage import check_training_overlap, people_in_words
from benchmark.datasets.named_file import registered_name
from benchmark.errors import RequestError
from benchmark.methods.combinations.combination import Combination
from benchmark.methods.method import Method
from benchmark.plugins import DATASETS

_MARK_BYTES = 6
"""Of a mark of a person. Of 300 people learned on and 300 tested, none is taken for another but once in three thousand
million runs."""


def mark_of(subject_id: str) -> str:
    """What the file of a combination holds of a person: enough to know the name again, and not the name itself.

    >>> mark_of("Anna")
    '790108e515e2'
    """
    name = subject_id.encode("utf-8", "surrogateescape")
    return hashlib.blake2b(name, digest_size=_MARK_BYTES).hexdigest()


def check_learned_on(methods: Iterable[Method], config: RunConfig, test: Protocol) -> dict[str, str]:
    """By the label of each combination whose file says on whom it was learned, what is known of people it shares with
    the test: ``"disjoint"``, or ``"unknown-allowed"``, which the report marks.

    Unlike weights, a combination of which nobody knows needs no permission: it has a handful of numbers.

    Args:
        methods: of the run.
        config: names the data set.
        test: the protocol.

    Raises:
        RequestError: numbers were learned on people who are tested.
    """
    tested = {photo.subject_id for photo in test.photos}
    return {
        method.label: _of_one(method, config, test.name, tested)
        for method in methods
        if isinstance(method, Combination) and method.spec.dataset in DATASETS
    }


def _of_one(method: Combination, config: RunConfig, protocol: str, tested: set[str]) -> str:
    spec, marks = method.spec, set(method.spec.people)
    name = registered_name(config.dataset)
    shared = sorted(subject for subject in tested if mark_of(subject) in marks) if spec.dataset == name else []
    learn_anew = "test on other people, or learn its numbers on others with `fuse`"
    if shared:
        raise RequestError(
            f"'{method.label}': its numbers were learned on {people_in_words(shared)} of '{name}', who would be "
            f"tested; {learn_anew}"
        )
    try:
        return check_training_overlap(
            train_name=spec.dataset,
            train_subjects=(),
            test_name=name,
            test_protocol=protocol,
            test_subjects=tested,
            allow_unknown=True,
            same_folder=False,
        )
    except RequestError as refusal:
        raise RequestError(f"'{method.label}': its numbers were learned on '{spec.dataset}': {refusal}") from refusal
