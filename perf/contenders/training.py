"""Steps of training, by the shared loop and by a plain one."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional

from benchmark.masked_faces import MaskedPairs
from benchmark.methods.learned.residual_network import ErrorNetwork
from benchmark.methods.resolve import resolve_parts
from benchmark.methods.trained_networks import TrainedNetworks
from benchmark.progress import Progress
from perf.contender import Contender, Outputs

_BATCH = 16


class SharedLoop(Contender):
    """A method's own training, of the preset's settings but for the number of steps."""

    def __init__(self, inputs: Path) -> None:
        super().__init__(inputs)
        self._asked = json.loads((inputs / "training.json").read_text())
        self._pairs = pairs_of(self._asked["size"], self._asked["pairs"])

    def work(self) -> Outputs:
        """From new networks."""
        found = [part for part in resolve_parts(self._asked["method"]) if isinstance(part, TrainedNetworks)]
        method = found[-1]
        training = replace(method.settings.training, max_steps=self._asked["steps"], size=self._asked["size"])
        method.settings = replace(method.settings, training=training)
        method.fit(self._pairs, progress=Progress(quiet=True))
        steps = min(self._asked["steps"], training.steps(len(self._pairs)))
        return {"images": steps * training.batch_size}


class PlainLoop(Contender):
    """The network of `residual-regressor` in the loop of PyTorch's tutorials, on the same faces."""

    def __init__(self, inputs: Path) -> None:
        super().__init__(inputs)
        self._asked = json.loads((inputs / "training.json").read_text())
        pairs = pairs_of(self._asked["size"], self._asked["pairs"])
        self._masked, self._true = (
            torch.from_numpy(images).permute(0, 3, 1, 2) for images in (np.array(pairs.masked), np.array(pairs.true))
        )

    def work(self) -> Outputs:
        """From a new network."""
        network = ErrorNetwork(4.0)
        optimiser = torch.optim.Adam(network.parameters(), lr=6e-3)
        loader = torch.utils.data.DataLoader(
            torch.utils.data.TensorDataset(self._masked, self._true), batch_size=_BATCH, shuffle=True
        )
        done = 0
        while done < self._asked["steps"]:
            for masked, true in loader:
                shown, wanted = masked.float() / 255, true.float() / 255
                small = functional.interpolate(shown, size=24, mode="bilinear", antialias=True)
                error = functional.interpolate(network(small), size=shown.shape[-1], mode="bilinear")
                loss = (shown + error - wanted).abs().mean()
                optimiser.zero_grad()
                loss.backward()
                optimiser.step()
                done += 1
                if done == self._asked["steps"]:
                    break
        return {"images": done * _BATCH}


def pairs_of(size: int, count: int) -> MaskedPairs:
    """Smooth pictures with a rectangle in front of the lower half; training costs the same as on faces."""
    rng = np.random.default_rng(0)
    coarse = torch.from_numpy(rng.uniform(0, 255, (count, 3, 8, 8)).astype(np.float32))
    smooth = functional.interpolate(coarse, size=size, mode="bicubic").clamp(0, 255).byte()
    true = np.ascontiguousarray(smooth.permute(0, 2, 3, 1).numpy())
    holes = np.zeros((count, size, size), np.uint8)
    holes[:, size // 2 : -size // 8, size // 5 : -size // 5] = 255
    masked = np.where(holes[..., None] > 0, np.uint8(200), true)
    landmarks = rng.uniform(size * 0.3, size * 0.7, (count, 68, 2)).astype(np.float32)
    return MaskedPairs(masked, true, holes, landmarks, tuple(str(number) for number in range(count)))
