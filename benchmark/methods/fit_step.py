"""The step `fit`: what learns is fitted to its examples, once for all runs of the same settings, or given weights."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd

from benchmark.artifacts import Artifact
from benchmark.context import RunContext
from benchmark.machine.library_versions import libraries_in_key
from benchmark.machine.native_precision import native_precision
from benchmark.methods.base import Learner, MaskedPairs, Method
from benchmark.methods.fit_in_processes import ALONE, fit_in_processes
from benchmark.methods.learner import pair_learners
from benchmark.methods.trained_weights import TrainedWeights
from benchmark.plugin_code.guard import plugin_code
from benchmark.plugin_code.keys import code_in_key
from benchmark.storage.csv_files import read_table, write_table
from benchmark.training.machines import Machines
from benchmark.views import MaskedView

_VERSION = 1
_STEP = "train"


@dataclass(frozen=True)
class TrainingPairs:
    """What the methods of a run learn from.

    Attributes:
        key: of what the pairs were made from.
        pairs: as methods see them: every face that did not fail.
        views: the training faces they come from (recognisers embed these for methods that are fitted to them).
        validation_views: likewise of the validation pairs.
    """

    key: str
    pairs: MaskedPairs
    views: tuple[MaskedView, ...] = ()
    validation_views: tuple[MaskedView, ...] = ()


@dataclass(frozen=True)
class Learned:
    """What a learner has learned.

    Attributes:
        key: changes whenever the weights may have.
        weights: folder that the learner loads.
        losses: its loss curve, if it has one.
        samples: folder of the sheets drawn in training, if there are any.
    """

    key: str
    weights: Path
    losses: pd.DataFrame | None = None
    samples: Path | None = None


def fit_method(
    method: Method, training: TrainingPairs | None, weights: Mapping[str, TrainedWeights], context: RunContext
) -> dict[str, Learned]:
    """Make every part of `method` that learns from pairs ready.

    Args:
        method: the method of the run.
        training: None where there are weights for every part.
        weights: by label of the part.
        context: what the run's steps share: store, ledger, progress bars, device, seed.

    Returns:
        By the label of each part that learns, what it learned.
    """
    learned = {}
    for learner in pair_learners(method.parts()):
        trained = weights.get(learner.label)
        if trained is not None:
            learner.load_when_used(trained.folder)
            learned[learner.label] = Learned(trained.sha256, trained.folder, trained.losses)
        elif training is not None:
            learned[learner.label] = fit(learner, training.pairs, {"pairs": training.key}, context)
        else:
            raise AssertionError(f"{learner.label} learns from training pairs, and there are none")
    return learned


def fit(
    learner: Learner[Any],
    examples: Any,
    made_of: Mapping[str, Any],
    context: RunContext,
    *,
    devices: int = 1,
    machines: Machines = ALONE,
) -> Learned:
    """Fit `learner`, in place, or load what an earlier run of the same settings learned.

    Args:
        learner: of any kind; what is fitted to a recogniser is a copy for that one.
        examples: that it learns from.
        made_of: keys of the examples and of whatever else decides what is learned from them (a recogniser, say).
        context: what the run's steps share: store, ledger, progress bars, device, seed.
        devices: to train on, a process each; more than one only for what learns from pairs.
        machines: that share the training; this must be the first of them, see `take_part`.

    Raises:
        RequestError: the examples are too few.
        PluginError: it learned what cannot be stored.
    """
    artifact = _fitted(learner, examples, made_of, context, devices=devices, machines=machines)
    if not artifact.made:
        return Learned(artifact.key, artifact.folder / "weights")
    with plugin_code(f"'{learner.label}' fails in load()"):
        learner.load(artifact.folder / "weights")
    table, samples = artifact.folder / "losses.csv", artifact.folder / "samples"
    return Learned(
        artifact.key,
        artifact.folder / "weights",
        read_table(table) if table.exists() else None,
        samples if samples.exists() else None,
    )


def take_part(
    learner: Learner[MaskedPairs],
    pairs: MaskedPairs,
    made_of: Mapping[str, Any],
    context: RunContext,
    *,
    devices: int,
    machines: Machines,
) -> bool:
    """Do this machine's share of what `fit` does on the first one, which keeps what is learned.

    Returns:
        Whether there was anything to do: where the store, which the machines may share, has what an earlier training
        learned, the first machine uses it and meets nobody.
    """
    if context.store.holds(_STEP, _about(learner, made_of, context, machines.processes(devices))):
        return False
    fit_in_processes(learner, pairs, devices=devices, progress=context.progress, machines=machines)
    return True


def _about(learner: Learner[Any], made_of: Mapping[str, Any], context: RunContext, processes: int) -> dict[str, Any]:
    """Everything that decides what is learned."""
    about = {
        "version": _VERSION,
        "method": learner.name,
        "preset": learner.preset,
        "settings": repr(learner.settings),
        "method_version": learner.version,
        "seed": context.seed,
        **made_of,
        **code_in_key(learner),
        **libraries_in_key("numpy", "opencv", "torch"),
    }
    training = learner.training_settings
    if training is not None:
        about["precision"] = native_precision(training.precision, learner.device)
    if learner.workspace.start_from is not None:
        about["start_from"] = learner.workspace.start_from.sha256
    if learner.workspace.teachers:
        about["teachers"] = {name: teacher.card.sha256 for name, teacher in learner.workspace.teachers.items()}
    if processes > 1:
        about["devices"] = processes
    return about


def _fitted(
    learner: Learner[Any],
    examples: Any,
    made_of: Mapping[str, Any],
    context: RunContext,
    *,
    devices: int,
    machines: Machines,
) -> Artifact:
    processes = machines.processes(devices)
    about = _about(learner, made_of, context, processes)

    def make(folder: Path) -> None:
        checkpoints = folder / "checkpoints"
        learner.workspace = replace(learner.workspace, checkpoints=checkpoints, samples=folder / "samples")
        if processes > 1:
            fit_in_processes(learner, examples, devices=devices, progress=context.progress, machines=machines)
        else:
            with plugin_code(f"'{learner.label}' fails in fit()"):
                learner.fit(examples, progress=context.progress)
        weights = folder / "weights"
        shutil.rmtree(weights, ignore_errors=True)
        weights.mkdir()
        with plugin_code(f"'{learner.label}' fails in save()"):
            learner.save(weights)
        if learner.losses is not None:
            write_table(folder / "losses.csv", learner.losses)
        shutil.rmtree(checkpoints, ignore_errors=True)

    return context.store.folder(_STEP, about, make)
