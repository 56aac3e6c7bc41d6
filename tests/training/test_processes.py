"""Training in two processes, on the CPU."""

from __future__ import annotations

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
from benchmark.training.processes import mean_over_processes, of_all_processes, process_number, share_of


def regressor(**training: object) -> ResidualRegressor:
    """Plain gradient descent on a mean over faces, without normalisation of batches: shares must add up exactly."""
    method = ResidualRegressor(preset="thesis-64")
    settings = {"epochs": 2, "batch_size": 4, "checkpoint_every": 2, **training}
    method.settings = replace(
        method.settings,
        training=replace(method.settings.training, **settings),  # type: ignore[arg-type]
        learning_rate=0.1,
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


@pytest.mark.slow
def test_a_failure_in_a_process_is_one_line(noise_pairs: Callable[..., MaskedPairs], quiet: Progress) -> None:
    with pytest.raises(BenchmarkError, match=r"on 2 devices failed: .*fewer than one batch of 400"):
        fit_in_processes(regressor(batch_size=400), noise_pairs(8), devices=2, progress=quiet)


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
