"""The training loop: exact resume, early stop, loss curve, failures."""

from __future__ import annotations

import logging
import os
import runpy
import signal
import subprocess
import sys
import textwrap
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from lightning_fabric import Fabric
from torch import Tensor, nn

from benchmark.errors import BenchmarkError, RequestError
from benchmark.training.checkpoint import read_checkpoint
from benchmark.training.loop import CHECKPOINT, COST_COLUMNS, train
from benchmark.training.task import TrainingBatch, TrainingSettings, TrainingTask

ROOT = Path(__file__).resolve().parents[2]
SETTINGS = TrainingSettings(epochs=4, batch_size=4, flip=True, checkpoint_every=5)


class ToyTask(TrainingTask):
    """Dropout, so that the random stream matters; Adam and a schedule, so that their state does."""

    monitor = "error"

    def __init__(self, rate: float = 1e-2) -> None:
        torch.manual_seed(7)
        network = nn.Sequential(nn.Dropout2d(0.3), nn.Conv2d(3, 3, 3, padding=1), nn.BatchNorm2d(3))
        optimiser = torch.optim.Adam(network.parameters(), lr=rate)
        schedule = torch.optim.lr_scheduler.ExponentialLR(optimiser, 0.9)
        super().__init__({"network": network}, {"network": optimiser}, {"network": schedule})
        self.network = network
        self.steps: list[int] = []

    def step(self, batch: TrainingBatch, fabric: Fabric) -> dict[str, Tensor]:
        self.steps.append(batch.step)
        loss = (self.modules["network"](batch.masked) - batch.true).square().mean()
        fabric.backward(loss)
        self.optimisers["network"].step()
        self.optimisers["network"].zero_grad()
        return {"loss": loss, "twice": 2 * loss}

    def validate(self, batch: TrainingBatch) -> dict[str, Tensor]:
        return {"error": (self.modules["network"](batch.masked) - batch.true).abs().mean((1, 2, 3))}


class KilledHere(Exception):
    """Stands for a kill."""


class KillingProgress:
    """A progress whose bar raises after `steps` steps."""

    def __init__(self, steps: int) -> None:
        self.left = steps

    @contextmanager
    def bar(self, *_: object, **__: object):
        yield self

    def update(self, _: int) -> None:
        self.left -= 1
        if self.left == 0:
            raise KilledHere

    def set_postfix(self, **_: object) -> None:
        pass


def run(task, pairs, progress, settings=SETTINGS, *, checkpoints=None, identity="toy") -> pd.DataFrame:
    return train(
        task,
        pairs,
        settings,
        name="toy",
        identity=identity,
        seed=0,
        device="cpu",
        progress=progress,
        checkpoints=checkpoints,
    )


def same_weights(one: nn.Module, other: nn.Module) -> bool:
    first, second = one.state_dict(), other.state_dict()
    return all(torch.equal(first[key], second[key]) for key in first)


def test_the_loss_falls_and_the_curve_tells(noise_pairs, quiet):
    task = ToyTask()
    curve = run(task, noise_pairs(10, validation=3), quiet, replace(SETTINGS, epochs=12))
    assert curve.train_loss.iloc[-1] < 0.9 * curve.train_loss.iloc[0]
    assert list(curve.columns) == ["epoch", "step", "train_loss", "train_twice", "validation_error", *COST_COLUMNS]
    assert (curve.images_per_second > 0).all()
    assert curve.epoch.tolist() == list(range(1, 13))
    assert curve.step.tolist() == [3 * epoch for epoch in range(1, 13)]  # 10 pairs: batches of 4, 4, 2
    assert np.allclose(curve.train_twice, 2 * curve.train_loss)
    assert task.steps == list(range(36))
    assert not task.network.training


def test_the_curve_holds_the_means_it_says(noise_pairs, quiet):
    pairs = noise_pairs(6, validation=5)
    task = ToyTask(rate=0.0)
    curve = run(task, pairs, quiet, replace(SETTINGS, epochs=1, batch_size=3))
    masked = torch.from_numpy(pairs.validation.masked).permute(0, 3, 1, 2) / 255
    true = torch.from_numpy(pairs.validation.true).permute(0, 3, 1, 2) / 255
    with torch.no_grad():
        expected = (task.network.eval()(masked) - true).abs().mean()
    assert curve.validation_error.item() == pytest.approx(float(expected), rel=1e-5)


def test_a_loss_that_only_some_steps_have_is_averaged_over_those(noise_pairs, quiet):
    class SometimesTask(ToyTask):
        def step(self, batch: TrainingBatch, fabric: Fabric) -> dict[str, Tensor]:
            losses = super().step(batch, fabric)
            return losses | ({"rare": torch.tensor(float(batch.step))} if batch.step in (4, 5) else {})

    curve = run(SometimesTask(), noise_pairs(10), quiet, replace(SETTINGS, epochs=3))  # 3 steps per epoch
    assert curve.train_rare.isna().tolist() == [True, False, True]
    assert curve.train_rare[1] == 4.5


def test_the_same_seed_gives_the_same_weights_and_leaves_the_global_stream_alone(noise_pairs, quiet):
    one, other = ToyTask(), ToyTask()
    torch.manual_seed(11)
    before = torch.get_rng_state()
    run(one, noise_pairs(), quiet)
    assert torch.equal(torch.get_rng_state(), before)
    torch.manual_seed(12)
    run(other, noise_pairs(), quiet)
    assert same_weights(one.network, other.network)


@pytest.mark.parametrize("killed_after", [1, 5, 7, 9, 11])
@pytest.mark.parametrize("patience", [None, 1])
def test_killed_and_resumed_equals_uninterrupted_to_the_bit(noise_pairs, quiet, tmp_path, killed_after, patience):
    pairs, settings = noise_pairs(10, validation=3), replace(SETTINGS, patience=patience)
    whole = ToyTask()
    curve = run(whole, pairs, quiet, settings)
    with pytest.raises(KilledHere):
        run(ToyTask(), pairs, KillingProgress(killed_after), settings, checkpoints=tmp_path)
    resumed = ToyTask()
    resumed_curve = run(resumed, pairs, quiet, settings, checkpoints=tmp_path)
    assert same_weights(whole.network, resumed.network)
    costs = list(COST_COLUMNS)
    pd.testing.assert_frame_equal(curve.drop(columns=costs), resumed_curve.drop(columns=costs), check_exact=True)
    first = resumed.steps[0]
    assert first == {1: 0, 5: 0, 7: 5, 9: 5, 11: 10}[killed_after]  # killed in step 5, before its checkpoint


def test_a_finished_training_is_not_repeated(noise_pairs, quiet, tmp_path):
    pairs = noise_pairs(10, validation=3)
    first, second = ToyTask(), ToyTask()
    curve = run(first, pairs, quiet, checkpoints=tmp_path)
    again = run(second, pairs, quiet, checkpoints=tmp_path)
    assert second.steps == []
    assert same_weights(first.network, second.network)
    pd.testing.assert_frame_equal(curve, again)


def test_a_damaged_checkpoint_starts_afresh_with_a_warning(noise_pairs, quiet, tmp_path, caplog):
    pairs, whole = noise_pairs(), ToyTask()
    run(whole, pairs, quiet)
    with pytest.raises(KilledHere):
        run(ToyTask(), pairs, KillingProgress(8), checkpoints=tmp_path)
    file = tmp_path / CHECKPOINT
    file.write_bytes(file.read_bytes()[:-100])
    resumed = ToyTask()
    with caplog.at_level(logging.WARNING):
        run(resumed, pairs, quiet, checkpoints=tmp_path)
    assert "damaged" in caplog.text
    assert resumed.steps[0] == 0
    assert same_weights(whole.network, resumed.network)


@pytest.mark.parametrize("change", ["pairs", "settings", "identity"])
def test_a_checkpoint_of_another_training_is_not_resumed(noise_pairs, quiet, tmp_path, caplog, change):
    with pytest.raises(KilledHere):
        run(ToyTask(), noise_pairs(), KillingProgress(8), checkpoints=tmp_path)
    task = ToyTask()
    with caplog.at_level(logging.WARNING):
        run(
            task,
            noise_pairs(seed=5 if change == "pairs" else 0),
            quiet,
            replace(SETTINGS, epochs=5 if change == "settings" else 4),
            checkpoints=tmp_path,
            identity="other" if change == "identity" else "toy",
        )
    assert "another training" in caplog.text
    assert task.steps[0] == 0


def test_early_stop_goes_back_to_the_best_weights(noise_pairs, quiet):
    class Worsens(ToyTask):
        """Best at the second validation."""

        def validate(self, batch: TrainingBatch) -> dict[str, Tensor]:
            if not hasattr(self, "figures"):
                self.figures, self.snapshots = iter([3.0, 1.0, 2.0, 1.0, 0.5]), []
            self.snapshots.append({key: value.clone() for key, value in self.network.state_dict().items()})
            return {"error": torch.full((len(batch.masked),), next(self.figures))}

    task = Worsens()
    curve = run(task, noise_pairs(8, validation=2), quiet, replace(SETTINGS, epochs=5, patience=1))
    assert curve.validation_error.tolist() == [3.0, 1.0, 2.0, 1.0]  # two validations that are no better end it
    assert all(torch.equal(value, task.network.state_dict()[key]) for key, value in task.snapshots[1].items())
    assert not all(torch.equal(value, task.network.state_dict()[key]) for key, value in task.snapshots[3].items())


def test_without_validation_nothing_stops_early(noise_pairs, quiet):
    curve = run(ToyTask(), noise_pairs(8), quiet, replace(SETTINGS, patience=0))
    assert len(curve) == 4
    assert "validation_error" not in curve


def test_a_loss_that_is_not_finite_names_the_step(noise_pairs, quiet, tmp_path):
    class Explodes(ToyTask):
        def step(self, batch: TrainingBatch, fabric: Fabric) -> dict[str, Tensor]:
            losses = super().step(batch, fabric)
            return {"loss": losses["loss"] * torch.nan} if batch.step >= 6 else losses

    with pytest.raises(BenchmarkError, match=r"'toy' failed at step 7: loss 'loss' became nan; lower the"):
        run(Explodes(), noise_pairs(), quiet, replace(SETTINGS, checkpoint_every=1000))
    with pytest.raises(BenchmarkError, match="step 7"):
        run(Explodes(), noise_pairs(), quiet, replace(SETTINGS, checkpoint_every=1), checkpoints=tmp_path)


def test_fewer_pairs_than_a_batch_is_refused(noise_pairs, quiet):
    with pytest.raises(
        RequestError, match=r"3 training pairs are fewer than one batch of 4; .*\(raise --train-limit\)"
    ):
        run(ToyTask(), noise_pairs(3), quiet)


class TwoPlayers(TrainingTask):
    """Two optimisers and a slow copy without one: what an adversarial method will need."""

    monitor = "error"

    def __init__(self) -> None:
        torch.manual_seed(3)
        modules = {key: nn.Conv2d(3, 3, 1) for key in ("generator", "discriminator", "slow")}
        modules["slow"].load_state_dict(modules["generator"].state_dict())
        modules["slow"].requires_grad_(False)
        super().__init__(
            modules,
            {key: torch.optim.Adam(modules[key].parameters(), lr=1e-2) for key in ("generator", "discriminator")},
        )
        self.originals = dict(modules)

    def step(self, batch: TrainingBatch, fabric: Fabric) -> dict[str, Tensor]:
        losses = {}
        for key, sign in (("discriminator", -1), ("generator", 1)):
            fake = self.modules["generator"](batch.masked)
            losses[key] = sign * (self.modules["discriminator"](fake - batch.true)).square().mean()
            for optimiser in self.optimisers.values():
                optimiser.zero_grad()
            fabric.backward(losses[key])
            self.optimisers[key].step()
        with torch.no_grad():
            for slow, fast in zip(
                self.originals["slow"].parameters(), self.originals["generator"].parameters(), strict=True
            ):
                slow.lerp_(fast, 0.1)
        return losses

    def validate(self, batch: TrainingBatch) -> dict[str, Tensor]:
        return {"error": (self.modules["slow"](batch.masked) - batch.true).abs().mean((1, 2, 3))}


def test_two_networks_and_a_slow_copy_resume_exactly_too(noise_pairs, quiet, tmp_path):
    pairs = noise_pairs(10, validation=3)
    whole, resumed = TwoPlayers(), TwoPlayers()
    run(whole, pairs, quiet)
    with pytest.raises(KilledHere):
        run(TwoPlayers(), pairs, KillingProgress(8), checkpoints=tmp_path)
    run(resumed, pairs, quiet, checkpoints=tmp_path)
    for key in whole.originals:
        assert same_weights(whole.originals[key], resumed.originals[key])
    assert not same_weights(whole.originals["slow"], whole.originals["generator"])


KILLED = """
    import os, signal, sys
    from dataclasses import replace
    from pathlib import Path

    import numpy as np

    from benchmark.methods.base import MaskedPairs, Workspace
    from benchmark.methods.learned.residual_regressor import ResidualRegressor
    from benchmark.progress import Progress
    from benchmark.training import loop


    def fit(folder):
        rng = np.random.default_rng(0)
        true = rng.integers(0, 256, (70, 8, 8, 3)).astype(np.uint8)
        holes = np.zeros((70, 8, 8), np.uint8)
        holes[:, 4:] = 255
        masked = np.where(holes[..., None] > 0, 0, true).astype(np.uint8)
        pairs = MaskedPairs(masked, true, holes, np.zeros((70, 68, 2), np.float32), tuple(map(str, range(70))))
        method = ResidualRegressor(preset="thesis-64")
        method.settings = replace(method.settings, training=replace(method.settings.training, checkpoint_every=5))
        method.workspace = Workspace(checkpoints=folder)
        method.fit(pairs, progress=Progress(quiet=True))
        return method.modules["network"]


    if __name__ == "__main__":
        written = loop.write_checkpoint

        def write_then_die(file, state):
            written(file, state)
            if state["step"] == 10:
                os.kill(os.getpid(), signal.SIGKILL)

        loop.write_checkpoint = write_then_die
        fit(Path(sys.argv[1]))
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no SIGKILL here")
def test_kill_minus_nine_leaves_a_training_that_continues(tmp_path):
    script = tmp_path / "training.py"
    script.write_text(textwrap.dedent(KILLED), "utf-8")
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": str(torch.get_num_threads())}
    command = [sys.executable, str(script), str(tmp_path / "killed")]
    ended = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert ended.returncode == -signal.SIGKILL, ended.stderr
    assert read_checkpoint(tmp_path / "killed" / CHECKPOINT)["step"] == 10
    fit = runpy.run_path(str(script))["fit"]
    assert same_weights(fit(tmp_path / "killed"), fit(tmp_path / "whole"))
