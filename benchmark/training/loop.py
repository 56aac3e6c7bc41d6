"""The training loop that every trained method shares.

Seeded, resumable to the bit, and the same for one network or several. Fabric takes care of device and precision.
"""

from __future__ import annotations

import copy
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import pandas as pd
import torch
from torch import Tensor
from torch.optim import Optimizer

from benchmark.errors import BenchmarkError
from benchmark.machine.cost import CostMeter
from benchmark.machine.native_precision import native_precision
from benchmark.machine.processor_time import keep_freed_memory
from benchmark.masked_faces import MaskedPairs
from benchmark.training.batches import PairBatches, pairs_digest
from benchmark.training.checkpoint import matching_checkpoint, write_checkpoint
from benchmark.training.determinism import random_state, restore_random_state, torch_seeded
from benchmark.training.processes import (
    average_gradients,
    from_first_process,
    of_all_processes,
    process_count,
    process_number,
)
from benchmark.training.sample_sheet import write_sheet
from benchmark.training.task import TrainingSettings, TrainingTask

if TYPE_CHECKING:
    from lightning_fabric import Fabric

CHECKPOINT = "training.ckpt"
COST_COLUMNS = ("seconds", "images_per_second", "peak_memory_mib")
"""Columns of the loss curve that differ from run to run."""
_FABRIC_PRECISION = {"float32": "32-true", "bfloat16": "bf16-mixed", "float16": "16-mixed"}
_STEPS_BETWEEN_CHECKS = 10
_SAMPLED_FACES = 8


def train(
    task: TrainingTask,
    pairs: MaskedPairs,
    settings: TrainingSettings,
    *,
    name: str,
    identity: str,
    seed: int,
    device: str,
    progress: Any,
    checkpoints: Path | None = None,
    samples: Path | None = None,
) -> pd.DataFrame:
    """Train `task` on `pairs`; its networks are changed in place.

    Args:
        task: networks, optimisers and what a step is.
        pairs: with `validation`, or without: then nothing is stopped early and the last weights are kept.
        settings: length and portions.
        name: the name of the method, for the progress bar and messages.
        identity: everything else that the result depends on (the method's settings and version), as text: a
            checkpoint of another identity is not resumed.
        seed: the run's seed.
        device: a torch device name.
        progress: a `benchmark.progress.Progress`.
        checkpoints: folder for the checkpoint; None = none is kept.
        samples: folder for a sheet of faces after every epoch, ``epoch-001.png``; None = none is drawn.

    Returns:
        The loss curve: one row an epoch (the last may be cut short) with ``epoch`` and ``step`` (begun and done so
        far), ``train_…``, the mean of each loss over those of the epoch's steps that had it, ``validation_…``, the
        mean of each figure over the validation pairs, and what it cost: ``seconds`` of the epoch's steps (after a
        kill: of those since), ``images_per_second`` and ``peak_memory_mib`` (see `CostMeter`).

    Raises:
        RequestError: fewer pairs than a batch.
        BenchmarkError: a loss is not finite.
        StorageError: a checkpoint cannot be written.
    """
    if device == "cpu":
        keep_freed_memory()
    own = [str(process_number())] if process_number() else []  # each process draws its own noise
    with torch_seeded(seed, "training", name, *own, device=device):
        training = _Training(task, pairs, settings, name=name, seed=seed, device=device)
        file = None
        if from_first_process(checkpoints is not None):  # which alone reads and writes it
            file = (checkpoints or Path()) / CHECKPOINT
        if file is not None and process_number() == 0:
            file.parent.mkdir(parents=True, exist_ok=True)
        precision = native_precision(settings.precision, device)
        fingerprint = repr((name, identity, settings, precision, seed, pairs_digest(pairs), process_count()))
        return training.run(file, fingerprint, progress, samples)


class _Training:
    """One training: what `train` was given, and how far it has come."""

    def __init__(
        self, task: TrainingTask, pairs: MaskedPairs, settings: TrainingSettings, *, name: str, seed: int, device: str
    ) -> None:
        self.task = task
        self.settings = settings
        self.name = name
        self.device = device
        self.batches = PairBatches(
            pairs, batch_size=settings.batch_size, size=settings.size, flip=settings.flip, seed=seed, device=device
        )
        self.validation = None
        if pairs.validation is not None and len(pairs.validation):
            self.validation = PairBatches(
                pairs.validation,
                batch_size=min(settings.batch_size, len(pairs.validation)),
                size=settings.size,
                flip=False,
                seed=seed,
                device=device,
            )
        self.fabric = _fabric(device, native_precision(settings.precision, device))
        # originals for state dictionaries, wrappers for the task
        self.modules, self.optimisers = dict(task.modules), dict(task.optimisers)
        task.modules = {key: self.fabric.setup_module(module) for key, module in task.modules.items()}
        for key, optimiser in self.optimisers.items():
            average_gradients(optimiser)
            task.optimisers[key] = cast(Optimizer, self.fabric.setup_optimizers(optimiser))
        self.step = 0
        self.sums: dict[str, tuple[float, int]] = {}
        self.rows: list[dict[str, float]] = []
        self.best = math.inf
        self.best_modules: dict[str, Any] | None = None
        self.stale = 0

    def run(self, file: Path | None, fingerprint: str, progress: Any, samples: Path | None) -> pd.DataFrame:
        if len(set(of_all_processes(fingerprint))) > 1:
            raise BenchmarkError(
                f"the processes do not train '{self.name}' alike: use the same command, photos and version on every "
                "machine"
            )
        state = matching_checkpoint(file, fingerprint) if file is not None and process_number() == 0 else None
        state = from_first_process(state)  # no other machine needs to see the file
        if state is not None:
            self._resume(state)
        total = self.settings.steps(len(self.batches.pairs))
        with progress.bar(f"train {self.name}", total=total, unit="step", done=self.step) as bar:
            while self.step < total and not self._out_of_patience():
                ending = min(total, (self.step // len(self.batches) + 1) * len(self.batches))
                started = self.step
                with CostMeter(self.device) as meter:
                    while self.step < ending:
                        self._some_steps(ending, file, bar)
                        if file is not None and self.step % self.settings.checkpoint_every == 0 and self.step < ending:
                            self._write(file, fingerprint)
                self._end_epoch(meter, self.step - started)
                if samples is not None and process_number() == 0:
                    self._draw_samples(samples)
                finished = self.step == total or self._out_of_patience()
                if file is not None and (finished or self.step % self.settings.checkpoint_every == 0):
                    self._write(file, fingerprint)
        if self.best_modules is not None and self.settings.patience is not None:
            for key, module in self.modules.items():
                module.load_state_dict(self.best_modules[key])
        for module in self.modules.values():
            module.eval()
        return pd.DataFrame(self.rows)

    def _some_steps(self, ending: int, file: Path | None, bar: Any) -> None:
        """Steps up to the next check of the losses, the next checkpoint or the epoch's end."""
        every = self.settings.checkpoint_every
        upto = min(ending, self.step + _STEPS_BETWEEN_CHECKS)
        if file is not None:
            upto = min(upto, (self.step // every + 1) * every)
        waiting = []
        while self.step < upto:
            waiting.append(self._one_step())
            bar.update(1)
        bar.set_postfix(loss=f"{self._collect(waiting):.4g}", refresh=False)

    def _one_step(self) -> dict[str, Tensor]:
        for module in self.task.modules.values():
            module.train()
        losses = self.task.step(self.batches.batch(self.step), self.fabric)
        for scheduler in self.task.schedulers.values():
            scheduler.step()
        self.step += 1
        return {key: loss.detach().float() for key, loss in losses.items()}

    def _collect(self, waiting: list[dict[str, Tensor]]) -> float:
        """Add the losses of the last steps to the epoch's sums; returns the first loss of the last step."""
        shown = math.nan
        for step, losses in enumerate(waiting, start=self.step - len(waiting) + 1):
            values = {key: float(loss) for key, loss in losses.items()}
            for key, value in values.items():
                if not math.isfinite(value):
                    raise BenchmarkError(
                        f"training of '{self.name}' failed at step {step}: loss '{key}' became {value}; "
                        "lower the learning rate, or use precision float32, in the method's preset"
                    )
                total, count = self.sums.get(key, (0.0, 0))
                self.sums[key] = total + value, count + 1
            shown = next(iter(values.values()))
        return shown

    def _end_epoch(self, cost: CostMeter, steps: int) -> None:
        row: dict[str, float] = {"epoch": math.ceil(self.step / len(self.batches)), "step": self.step}
        row |= {f"train_{key}": total / count for key, (total, count) in self.sums.items()}
        self.sums.clear()
        figures = from_first_process(self._validated())
        row |= {f"validation_{key}": value for key, value in figures.items()}
        row["seconds"] = round(cost.seconds, 2)
        row["images_per_second"] = round(steps * self.settings.batch_size / cost.seconds, 2)
        row["peak_memory_mib"] = round(cost.peak_memory_mib, 1)
        self.rows.append(row)
        if not figures:
            return
        watched = figures[self.task.monitor]
        if watched < self.best:
            self.best, self.stale = watched, 0
            if self.settings.patience is not None:
                self.best_modules = {key: copy.deepcopy(module.state_dict()) for key, module in self.modules.items()}
        else:
            self.stale += 1

    @torch.no_grad()
    def _validated(self) -> dict[str, float]:
        if self.validation is None:
            return {}
        for module in self.task.modules.values():
            module.eval()
        values: dict[str, list[float]] = {}  # small tensors kept between large ones would fragment the memory
        for batch in self.validation.in_order():
            for key, figures in self.task.validate(batch).items():
                values.setdefault(key, []).extend(figures.float().tolist())
        return {key: float(np.mean(figures)) for key, figures in values.items()}

    @torch.no_grad()
    def _draw_samples(self, folder: Path) -> None:
        batches = self.validation or self.batches
        rows = self.task.sample(batches.spread(_SAMPLED_FACES))
        if rows:
            folder.mkdir(parents=True, exist_ok=True)
            write_sheet(folder / f"epoch-{len(self.rows):03d}.png", rows)

    def _out_of_patience(self) -> bool:
        return self.settings.patience is not None and self.stale > self.settings.patience

    def _write(self, file: Path, fingerprint: str) -> None:
        state = self._state()
        if process_number() == 0:
            write_checkpoint(file, {"fingerprint": fingerprint, **state})

    def _state(self) -> dict[str, Any]:
        return {
            "step": self.step,
            "modules": {key: module.state_dict() for key, module in self.modules.items()},
            "optimisers": {key: optimiser.state_dict() for key, optimiser in self.optimisers.items()},
            "schedulers": {key: scheduler.state_dict() for key, scheduler in self.task.schedulers.items()},
            "precision": self.fabric.strategy.precision.state_dict(),
            "random": of_all_processes(random_state(self.device)),
            "sums": self.sums,
            "rows": self.rows,
            "best": self.best,
            "best_modules": self.best_modules,
            "stale": self.stale,
        }

    def _resume(self, state: dict[str, Any]) -> None:
        for key, module in self.modules.items():
            module.load_state_dict(state["modules"][key])
        for key, optimiser in self.optimisers.items():
            optimiser.load_state_dict(state["optimisers"][key])
        for key, scheduler in self.task.schedulers.items():
            scheduler.load_state_dict(state["schedulers"][key])
        self.fabric.strategy.precision.load_state_dict(state["precision"])
        restore_random_state(state["random"][process_number()], self.device)
        self.step, self.sums, self.rows = state["step"], state["sums"], state["rows"]
        self.best, self.best_modules, self.stale = state["best"], state["best_modules"], state["stale"]


def _fabric(device: str, precision: str) -> Fabric:
    from lightning_fabric import Fabric  # noqa: PLC0415 (takes seconds, and only training needs it)

    kind, _, index = device.partition(":")
    devices: Any = [int(index)] if index else 1
    return Fabric(accelerator=kind, devices=devices, precision=_FABRIC_PRECISION[precision])  # type: ignore[arg-type]
