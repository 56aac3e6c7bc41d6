"""Fits a learner on several devices at once, a process each, of one machine or of several."""

from __future__ import annotations

import tempfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import distributed
from torch.multiprocessing.spawn import ProcessException, spawn

from benchmark.errors import BenchmarkError, RequestError
from benchmark.methods.base import Learner, MaskedPairs
from benchmark.parallel import end_with_parent
from benchmark.plugin_code.guard import plugin_code
from benchmark.plugin_code.sources import KeptSources, kept_sources
from benchmark.progress import Progress
from benchmark.storage.csv_files import read_table, write_table
from benchmark.training.machines import Machines

ALONE = Machines()
_COPIED = ("name", "settings", "workspace")
"""Attributes that a learner is given between its making and `fit`."""


def fit_in_processes(
    learner: Learner[MaskedPairs], pairs: MaskedPairs, *, devices: int, progress: Progress, machines: Machines = ALONE
) -> None:
    """Fit `learner` as `learner.fit` does, on `devices` devices; on a CPU, in so many processes.

    The result depends on the number of devices of all machines: each sees its share of a batch, and batch normalisation
    its share's statistics. On machines other than the first, `learner` takes part and has learned nothing afterwards.

    Args:
        learner: a method or detector that learns from pairs, not yet fitted.
        pairs: what it learns from.
        devices: of this machine; as many on every other.
        progress: shown by the first process.
        machines: that share the training.

    Raises:
        RequestError: there are fewer GPUs than `devices`.
        BenchmarkError: the training failed in one of the processes.
    """
    if learner.device.startswith("cuda") and torch.cuda.device_count() < devices:
        raise RequestError(f"--devices {devices}: there are {torch.cuda.device_count()} CUDA devices here")
    with tempfile.TemporaryDirectory() as folder:
        given = {name: getattr(learner, name) for name in _COPIED}
        fitting = _Fitting(
            kept_sources(),
            type(learner),
            learner.preset,
            learner.seed,
            learner.device,
            given,
            devices,
            machines,
            progress.quiet,
            Path(folder),
        )
        try:
            spawn(_fit, args=(fitting, pairs), nprocs=devices)  # type: ignore[no-untyped-call]
        except ProcessException as error:
            reason = fitting.first_reason() or str(error).strip().splitlines()[-1]
            count = machines.processes(devices)
            raise BenchmarkError(f"training of '{learner.name}' on {count} devices failed: {reason}") from error
        if machines.number:
            return
        learner.load(fitting.weights)
        learner.losses = read_table(fitting.losses) if fitting.losses.exists() else None


@dataclass(frozen=True)
class _Fitting:
    """What each process needs to make the learner that it fits.

    The sources of plugin files come first: unpickling them makes a process keep them before it looks for the class.
    """

    sources: KeptSources
    cls: type[Learner[MaskedPairs]]
    preset: str
    seed: int
    device: str
    given: dict[str, Any]
    devices: int
    machines: Machines
    quiet: bool
    folder: Path

    @property
    def weights(self) -> Path:
        """Where the first process saves what was learned."""
        return self.folder / "weights"

    @property
    def losses(self) -> Path:
        """Where it saves the loss curve."""
        return self.folder / "losses.csv"

    def first_reason(self) -> str:
        """Why the first process failed; the others then miss it, which explains nothing. Empty where none said it."""
        return self._reason.read_text("utf-8") if self._reason.exists() else ""

    def say(self, error: BenchmarkError) -> None:
        """Leave the reason of a failure to the process that started this one, unless another was the first to fail."""
        with suppress(FileExistsError), self._reason.open("x", encoding="utf-8", errors="backslashreplace") as stream:
            stream.write(str(error))

    @property
    def _reason(self) -> Path:
        return self.folder / "reason.txt"


def _fit(number: int, fitting: _Fitting, pairs: MaskedPairs) -> None:
    end_with_parent()
    on_gpu = fitting.device.startswith("cuda")
    backend = "nccl" if on_gpu else "gloo"
    try:
        with fitting.machines.meeting(fitting.folder, device=number, devices=fitting.devices) as place:
            distributed.init_process_group(backend, **place)
            if on_gpu:
                torch.cuda.set_device(number)
            _fit_share(distributed.get_rank(), fitting, f"cuda:{number}" if on_gpu else fitting.device, pairs)
            distributed.barrier()
            distributed.destroy_process_group()
    except BenchmarkError as error:
        fitting.say(error)
        raise


def _fit_share(number: int, fitting: _Fitting, device: str, pairs: MaskedPairs) -> None:
    """Fit on this process's share of each batch; the first process saves what was learned.

    Raises:
        BenchmarkError: the learner's own code fails.
    """
    called = f"'{fitting.given['name']}'"
    with plugin_code(f"{called} cannot be made"):
        learner = fitting.cls(preset=fitting.preset, seed=fitting.seed, device=device)
        for name, value in fitting.given.items():
            setattr(learner, name, value)
    with plugin_code(f"{called} fails in fit()"):
        learner.fit(pairs, progress=Progress(quiet=fitting.quiet or number > 0))
    if number == 0:
        fitting.weights.mkdir()
        with plugin_code(f"{called} fails in save()"):
            learner.save(fitting.weights)
        if learner.losses is not None:
            write_table(fitting.losses, learner.losses)
