"""What a run will do. Everything that can be refused is refused here, before anything is computed."""

from __future__ import annotations

import logging
import os
import tempfile
from collections.abc import Mapping, Set
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import torch

from benchmark.acquisition.detection import FaceSearch
from benchmark.acquisition.resolve import resolve_face_search
from benchmark.config import Condition, RunConfig
from benchmark.datasets.attributes import Attributes, read_attributes
from benchmark.datasets.base import Dataset, Protocol
from benchmark.datasets.copies import CopiedPhoto
from benchmark.datasets.named_file import named_file
from benchmark.datasets.opening import open_dataset
from benchmark.datasets.templates import check_templates
from benchmark.errors import PluginNotMade, RequestError, StorageError
from benchmark.machine.native_precision import native_precision
from benchmark.machine.processor_time import available_cores
from benchmark.masking.resolve import mask_style
from benchmark.methods.base import Method, RecogniserAdapter
from benchmark.methods.combinations.combination import Combination
from benchmark.methods.method_groups import ALL, BEST_METHODS, METHOD_GROUPS
from benchmark.methods.own_completers.file_completer import FileSettings, own_completers
from benchmark.methods.resolve import resolve_method, selectable_methods
from benchmark.methods.trained_weights import TrainedWeights
from benchmark.named_weights import named_weights
from benchmark.pipeline.planning.adapters import choose_adapters, without_unfit
from benchmark.pipeline.planning.chosen_weights import check_weights, choose_weights, train_data, untrained
from benchmark.pipeline.planning.combinations import check_combinations, introduce_members, with_members
from benchmark.pipeline.planning.given_thresholds import GivenThresholds, thresholds_from
from benchmark.pipeline.planning.learned_on import check_learned_on
from benchmark.pipeline.planning.stated_training import check_stated_training
from benchmark.pipeline.planning.training_sources import TrainingSources, check_overlap, choose_training
from benchmark.plugin_failures import PluginFailure
from benchmark.plugins import MASKS
from benchmark.progress import Progress
from benchmark.recognisers.base import Recogniser
from benchmark.recognisers.resolve import resolve_recognisers
from benchmark.verification.base import Metric
from benchmark.verification.resolve import load_metrics

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Plan:
    """A request that was understood and can be carried out.

    Attributes:
        config: with every name resolved: no ``all``, no ``auto``, no None where a default exists.
        face_search: how faces are looked for.
        dataset: tested on.
        protocol: the test.
        methods: by label, in the order asked for; without ``none``, whose rows are the masked ones.
        recognisers: by label.
        metrics: by name.
        weights: learned before this run, by the label of the part that loads them; those of an adapter by
            ``ADAPTER@RECOGNISER``.
        training: what the other parts learn from; None where there are none.
        train_data: by label of each method, the data sets that its parts have learned from, joined by ``+``.
        overlap: by label of each part that learned, what is known of people it shares with the test.
        left_out: plugins that ``all`` would have named but that do not work here, with the reason.
        out: the run's folder.
        copied: photos of the test that are the same picture; none until they have been looked for.
        not_made: methods and recognisers that were asked for and whose constructor raised.
        attributes: groups of the protocol's photos.
        thresholds: frozen ones from another run; None = set on this run's raw faces.
    """

    config: RunConfig
    face_search: FaceSearch
    dataset: Dataset
    protocol: Protocol
    methods: Mapping[str, Method]
    recognisers: Mapping[str, Recogniser]
    metrics: Mapping[str, Metric]
    weights: Mapping[str, TrainedWeights]
    training: TrainingSources | None
    train_data: Mapping[str, str]
    overlap: Mapping[str, str]
    left_out: Mapping[str, str]
    out: Path
    copied: tuple[CopiedPhoto, ...] = ()
    not_made: tuple[PluginFailure, ...] = ()
    thresholds: GivenThresholds | None = None
    attributes: Attributes = field(default_factory=lambda: Attributes({}))


def make_plan(config: RunConfig, *, writes: bool = True) -> Plan:
    """Resolve every name of the request.

    Args:
        config: the request.
        writes: whether the run's folder is made, and known to be writable.

    Raises:
        RequestError: a name is unknown, a folder missing, a combination impossible.
        PluginError: a metric is of no kind that is measured.
        StorageError: the run's folder cannot be written.
    """
    left_out: dict[str, str] = {}
    device = torch_device(config.device)
    masks = mask_names(config)
    face_search = face_search_of(config, device)
    not_made: list[PluginFailure] = []
    methods, named, texts = _methods(config, device, left_out, not_made)
    precision = native_precision(config.precision, device)
    if config.precision == "bfloat16" != precision:
        log.warning(
            "--precision bfloat16: %s has no native bfloat16 arithmetic and would be slower; float32 is used", device
        )
    recognisers = resolve_recognisers(
        config.recognisers,
        weights=named_weights(config.weights, config.recognisers).recognisers,
        device=device,
        precision=precision,
        progress=Progress(quiet=config.quiet),
    )
    not_made += [PluginFailure("recogniser", label, "", why) for label, why in recognisers.not_made.items()]
    without: dict[str, str] = {}
    metrics = load_metrics(
        weights=named_weights(config.weights, config.recognisers).metrics, device=device, left_out=without
    )
    dataset = open_dataset(config.dataset, config.data_root, config)
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
    check_templates(protocol)
    if any(photo.masked for photo in protocol.photos):
        methods = _without_truth(methods, named, config.dataset, left_out)
    weights = choose_weights(methods.values(), config)
    adapters, unfit = choose_adapters(methods.values(), recognisers.ready, config)
    methods, left_out_adapters = without_unfit(methods, named, unfit, recognisers.ready)
    left_out |= (left_out_adapters or unfit) | check_combinations(methods, recognisers.ready, config)
    checked = check_weights(methods, weights | adapters, config, protocol, named=named)
    methods, weights, overlap = checked.methods, checked.weights, checked.overlap
    left_out |= checked.left_out
    overlap |= check_stated_training(methods.values(), config, protocol) | check_learned_on(
        methods.values(), config, protocol
    )
    to_train = [
        part.label
        for method in methods.values()
        for part in method.parts()
        if part.trains and part.label not in weights and not isinstance(part, RecogniserAdapter)
    ]
    training = None
    if to_train:
        training = choose_training(config, (dataset, protocol_name))
        overlap |= dict.fromkeys(to_train, check_overlap(training, config, protocol))
    learned_here = "" if training is None else training.name
    resolved = config.model_copy(
        update={
            "protocol": protocol_name,
            "methods": tuple(texts[label] for label in methods),
            "recognisers": recognisers.texts,
            "masks": masks,
            "device": device,
            "precision": precision,
            "workers": config.workers or (available_cores() if config.engine == "local" else 0),
            "conditions": _conditions(config, methods),
        }
    )
    thresholds = None
    if config.thresholds_from is not None:
        thresholds = thresholds_from(config.thresholds_from, resolved, recognisers.ready)
    file = named_file(config.dataset)
    what = config.dataset if file is None else file.stem
    out = config.out or Path("reports") / f"{datetime.now():%Y-%m-%d_%H%M%S}_{what}"
    if writes:
        writable(out)
    for reason, names in names_by_reason(left_out).items():  # said only now: a wrong request is one line
        log.warning("%s %s left out: %s", ", ".join(names), "is" if len(names) == 1 else "are", reason)
    if recognisers.left_out:
        log.warning("recognisers left out: %s; `doctor` says what each needs", ", ".join(recognisers.left_out))
    return Plan(
        config=resolved,
        face_search=face_search,
        dataset=dataset,
        protocol=protocol,
        methods=methods,
        recognisers=recognisers.ready,
        metrics=metrics,
        weights=weights,
        training=training,
        train_data={label: train_data(method, weights, learned_here) for label, method in methods.items()},
        overlap=overlap,
        left_out={**left_out, **recognisers.left_out, **without},
        out=out,
        not_made=tuple(not_made),
        thresholds=thresholds,
        attributes=_attributes(config, dataset, protocol),
    )


def _conditions(config: RunConfig, methods: Mapping[str, Method]) -> tuple[Condition, ...]:
    """Those asked for, and those that every method is measured against."""
    if config.conditions == ("raw-raw",) and not methods:
        return config.conditions
    combined = any(isinstance(method, Combination) for method in methods.values())
    needed: tuple[Condition, ...] = ("raw-restored", "raw-passthrough") if combined else ()
    return tuple(dict.fromkeys(("raw-raw", "raw-masked", *config.conditions, *needed)))


def names_by_reason(left_out: Mapping[str, str]) -> dict[str, list[str]]:
    """The plugins that share one reason, so that it is said once.

    >>> names_by_reason({"a": "too slow", "b": "no weights", "c": "too slow"})
    {'too slow': ['a', 'c'], 'no weights': ['b']}
    """
    names: dict[str, list[str]] = {}
    for name, reason in left_out.items():
        names.setdefault(reason, []).append(name)
    return names


def _attributes(config: RunConfig, dataset: Dataset, protocol: Protocol) -> Attributes:
    """Groups that the data set tells, and those of the user's own file."""
    if any(len(template) > 1 for template in protocol.templates or ()):
        if config.attributes is not None:
            raise RequestError(
                "--attributes: this protocol compares templates of several photos, but groups are defined per photo"
            )
        return Attributes({})
    own = dataset.attributes(protocol.photos)
    if config.attributes is None:
        return Attributes(own)
    given = read_attributes(config.attributes, protocol.photos)
    return Attributes({**own, **given.groups}, given.unknown)


def mask_names(config: RunConfig) -> tuple[str, ...]:
    """The mask styles asked for, each known to be drawable."""
    names = tuple(MASKS.names()) if config.masks == ("all",) else config.masks
    for name in names:
        mask_style(name)
    return names


def face_search_of(config: RunConfig, device: str) -> FaceSearch:
    """The face detectors asked for, each known to work here."""
    files = named_weights(config.weights, config.recognisers).detectors
    return resolve_face_search(config.face_detectors, files=files, device=device, min_face=config.min_face)


def torch_device(name: str) -> str:
    """``auto`` resolved; refused if it is not here."""
    if name == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    if name == "cuda" and not torch.cuda.is_available():
        raise RequestError("--device cuda: PyTorch sees no CUDA device here; use --device cpu or auto")
    return name


def _methods(
    config: RunConfig, device: str, left_out: dict[str, str], not_made: list[PluginFailure]
) -> tuple[dict[str, Method], set[str], dict[str, str]]:
    """The methods asked for, by label, without ``none``, whose rows are the masked ones; the labels named; and by label
    how ``--methods`` names each: one in a file by its path, any other by its label."""
    methods: dict[str, Method] = {}
    named: set[str] = set()
    texts: dict[str, str] = {}
    labels: dict[str, str] = {}
    for asked in config.methods:
        names = with_members(asked)
        absent: dict[str, str] = {}
        if asked in METHOD_GROUPS:
            names, absent = selectable_methods() if asked == ALL else (BEST_METHODS, {})
        for name in names:
            try:
                method = resolve_method(name, seed=config.seed, device=device)
            except PluginNotMade as error:  # the others can be measured without it
                not_made.append(PluginFailure("method", name, "", str(error)))
                continue
            part = untrained(method, config) if asked in METHOD_GROUPS else ""
            if part:
                absent[name] = (
                    f"{part} has no weights here; `train --method {part}` makes some, --retrain trains it in the run"
                )
            elif method.name != "none":
                known = methods.get(method.label, method)
                if _by_path(known) != _by_path(method):
                    raise RequestError(
                        f"'{texts[method.label]}' and '{name}' would both be called '{method.label}'; rename one file"
                    )
                methods[method.label] = method
                labels[name] = method.label
                texts[method.label] = name if _by_path(method) else method.label
                if asked not in METHOD_GROUPS:
                    named.add(method.label)
        left_out |= absent
    introduce_members(methods, labels)
    return methods, named, texts


def _by_path(method: Method) -> dict[str, FileSettings | str]:
    """By label of each part that is a file of the user's, what tells that file from every other."""
    if isinstance(method, Combination):
        return {method.label: method.settings}
    return {label: part.settings for label, part in own_completers([method]).items()}


def _without_truth(
    methods: Mapping[str, Method], named: Set[str], dataset: str, left_out: dict[str, str]
) -> dict[str, Method]:
    """The methods that can do without the truth beneath a mask: nobody knows it where a mask was really worn."""
    kept = {}
    for label, method in methods.items():
        if not method.card.privileged:
            kept[label] = method
            continue
        reason = f"it needs the true mask or pixels, and on '{dataset}' masks are really worn, so these are unknown"
        if label in named:
            raise RequestError(f"method '{label}' does not work here: {reason}; name others with --methods")
        left_out[label] = reason
    return kept


def writable(out: Path) -> Path:
    """Make the folder and write to it now, so that an unwritable folder is reported before the run starts."""
    try:
        out.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=out) as probe:
            os.fsync(probe.fileno())
    except OSError as error:
        raise StorageError(
            f"the run's folder {out} cannot be written ({error.strerror}); choose another with --out"
        ) from error
    return out
