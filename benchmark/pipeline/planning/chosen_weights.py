"""Which parts of a run's methods come with weights, and whether those may be tested here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass
from pathlib import Path

from benchmark.config import RunConfig
from benchmark.datasets.base import Protocol
from benchmark.datasets.leakage import UnknownOverlap, check_training_overlap
from benchmark.errors import RequestError
from benchmark.methods.base import Method
from benchmark.methods.learner import pair_learners
from benchmark.methods.trained_weights import TrainedWeights, shipped_weights
from benchmark.named_weights import named_weights
from benchmark.pipeline.planning.adapters import AT, adapter_folders


def choose_weights(methods: Iterable[Method], config: RunConfig) -> dict[str, TrainedWeights]:
    """Weights by the label of the part that they belong to: those named with ``--weights``, else those shipped.

    Args:
        methods: the methods of the run.
        config: ``retrain`` leaves out what is shipped.

    Raises:
        RequestError: ``--weights`` names a part that no method has, or weights of something else.
        StorageError: a card is missing or damaged.
    """
    of_adapters = adapter_folders(config)
    named = {label: TrainedWeights(path) for label, path in _folders(config).items() if label not in of_adapters}
    learners = {learner.label: learner for method in methods for learner in pair_learners(method.parts())}
    chosen = {}
    for label, part in learners.items():
        given = named.pop(label, None)
        if given is not None and given.card.method != part.name:
            raise RequestError(f"--weights {label}={given.folder}: these weights belong to '{given.card.method}'")
        found = given or (None if config.retrain else shipped_weights(part.name, part.preset, config.size))
        if found is not None:
            chosen[label] = found
    if named:
        label = next(iter(named))
        raise RequestError(
            f"--weights {label}: no recogniser has this name, and no method of this run has such a part; they have: "
            f"{', '.join(learners) or 'none that learns'}"
        )
    return chosen


def untrained(method: Method, config: RunConfig) -> str:
    """The first part of `method` that would have to be trained for long, empty if there is none.

    These have no shipped weights; ``--methods all`` leaves such a method out.
    """
    if config.retrain:
        return ""
    named = _folders(config)
    for learner in pair_learners(method.parts()):
        shipped = shipped_weights(learner.name, learner.preset, config.size)
        if not learner.learns_quickly and learner.label not in named and shipped is None:
            return learner.label
    return ""


@dataclass(frozen=True)
class TestedWeights:
    """The methods of a run whose weights may be tested on its people.

    Attributes:
        methods: by label; those of the request without the ones that were left out.
        weights: those that `methods` load, by the label of the part.
        overlap: by the label of the part, ``"disjoint"`` or ``"unknown-allowed"``.
        left_out: by label of the method, why it is left out.
    """

    methods: dict[str, Method]
    weights: dict[str, TrainedWeights]
    overlap: dict[str, str]
    left_out: dict[str, str]


def check_weights(
    methods: Mapping[str, Method],
    weights: Mapping[str, TrainedWeights],
    config: RunConfig,
    test: Protocol,
    *,
    named: Set[str],
) -> TestedWeights:
    """Refuse weights that have seen the people who are tested, or for which this is unknown.

    A method that the user did not name is left out instead, so that ``--methods all`` gives a result on any data set.
    People who are known to be on both sides are refused in either case: no flag makes such a test fair.

    Args:
        methods: of the run, by label.
        weights: as chosen, by the label of the part.
        config: names the data set, and says whether unknown is allowed.
        test: the protocol.
        named: labels of the methods that the user named.

    Raises:
        RequestError: with how to fix it.
    """
    tested = frozenset(photo.subject_id for photo in test.photos)
    overlap: dict[str, str] = {}
    unknown: dict[str, UnknownOverlap] = {}
    for label, trained in weights.items():
        try:
            overlap[label] = _overlap(trained, config, test.name, tested)
        except UnknownOverlap as refusal:
            unknown[label] = refusal
        except RequestError as refusal:
            raise _refused(label, refusal) from refusal
    kept: dict[str, Method] = {}
    left_out: dict[str, str] = {}
    for name, method in methods.items():
        doubtful = next((label for label in unknown if loads(method, label)), None)
        if doubtful is None:
            kept[name] = method
        elif name in named:
            raise _refused(doubtful, unknown[doubtful]) from unknown[doubtful]
        else:
            left_out[name] = (
                f"it is not declared whether {unknown[doubtful].between} share people, and the former taught the "
                "method or its mask detector; --allow-unknown-overlap runs such methods and marks their results"
            )
    loaded = {label for label in weights if any(loads(method, label) for method in kept.values())}
    return TestedWeights(
        kept,
        {label: trained for label, trained in weights.items() if label in loaded},
        {label: verdict for label, verdict in overlap.items() if label in loaded},
        left_out,
    )


def loads(method: Method, label: str) -> bool:
    """Whether what is labelled so is a part of `method`, or its weights; those of an adapter are labelled
    ``METHOD@RECOGNISER``."""
    labels = {part.label for part in method.parts()}
    return label in labels or label.partition("@")[0] in labels


def _overlap(trained: TrainedWeights, config: RunConfig, protocol: str, tested: Set[str]) -> str:
    """The gravest of what is known of the data sets that the weights have seen."""
    verdicts = [
        check_training_overlap(
            train_name=dataset,
            train_subjects=people,
            test_name=config.dataset,
            test_protocol=protocol,
            test_subjects=tested,
            allow_unknown=config.allow_unknown_overlap,
            same_folder=not people.isdisjoint(tested),  # of a layout's name, cards do not say which folder it was
        )
        for dataset, people in trained.people().items()
    ]
    return next((verdict for verdict in verdicts if verdict != "disjoint"), "disjoint")


def _refused(label: str, refusal: RequestError) -> RequestError:
    return RequestError(f"weights of '{label}': {refusal}; --retrain trains it on other people")


def train_data(method: Method, weights: Mapping[str, TrainedWeights], trained_here: str) -> str:
    """The data sets that a method's parts have learned from, joined by ``+``; empty if it learned nothing.

    Args:
        method: the method of the run.
        weights: as chosen.
        trained_here: names of the data sets that this run trains on.
    """
    names: dict[str, None] = {}
    for part in method.parts():
        if not part.trains:
            continue
        of_part = [card.card.train_data for label, card in weights.items() if label.partition(AT)[0] == part.label]
        for learned_from in of_part or [trained_here]:
            names |= dict.fromkeys(learned_from.split("+"))
    return "+".join(names)


def _folders(config: RunConfig) -> Mapping[str, Path]:
    """What ``--weights`` names for methods, by the label of the part."""
    return named_weights(config.weights, config.recognisers).parts
