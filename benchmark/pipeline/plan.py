"""What a run will do. Everything that can be refused is refused here, before anything is computed."""

from __future__ import annotations

import logging
import os
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import torch

from benchmark.config import RunConfig
from benchmark.datasets.base import Dataset, Protocol
from benchmark.datasets.leakage import check_training_overlap
from benchmark.errors import PluginError, RequestError, StorageError
from benchmark.faces import Photo
from benchmark.masking.resolve import mask_style
from benchmark.methods.base import Method
from benchmark.methods.resolve import resolve_method, selectable_methods
from benchmark.parallel import available_cores
from benchmark.plugins import DATASETS, MASKS, RECOGNISERS
from benchmark.recognisers.base import Recogniser
from benchmark.seeds import generator_for

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Training:
    """Where methods that learn get their faces.

    Attributes:
        dataset_name: as registered.
        dataset: reads the pixels.
        train: photos to learn from.
        validation: photos of other people, for early stopping.
        overlap: what is known of people shared with the test: ``"disjoint"`` or ``"unknown"``.
    """

    dataset_name: str
    dataset: Dataset
    train: tuple[Photo, ...]
    validation: tuple[Photo, ...]
    overlap: str


@dataclass(frozen=True)
class Plan:
    """A request that was understood and can be carried out.

    Attributes:
        config: with every name resolved: no ``all``, no ``auto``, no None where a default exists.
        dataset: tested on.
        protocol: the test.
        methods: by label, in the order asked for; without ``none``, whose rows are the masked ones.
        recognisers: by name.
        training: None where no method learns.
        left_out: plugins that ``all`` would have named but that do not work here, with the reason.
        out: the run's folder.
    """

    config: RunConfig
    dataset: Dataset
    protocol: Protocol
    methods: Mapping[str, Method]
    recognisers: Mapping[str, Recogniser]
    training: Training | None
    left_out: Mapping[str, str]
    out: Path


def make_plan(config: RunConfig) -> Plan:
    """Resolve every name of the request.

    Raises:
        RequestError: a name is unknown, a folder missing, a combination impossible.
        StorageError: the run's folder cannot be written.
    """
    left_out: dict[str, str] = {}
    device = torch_device(config.device)
    masks = mask_names(config)
    methods = _methods(config, device, left_out)
    recognisers = {
        name: RECOGNISERS.load(name)(device=device, precision=config.precision)
        for name in _recogniser_names(config, left_out)
    }
    dataset = DATASETS.load(config.dataset)(config.data_root, seed=config.seed)
    if not dataset.protocols:
        raise RequestError(
            f"data set '{config.dataset}' has no people to compare; use it with --train-dataset, or test on another one"
        )
    protocol_name = config.protocol or dataset.protocols[0]
    if protocol_name not in dataset.protocols:
        raise RequestError(
            f"data set '{config.dataset}' has no protocol '{protocol_name}'; it has: {', '.join(dataset.protocols)}"
        )
    protocol = dataset.protocol(protocol_name, limit=config.limit)
    training = None
    if any(part.trains for method in methods.values() for part in method.parts()):
        training = _training(config, dataset, protocol)
    resolved = config.model_copy(
        update={
            "protocol": protocol_name,
            "methods": tuple(methods),
            "recognisers": tuple(recognisers),
            "masks": masks,
            "device": device,
            "workers": config.workers or available_cores(),
            "conditions": tuple(dict.fromkeys(("raw-raw", "raw-masked", *config.conditions))),
        }
    )
    out = writable(config.out or Path("reports") / f"{datetime.now():%Y-%m-%d_%H%M%S}_{config.dataset}")
    return Plan(resolved, dataset, protocol, methods, recognisers, training, left_out, out)


def mask_names(config: RunConfig) -> tuple[str, ...]:
    """The mask styles asked for, each known to be drawable."""
    names = tuple(MASKS.names()) if config.masks == ("all",) else config.masks
    for name in names:
        mask_style(name)
    return names


def torch_device(name: str) -> str:
    """``auto`` resolved; refused if it is not here."""
    if name == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    if name == "cuda" and not torch.cuda.is_available():
        raise RequestError("--device cuda: PyTorch sees no CUDA device here; use --device cpu or auto")
    return name


def _methods(config: RunConfig, device: str, left_out: dict[str, str]) -> dict[str, Method]:
    """The methods asked for, by label; without ``none``, whose rows are the masked ones."""
    methods: dict[str, Method] = {}
    for asked in config.methods:
        names: tuple[str, ...]
        if asked == "all":
            names, absent = selectable_methods()
            for name, reason in absent.items():
                left_out[name] = reason
                log.warning("method %s is left out: %s", name, reason)
        else:
            names = (asked,)
        for name in names:
            method = resolve_method(name, seed=config.seed, device=device)
            if method.name != "none":
                methods[method.label] = method
    return methods


def _recogniser_names(config: RunConfig, left_out: dict[str, str]) -> Sequence[str]:
    names: list[str] = []
    for asked in config.recognisers:
        candidates = RECOGNISERS.names() if asked == "all" else (asked,)
        for name in candidates:
            try:
                found = RECOGNISERS.load(name).availability()
                reason = "" if found.available else found.reason
            except PluginError as error:
                if asked != "all":
                    raise
                reason = str(error)
            if not reason:
                names.append(name)
            elif asked == "all":
                left_out[name] = reason
                log.warning("recogniser %s is left out: %s", name, reason)
            else:
                raise RequestError(f"recogniser '{name}' does not work here: {reason}")
    if not names:
        raise RequestError("no recogniser works here; `doctor` says what is missing")
    return tuple(dict.fromkeys(names))


def _training(config: RunConfig, test: Dataset, protocol: Protocol) -> Training:
    same = config.train_dataset == config.dataset and config.train_root in (None, config.data_root)
    training = choose_training_photos(config, test if same else None, protocol.name if same else "")
    overlap = check_training_overlap(
        train_name=config.train_dataset,
        train_subjects={photo.subject_id for photo in (*training.train, *training.validation)},
        test_name=config.dataset,
        test_protocol=protocol.name,
        test_subjects={photo.subject_id for photo in protocol.photos},
        allow_unknown=config.allow_unknown_overlap,
        same_folder=same,
    )
    return replace(training, overlap=overlap)


def choose_training_photos(config: RunConfig, dataset: Dataset | None = None, protocol: str = "") -> Training:
    """The photos that methods learn from: people set aside by the training data set, at most `train_limit` photos.

    Args:
        config: names the data set.
        dataset: the training data set if it is already open.
        protocol: of the data set, under which people are set aside; empty = its default.
    """
    if dataset is None:
        dataset = DATASETS.load(config.train_dataset)(config.train_root, seed=config.seed)
    protocol = protocol or next(iter(dataset.protocols), "")
    train = tuple(dataset.training_photos("train", protocol=protocol))
    validation = tuple(dataset.training_photos("validation", protocol=protocol))
    if len(train) > config.train_limit:
        order = generator_for(config.seed, "train-limit").permutation(len(train))[: config.train_limit]
        train = tuple(train[row] for row in sorted(order))
    return Training(config.train_dataset, dataset, train, validation, "")


def writable(out: Path) -> Path:
    """Make the folder and write to it now, rather than find out in an hour that one cannot."""
    try:
        out.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=out) as probe:
            os.fsync(probe.fileno())
    except OSError as error:
        raise StorageError(
            f"the run's folder {out} cannot be written ({error.strerror}); choose another with --out"
        ) from error
    return out
