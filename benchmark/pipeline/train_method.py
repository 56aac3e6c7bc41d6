"""Trains one method and writes what it learned to a folder."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from benchmark import __version__
from benchmark.acquisition.resolve import only_face_detector_files
from benchmark.artifacts import ArtifactStore
from benchmark.config import RunConfig
from benchmark.context import RunContext
from benchmark.errors import RequestError
from benchmark.ledger import Ledger
from benchmark.machine.processor_time import available_cores
from benchmark.methods.base import Learner, RecogniserAdapter, trainable_parameters
from benchmark.methods.fit_in_processes import ALONE
from benchmark.methods.fit_step import Learned, fit, take_part
from benchmark.methods.learner import pair_learners
from benchmark.methods.resolve import resolve_parts
from benchmark.methods.shipped_weights import CARD
from benchmark.methods.trained_weights import TrainedWeights, WeightsCard, write_card
from benchmark.pipeline.adapted_recogniser import AdaptedRecogniser, recogniser_to_adapt
from benchmark.pipeline.manifest import device_name
from benchmark.pipeline.planning.adapters import AT
from benchmark.pipeline.planning.plan import face_search_of, mask_names, torch_device, writable
from benchmark.pipeline.planning.training_sources import choose_training
from benchmark.pipeline.teachers import teachers_of
from benchmark.pipeline.training_pairs import make_training_pairs
from benchmark.progress import Progress
from benchmark.storage.atomic_files import remove_temporary_files
from benchmark.storage.csv_files import write_table
from benchmark.training.machines import Machines


def train_method(
    config: RunConfig,
    out: Path | None,
    *,
    recogniser: str | None = None,
    steps: int | None = None,
    start_from: Path | None = None,
    devices: int = 1,
    machines: Machines = ALONE,
    teachers: Sequence[str] = (),
) -> Path | None:
    """Train ``config.methods[0]``, a method or a detector, on ``config.train_dataset``.

    What it learns is kept in the artefact store and copied to `out`; of a method of two halves that learn, each to a
    folder of its own below it: weights, ``losses.csv`` and a sheet of faces per epoch.

    Args:
        config: method, data sets, masks, size and machine.
        out: None = below ``reports/trained``.
        recogniser: that an adapter is fitted to, as `RunConfig.recognisers` names it; None for everything else.
        steps: at most, instead of the preset's length; learning rates follow.
        start_from: folder of weights to start from, which may be of another side.
        devices: train on so many GPUs, or in so many processes on a CPU; of every machine.
        machines: that share the training. Only the first of them keeps what is learned; of the others `out` is made
            and stays empty.
        teachers: recognisers in the loss, as `RunConfig.recognisers` names them; none = those of the preset.

    Returns:
        The folder; None on another machine than the first where everything is stored already, so that there was
        nothing to take part in.

    Raises:
        RequestError: the method learns nothing, or learns from a recogniser's embeddings and so only within a run.
    """
    device = torch_device(config.device)
    face_search = face_search_of(config, device)
    asked = config.methods[0]
    learners, adapted = _what_learns(config, recogniser, device)
    _check_lengths(steps, devices)
    if machines.processes(devices) > 1 and adapted is not None:
        flag = f"--devices {devices}" if devices > 1 else f"--nodes {machines.count}"
        raise RequestError(f"{flag}: '{asked}' trains on one device")
    if start_from is not None:
        _begin_with(TrainedWeights(start_from), learners)
    given = teachers_of(learners, teachers, config, device)
    for learner in learners:
        learner.workspace = replace(learner.workspace, teachers=given if learner.teachers else {})
    if adapted is None and not given:
        only_face_detector_files(config.weights)
    name = asked if adapted is None else f"{asked}{AT}{adapted.name}"
    folder = writable(out or Path("reports") / "trained" / name.replace(":", "_").replace("/", "_"))
    context = RunContext(
        store=ArtifactStore(config.cache, fresh=config.fresh),
        ledger=Ledger(),
        progress=Progress(quiet=config.quiet),
        workers=config.workers or available_cores(),
        device=device,
        seed=config.seed,
    )
    training = choose_training(config)
    pairs = make_training_pairs(
        training, mask_names(config), config.size, face_search, context, find_again=adapted is not None
    )
    licences = {source.dataset_name: source.dataset.card.licence for source in training.sources}
    people = {source.dataset_name: source.subjects for source in training.sources}
    if steps is not None:
        for learner in learners:
            learner.set_steps(steps)
    made_of = {"pairs": pairs.key}
    if machines.number:
        took_part = [
            take_part(learner, pairs.pairs, made_of, context, devices=devices, machines=machines)
            for learner in learners
        ]
        return folder if any(took_part) else None
    for learner in learners:
        if adapted is None:
            learned = fit(learner, pairs.pairs, made_of, context, devices=devices, machines=machines)
        else:
            learned = fit(learner, *adapted.examples(pairs, context), context)
        target = folder if len(learners) == 1 else folder / learner.label.replace(":", "_")
        _hand_out(learned, target)
        command = _command(
            config,
            recogniser=recogniser,
            steps=steps,
            start_from=start_from,
            devices=machines.processes(devices),
            teachers=tuple(given),
        )
        card = _card(learner, learned.losses, config, len(pairs.pairs))
        fitted_to = {} if adapted is None else adapted.facts()
        card = card.model_copy(update={"trained_on": licences, "command": command, **fitted_to})
        seen = people
        if start_from is not None:
            first = TrainedWeights(start_from)
            card, seen = card.continuing(_with_teachers(first.card, learner)), _together(first.people(), people)
        write_card(target, card, seen)
    return folder


def _what_learns(
    config: RunConfig, recogniser: str | None, device: str
) -> tuple[Sequence[Learner[Any]], AdaptedRecogniser | None]:
    """The parts of the method that learn, and the recogniser that an adapter is fitted to."""
    asked = config.methods[0]
    parts = resolve_parts(asked, seed=config.seed, device=device)
    adapter = next((part for part in parts if isinstance(part, RecogniserAdapter)), None)
    if adapter is not None:
        return (adapter,), recogniser_to_adapt(adapter, recogniser, config, device)
    if any(part.fitted_to_recogniser for part in parts):
        raise RequestError(f"method '{asked}' is fitted anew to each recogniser, in seconds, when a run needs it")
    if recogniser is not None:
        raise RequestError(f"--recogniser {recogniser}: '{asked}' is not fitted to a recogniser; omit --recogniser")
    learners = pair_learners(parts)
    if not learners:
        raise RequestError(f"method '{asked}' has nothing to learn; run it without training")
    return learners, None


def _together(first: Mapping[str, set[str]], second: Mapping[str, set[str]]) -> dict[str, set[str]]:
    """Everyone of both, by data set: whoever taught the weights that a training started from has been seen too."""
    return {name: first.get(name, set()) | second.get(name, set()) for name in (*first, *second)}


def _check_lengths(steps: int | None, devices: int) -> None:
    if steps is not None and steps < 1:
        raise RequestError(f"--steps {steps}: there must be at least one step")
    if devices < 1:
        raise RequestError(f"--devices {devices}: there must be at least one device")


def _begin_with(weights: TrainedWeights, learners: Sequence[Learner[Any]]) -> None:
    learner = learners[0]
    if len(learners) > 1 or not learner.starts_from_weights:
        raise RequestError(f"--start-from {weights.folder}: '{learner.name}' starts from random weights only")
    if weights.card.method != learner.name:
        raise RequestError(f"--start-from {weights.folder}: these weights belong to '{weights.card.method}'")
    learner.workspace = replace(learner.workspace, start_from=weights)


def _card(learner: Learner[Any], losses: pd.DataFrame | None, config: RunConfig, pairs: int) -> WeightsCard:
    """What is known when the training has ended; the caller fills in data sets and command."""
    training = learner.training_settings
    most = None if training is None else training.size
    return WeightsCard(
        method=learner.name,
        preset=learner.preset,
        side=min(config.size, most or config.size),
        trained_on={},
        pairs=pairs,
        masks=mask_names(config),
        steps=None if losses is None else int(losses.step.iloc[-1]),
        seconds=None if losses is None else round(float(losses.seconds.sum()), 1),
        device=device_name(learner.device),
        seed=config.seed,
        command="",
        parameters={name: trainable_parameters(network) for name, network in learner.networks().items()},
        version=__version__,
        teachers=tuple(learner.workspace.teachers) or learner.teachers,
    )


def _with_teachers(first: WeightsCard, learner: Learner[Any]) -> WeightsCard:
    """The card of weights from before teachers were recorded, with those of the preset that they were trained by."""
    if first.teachers:
        return first
    return first.model_copy(update={"teachers": type(learner)(preset=first.preset).teachers})


def _command(
    config: RunConfig,
    *,
    recogniser: str | None,
    steps: int | None,
    start_from: Path | None,
    devices: int,
    teachers: Sequence[str],
) -> str:
    """The command that trains again on any machine: without this one's folders."""
    defaults = RunConfig()
    names = [text.partition("=")[0] for text in config.train_dataset]
    rooted = {name for name, text in zip(names, config.train_dataset, strict=True) if "=" in text or config.train_root}
    command = ["python run_benchmark.py train", "--method", config.methods[0]]
    command += ["--dataset", ",".join(f"{name}=DIR" if name in rooted else name for name in names)]
    for flag, value, default in (
        ("--recogniser", recogniser, None),
        ("--teachers", ",".join(teachers), ""),
        ("--masks", ",".join(config.masks), ",".join(defaults.masks)),
        ("--size", config.size, defaults.size),
        ("--train-limit", config.train_limit, defaults.train_limit),
        ("--mask-draws", config.mask_draws, defaults.mask_draws),
        ("--face-detectors", ",".join(config.face_detectors), ",".join(defaults.face_detectors)),
        ("--min-face", config.min_face, defaults.min_face),
        ("--max-megapixels", config.max_megapixels, defaults.max_megapixels),
        ("--max-decode-seconds", config.max_decode_seconds, defaults.max_decode_seconds),
        ("--steps", steps, None),
        ("--start-from", "DIR" if start_from else None, None),
        ("--seed", config.seed, defaults.seed),
        ("--devices", devices, 1),
    ):
        if value != default:
            command += [flag, str(value)]
    return " ".join(command)


def _hand_out(learned: Learned, target: Path) -> None:
    """Copy what was learned; without its card, which the caller writes last: a folder without one is no weights."""
    target.mkdir(parents=True, exist_ok=True)
    remove_temporary_files(target)
    (target / CARD).unlink(missing_ok=True)
    shutil.copytree(learned.weights, target, dirs_exist_ok=True)
    if learned.losses is not None:
        write_table(target / "losses.csv", learned.losses)
    if learned.samples is not None:
        shutil.copytree(learned.samples, target / "samples", dirs_exist_ok=True)
