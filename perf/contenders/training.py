"""Steps of training, by the shared loop and by a plain one."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.nn import functional
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import flop_registry

from benchmark.masked_faces import MaskedPairs
from benchmark.methods.learned.residual_network import ErrorNetwork
from benchmark.methods.resolve import resolve_parts
from benchmark.methods.trained_networks import TrainedNetworks
from perf.contender import COST, Contender, Outputs, processor_seconds

_BATCH = 16
_PRODUCT = 1536
"""Side of the matrices that tell how fast products are."""


class _StepClock:
    """Stands for a training's progress bar, which begins when networks and optimisers are made, and is moved after
    every step."""

    def __init__(self) -> None:
        self.began = self.ended = math.nan

    @contextmanager
    def bar(self, *_: object, **__: object) -> Iterator[_StepClock]:
        self.began = processor_seconds()
        yield self

    def update(self, _: int) -> None:
        self.ended = processor_seconds()

    def set_postfix(self, **_: object) -> None:
        pass


class SharedLoop(Contender):
    """A method's own training, of the preset's settings but for the number of steps; only the steps are timed.

    The contest's first work, which is not measured, warms up what PyTorch prepares for each shape.
    """

    def __init__(self, inputs: Path) -> None:
        super().__init__(inputs)
        self._asked = json.loads((inputs / "training.json").read_text())
        self._pairs = pairs_of(self._asked["size"], self._asked["pairs"])

    def work(self) -> Outputs:
        """From new networks."""
        method = self._method()
        clock = _StepClock()
        method.fit(self._pairs, progress=clock)
        training = method.settings.training
        steps = min(self._asked["steps"], training.steps(len(self._pairs)))
        return {"images": steps * training.batch_size, COST: clock.ended - clock.began}

    def _method(self) -> TrainedNetworks:
        found = [part for part in resolve_parts(self._asked["method"]) if isinstance(part, TrainedNetworks)]
        method = found[-1]
        training = replace(method.settings.training, max_steps=self._asked["steps"], size=self._asked["size"])
        method.settings = replace(method.settings, training=training)
        return method


class _Counted(TorchDispatchMode):
    """Counts the operations of products and convolutions; PyTorch's own counter fails where a loss takes a gradient.

    Attributes:
        operations: floating-point operations so far.
    """

    def __init__(self) -> None:
        super().__init__()
        self.operations = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        made = func(*args, **(kwargs or {}))
        count = flop_registry.get(func.overloadpacket)
        if count is not None:
            self.operations += count(*args, **(kwargs or {}), out_val=made)
        return made


class CountedLoop(SharedLoop):
    """Likewise; afterwards it also tells what no program could undercut."""

    def outputs(self, found: Outputs) -> Outputs:
        """With ``floor``: seconds that the steps' products alone, convolutions among them, take at the speed of one
        large product of matrices in the same precision."""
        from benchmark.machine.native_precision import native_precision  # noqa: PLC0415  # older revisions lack it

        method = self._method()
        with _Counted() as counted:
            method.fit(self._pairs, progress=_StepClock())
        precision = native_precision(method.settings.training.precision, "cpu")
        return {**found, "floor": counted.operations / product_speed(getattr(torch, precision))}


def product_speed(dtype: torch.dtype) -> float:
    """Floating-point operations a second of one core in a product of two large matrices, the best of five."""
    matrix = torch.randn(_PRODUCT, _PRODUCT).to(dtype)
    least = math.inf
    for _ in range(5):
        started = processor_seconds()
        _ = matrix @ matrix
        least = min(least, processor_seconds() - started)
    return 2 * _PRODUCT**3 / least


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
