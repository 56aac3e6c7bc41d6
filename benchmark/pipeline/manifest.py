"""What a run's numbers depend on: settings, versions, digests, seeds, machine."""

from __future__ import annotations

import math
import platform
import shlex
import subprocess
import sys
from datetime import datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import torch

from benchmark import __version__
from benchmark.acquisition.step import Acquired
from benchmark.artifacts import digest
from benchmark.datasets.passed_over import passed_over_facts
from benchmark.engine.base import Engine
from benchmark.ledger import Ledger
from benchmark.machine.cost import workers_peak_mib
from benchmark.machine.native_precision import native_precision
from benchmark.methods.combinations.combination import Combination
from benchmark.methods.fit_step import TrainingPairs
from benchmark.methods.own_completers.file_completer import own_completers
from benchmark.methods.trained_weights import TrainedWeights
from benchmark.pipeline.planning.plan import Plan
from benchmark.pipeline.stopwatch import Stopwatch
from benchmark.plugin_failures import PluginFailures
from benchmark.verification.metric_description import MANIFEST_KEY
from benchmark.verification.resolve import described

_LIBRARIES = ("numpy", "scipy", "torch", "opencv-python-headless", "dlib-bin", "pillow", "pandas")


def run_manifest(
    plan: Plan,
    acquired: Acquired,
    pairs: TrainingPairs | None,
    ledger: Ledger,
    *,
    failures: PluginFailures,
    engine: Engine,
    started: datetime,
    watch: Stopwatch,
) -> dict[str, Any]:
    """All that a run's numbers depend on, and how long its steps took.

    Args:
        plan: with every name resolved.
        acquired: the faces of the protocol's photos.
        pairs: what methods learned from; None where nothing was left to learn.
        ledger: says who found the faces.
        failures: plugins that broke.
        engine: that did the work.
        started: when.
        watch: of the steps.
    """
    comparisons = plan.protocol.comparisons
    protocol: dict[str, Any] = {"reference": comparisons.reference.tolist(), "probe": comparisons.probe.tolist()}
    if plan.protocol.templates is not None:
        protocol["templates"] = plan.protocol.templates
    masked = [index for index, photo in enumerate(plan.protocol.photos) if photo.masked]
    if masked:
        protocol["masked"] = masked
    return {
        "config": plan.config.model_dump(mode="json"),
        "dataset_variant": plan.dataset.variant,
        "passed_over": passed_over_facts(plan.dataset.passed_over),
        "copies": [pair.facts() for pair in plan.copied],
        **machine_facts(plan.config.device),
        "digests": {
            "dataset": acquired.photo_set.digest(),
            "protocol": digest(protocol),
            "training pairs": "" if pairs is None else pairs.key,
        },
        "training": None if plan.training is None else plan.training.name,
        "weights": {label: _weights_facts(trained) for label, trained in plan.weights.items()},
        "combinations": {
            label: {"file": one.file_name, "sha256": one.card.sha256, "members": list(one.members)}
            for label, one in plan.methods.items()
            if isinstance(one, Combination)
        },
        "completers_in_files": {
            label: {"file": one.file_name, "sha256": one.card.sha256, "card": one.settings.card}
            for label, one in own_completers(plan.methods.values()).items()
        },
        "recognisers": {name: {"sha256": one.card.sha256} for name, one in plan.recognisers.items()},
        MANIFEST_KEY: {name: says.model_dump() for name, says in described(plan.metrics).items()},
        "thresholds_from": None if plan.thresholds is None else plan.thresholds.facts(),
        "overlap": dict(plan.overlap),
        "left_out": dict(plan.left_out),
        "failed_plugins": failures.facts(),
        "engine": engine.facts(),
        "started": started.isoformat(timespec="seconds"),
        "durations": {step: round(value, 1) for step, value in watch.seconds.items()},
        "peak_memory_mib": {
            **{step: _whole(value) for step, value in watch.peak_memory_mib.items()},
            "worker processes": _whole(workers_peak_mib()),
        },
        "faces_found_by": ledger.faces_found_by(),
        "face_detector_files": {name: sha256 for name, _, sha256 in plan.face_search.files},
    }


def machine_facts(device: str) -> dict[str, Any]:
    """Versions, code revision and device: what a reader needs to repeat a run.

    ``lower_precision`` is what methods that prefer a lower precision compute in here.
    """
    return {
        "versions": {"unmask-benchmark": __version__, "python": platform.python_version(), **_library_versions()},
        "git_revision": _git_revision(),
        "device": device_name(device),
        "lower_precision": native_precision("auto", device),
        "platform": platform.platform(),
        "command": shlex.join(["python", *sys.argv]),
    }


def device_name(device: str) -> str:
    """What a torch device is called: the GPU's name, or the processor's architecture."""
    return torch.cuda.get_device_name(device) if device.startswith("cuda") else platform.machine()


def _whole(mib: float) -> int | None:
    return round(mib) if math.isfinite(mib) else None


def _weights_facts(trained: TrainedWeights) -> dict[str, Any]:
    card = trained.card
    return {"sha256": trained.sha256, "trained_on": card.train_data, "side": card.side, "command": card.command}


def _library_versions() -> dict[str, str]:
    versions = {}
    for name in _LIBRARIES:
        try:
            versions[name] = version(name)
        except PackageNotFoundError:  # e.g. another build of OpenCV or dlib under another name
            versions[name] = "unknown"
    return versions


def _git_revision() -> str:
    """The checkout's commit, with ``+changes`` if files differ from it; empty for an installed wheel."""
    folder = Path(__file__).resolve().parent
    try:
        commit = _git(folder, "rev-parse", "HEAD")
        changed = _git(folder, "status", "--porcelain", "--untracked-files=no")
    except (OSError, subprocess.SubprocessError):
        return ""
    return f"{commit}+changes" if changed else commit


def _git(folder: Path, *arguments: str) -> str:
    done = subprocess.run(
        ["git", "-C", str(folder), *arguments], capture_output=True, text=True, timeout=10, check=True
    )
    return done.stdout.strip()
