"""Training in two processes, on the CPU."""

from __future__ import annotations

import multiprocessing
import socket
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from benchmark.errors import BenchmarkError, RequestError
from benchmark.methods.base import MaskedPairs
from benchmark.methods.fit_in_processes import fit_in_processes
from benchmark.methods.learned.residual_regressor import ResidualRegressor
from benchmark.methods.learner import Workspace
from benchmark.progress import Progress
from benchmark.training import machines as machines_module
from benchmark.training.machines import Machines
from benchmark.training.processes import mean_over_processes, of_all_processes, process_number, share_of


def regressor(cls: type[ResidualRegressor] = ResidualRegressor, **training: object) -> ResidualRegressor:
    """Plain gradient descent on a mean over faces, without normalisation of batches: shares must add up exactly."""
    method = cls(preset="thesis-64")
    settings = {"epochs": 2, "batch_size": 4, "checkpoint_every": 2, **training}
    method.settings = replace(
        method.settings,
        training=replace(method.settings.training, **settings),  # type: ignore[arg-type]
        learning_rate=0.01,  # steps so short that another order of sums stays below 1e-6
    )
    method.name = "residual-regressor"
    return method


def test_alone_nothing_changes() -> None:
    rows = np.arange(5)
    assert share_of(rows).tolist() == rows.tolist()
    assert process_number() == 0
    assert of_all_processes("a") == ["a"]
    value = torch.tensor(0.25)
    assert mean_over_processes(value) is value


@pytest.mark.slow
def test_two_processes_learn_what_one_does_and_resume(
    noise_pairs: Callable[..., MaskedPairs], quiet: Progress, tmp_path: Path
) -> None:
    pairs = noise_pairs(8, validation=2)
    start, alone, together = regressor(), regressor(), regressor()
    alone.fit(pairs, progress=quiet)
    together.workspace = Workspace(checkpoints=tmp_path)
    fit_in_processes(together, pairs, devices=2, progress=quiet)
    for name, expected in alone.modules["network"].state_dict().items():
        assert torch.allclose(together.modules["network"].state_dict()[name], expected, atol=1e-6), name
    learned = [parameter.detach() for parameter in alone.modules["network"].parameters()]
    assert not any(
        torch.equal(now, before) for now, before in zip(learned, start.modules["network"].parameters(), strict=True)
    )
    assert together.losses is not None
    assert alone.losses is not None
    assert np.allclose(together.losses.validation_hole_error, alone.losses.validation_hole_error, atol=1e-6)
    again = regressor()
    again.workspace = Workspace(checkpoints=tmp_path)  # finished: nothing is left to do, in either process
    fit_in_processes(again, pairs, devices=2, progress=quiet)
    for name, expected in together.modules["network"].state_dict().items():
        assert torch.equal(again.modules["network"].state_dict()[name], expected), name


def _second_machine(pairs: MaskedPairs, machines: Machines) -> None:
    method = regressor()
    fit_in_processes(method, pairs, devices=1, progress=Progress(quiet=True), machines=machines)
    assert method.losses is None


@pytest.mark.slow
def test_two_machines_learn_what_one_does_and_the_first_keeps_it(
    noise_pairs: Callable[..., MaskedPairs], quiet: Progress, tmp_path: Path
) -> None:
    pairs = noise_pairs(8, validation=2)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    other = multiprocessing.get_context("spawn").Process(
        target=_second_machine, args=(pairs, Machines.asked_for(2, 1, address))
    )
    other.start()
    together, alone = regressor(), regressor()
    together.workspace = Workspace(checkpoints=tmp_path)
    fit_in_processes(together, pairs, devices=1, progress=quiet, machines=Machines.asked_for(2, 0, address))
    other.join(60)
    assert other.exitcode == 0
    alone.fit(pairs, progress=quiet)
    for name, expected in alone.modules["network"].state_dict().items():
        assert torch.allclose(together.modules["network"].state_dict()[name], expected, atol=1e-6), name


@pytest.mark.slow
def test_machines_with_other_photos_are_one_line(noise_pairs: Callable[..., MaskedPairs], quiet: Progress) -> None:
    said = r"on 2 devices failed: the processes do not train 'residual-regressor' alike"
    with pytest.raises(BenchmarkError, match=said):
        fit_in_processes(regressor(Differing), noise_pairs(8), devices=2, progress=quiet)


def test_a_machine_that_does_not_come_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machines_module, "SECONDS_TO_MEET", 1)
    machines = Machines.asked_for(2, 1, "127.0.0.1:9")
    with (
        pytest.raises(BenchmarkError, match=r"the 2 machines did not meet at 127\.0\.0\.1:9"),
        machines.meeting(Path(), device=0, devices=1),
    ):
        pass


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ((0, None, None), "at least one machine"),
        ((1, 1, None), "name their number with --nodes"),
        ((2, None, "a:1"), "--node is missing"),
        ((2, 2, "a:1"), "--node 2 is none of them"),
        ((2, 0, None), "--meet HOST:PORT"),
        ((2, 0, "a:70000"), "--meet HOST:PORT"),
    ],
)
def test_machines_that_cannot_meet_are_a_wrong_request(asked: tuple[int, int | None, str | None], said: str) -> None:
    with pytest.raises(RequestError, match=said):
        Machines.asked_for(*asked)


@pytest.mark.slow
def test_a_failure_in_a_process_is_one_line(noise_pairs: Callable[..., MaskedPairs], quiet: Progress) -> None:
    with pytest.raises(BenchmarkError, match=r"on 2 devices failed: .*fewer than one batch of 400"):
        fit_in_processes(regressor(batch_size=400), noise_pairs(8), devices=2, progress=quiet)


class Differing(ResidualRegressor):
    """Sees other photos in the second process."""

    def fit(self, pairs: MaskedPairs, *, progress: Progress) -> None:
        if process_number() == 1:
            pairs = replace(pairs, masked=255 - pairs.masked)
        super().fit(pairs, progress=progress)


class Breaking(ResidualRegressor):
    """Breaks in the second process alone, after the first began to wait for it."""

    def fit(self, pairs: MaskedPairs, *, progress: Progress) -> None:
        if process_number() == 1:
            raise self.settings
        of_all_processes("waits")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("raised", "said"),
    [(ValueError("no\nluck"), "ValueError: no luck"), (SystemExit(), "it raised SystemExit to end the program")],
)
def test_what_a_plugin_raises_in_a_process_is_one_line(
    noise_pairs: Callable[..., MaskedPairs], quiet: Progress, raised: BaseException, said: str
) -> None:
    method = Breaking(preset="thesis-64")
    method.name = "breaking"
    method.settings = raised  # type: ignore[assignment]
    with pytest.raises(
        BenchmarkError, match=rf"^training of 'breaking' .* failed: 'breaking' fails in fit\(\): {said}"
    ) as error:
        fit_in_processes(method, noise_pairs(8), devices=2, progress=quiet)
    assert "\n" not in str(error.value)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there are GPUs here")
def test_more_gpus_than_there_are_is_a_wrong_request(noise_pairs: Callable[..., MaskedPairs], quiet: Progress) -> None:
    method = regressor()
    method.device = "cuda"
    with pytest.raises(RequestError, match="there are 0 CUDA devices here"):
        fit_in_processes(method, noise_pairs(8), devices=2, progress=quiet)
