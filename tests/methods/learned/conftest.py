"""What must hold of every method that the shared training loop trains."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import nn

from benchmark.methods.base import MaskedPairs
from benchmark.methods.learner import Workspace
from benchmark.methods.trained_networks import TrainedNetworks
from benchmark.methods.trained_weights import TrainedWeights
from benchmark.progress import Progress
from benchmark.training.task import TrainingTask

sys.path.insert(0, str(Path(__file__).parent))  # averaged is a module of the tests, whatever pytest's import mode

Make = Callable[[], TrainedNetworks]


def _same_weights(first: nn.Module, second: dict[str, torch.Tensor]) -> bool:
    return all(torch.equal(value, second[key]) for key, value in first.state_dict().items())


@pytest.fixture
def resumes_to_the_bit(
    quiet: Progress, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[[Make, MaskedPairs, type[TrainingTask], int], TrainedNetworks]:
    """Checks that a training killed at a step ends with the weights of one that was not; returns the resumed method."""

    def check(make: Make, pairs: MaskedPairs, task: type[TrainingTask], killed_at: int) -> TrainedNetworks:
        whole, killed, resumed = make(), make(), make()
        whole.fit(pairs, progress=quiet)
        step = task.step

        def dying(self, batch, fabric):
            if batch.step == killed_at:
                raise KeyboardInterrupt
            return step(self, batch, fabric)

        killed.workspace = resumed.workspace = Workspace(checkpoints=tmp_path)
        with monkeypatch.context() as patch:
            patch.setattr(task, "step", dying)
            with pytest.raises(KeyboardInterrupt):
                killed.fit(pairs, progress=quiet)
        resumed.fit(pairs, progress=quiet)
        assert set(whole.networks()) == set(resumed.networks())
        for name, module in whole.networks().items():
            assert _same_weights(module, resumed.networks()[name].state_dict()), name
        return resumed

    return check


@pytest.fixture
def starts_from_another_side(
    tiny_pairs, quiet: Progress, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[[TrainedNetworks, TrainedNetworks], None]:
    """Checks that `second` begins with what `first` learned on smaller faces."""

    def check(first: TrainedNetworks, second: TrainedNetworks) -> None:
        seen = []
        first.fit(tiny_pairs(8, 32), progress=quiet)
        first.save(tmp_path)
        second.workspace = Workspace(start_from=TrainedWeights(tmp_path))
        build = type(second).task

        def watched(method, modules, **options):
            task = build(method, modules, **options)
            seen.append({key: value.clone() for key, value in modules["generator"].state_dict().items()})
            return task

        monkeypatch.setattr(type(second), "task", watched)
        second.fit(tiny_pairs(8, 48), progress=quiet)
        assert second.side == 48
        assert _same_weights(first.modules["generator"], seen[0])

    return check
