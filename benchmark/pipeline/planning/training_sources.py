"""Where methods that learn get their faces: one data set or several, and how far their people are from the test's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from benchmark.config import RunConfig
from benchmark.datasets.base import Dataset, Protocol
from benchmark.datasets.leakage import check_training_overlap
from benchmark.datasets.opening import open_dataset
from benchmark.errors import RequestError
from benchmark.faces import Photo
from benchmark.seeds import generator_for


@dataclass(frozen=True)
class TrainingSource:
    """One data set that is trained on.

    Attributes:
        dataset_name: as registered.
        dataset: reads the pixels.
        train: photos to learn from.
        validation: photos of other people, for early stopping.
    """

    dataset_name: str
    dataset: Dataset
    train: tuple[Photo, ...]
    validation: tuple[Photo, ...]

    @property
    def subjects(self) -> set[str]:
        """Everyone in its photos."""
        return {photo.subject_id for photo in (*self.train, *self.validation)}


@dataclass(frozen=True)
class TrainingSources:
    """What methods learn from in this run.

    Attributes:
        sources: data sets, in the order named.
        mask_draws: masks drawn on every photo, one after the other: as many pairs.
    """

    sources: tuple[TrainingSource, ...]
    mask_draws: int = 1

    @property
    def name(self) -> str:
        """The data sets' names, joined by ``+``."""
        return "+".join(source.dataset_name for source in self.sources)


def choose_training(config: RunConfig, test: tuple[Dataset, str] | None = None) -> TrainingSources:
    """The photos that methods learn from: people set aside by each data set, `train_limit` photos in all.

    No more than that are taken to validate on either. Photos on which a mask is really worn are passed over: the face
    beneath is what there is to learn.

    Args:
        config: names the data sets.
        test: the data set that is tested on and its protocol, under which it sets people aside.

    Raises:
        RequestError: a data set is unknown, its folder missing, it sets nobody aside, or everyone is masked.
    """
    named = [_name_and_root(text, config) for text in config.train_dataset]
    sources = []
    for name, root in named:
        same = test is not None and name == config.dataset and root in (None, config.data_root)
        dataset = test[0] if test is not None and same else open_dataset(name, root, config)
        protocol = test[1] if test is not None and same else ""
        train, validation = (_bare_photos(name, dataset, part, protocol) for part in ("train", "validation"))
        sources.append(TrainingSource(name, dataset, train, validation))
    return TrainingSources(_limited(sources, config), config.mask_draws)


def check_overlap(training: TrainingSources, config: RunConfig, test: Protocol) -> str:
    """Refuse to train on the people who are tested; the gravest of what the sources' check says."""
    said = [
        check_training_overlap(
            train_name=source.dataset_name,
            train_subjects=source.subjects,
            test_name=config.dataset,
            test_protocol=test.name,
            test_subjects={photo.subject_id for photo in test.photos},
            allow_unknown=config.allow_unknown_overlap,
            same_folder=source.dataset.root in (None, config.data_root),
        )
        for source in training.sources
    ]
    return next((verdict for verdict in said if verdict != "disjoint"), "disjoint")


def _name_and_root(text: str, config: RunConfig) -> tuple[str, Path | None]:
    """``NAME=DIR`` apart; ``--train-root`` is the folder of the only data set."""
    name, equals, folder = text.partition("=")
    if equals:
        return name, Path(folder).expanduser()
    if config.train_root is not None and len(config.train_dataset) > 1:
        raise RequestError(
            f"one folder is named for {len(config.train_dataset)} training data sets; give each its own: NAME=DIR,NAME"
        )
    return name, config.train_root


def _bare_photos(name: str, dataset: Dataset, part: str, protocol: str) -> tuple[Photo, ...]:
    """The photos of `part` on which no mask is really worn."""
    photos = dataset.training_photos(part, protocol=protocol)
    bare = tuple(photo for photo in photos if not photo.masked)
    if photos and not bare:
        raise RequestError(
            f"a mask is worn on every {part} photo of '{name}', so there is no true face to learn from; name another "
            "data set with --train-dataset"
        )
    return bare


def _limited(sources: Sequence[TrainingSource], config: RunConfig) -> tuple[TrainingSource, ...]:
    """The sources with at most `train_limit` training photos in all, and no more to validate on."""
    most, seed = config.train_limit, config.seed
    train = _at_most(most, [source.train for source in sources], seed, "train-limit")
    validation = _at_most(most, [source.validation for source in sources], seed, "validation-limit")
    return tuple(
        replace(source, train=for_training, validation=for_validation)
        for source, for_training, for_validation in zip(sources, train, validation, strict=True)
    )


def _at_most(most: int, parts: Sequence[tuple[Photo, ...]], seed: int, purpose: str) -> Sequence[tuple[Photo, ...]]:
    """At most so many photos in all, drawn evenly from all parts."""
    total = sum(map(len, parts))
    if total <= most:
        return parts
    kept = set(generator_for(seed, purpose).permutation(total)[:most].tolist())
    limited, start = [], 0
    for photos in parts:
        limited.append(tuple(photo for row, photo in enumerate(photos, start) if row in kept))
        start += len(photos)
    return limited
