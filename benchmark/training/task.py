"""What a method tells the training loop: its networks, its optimisers, and what one step is."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

import torch
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler

from benchmark.masked_faces import FoundPoints

if TYPE_CHECKING:
    from lightning_fabric import Fabric  # takes seconds to import; the loop does so when it trains


@dataclass(frozen=True)
class TrainingBatch:
    """Pairs of a masked face and the truth, on the training device.

    Attributes:
        masked: ``float32 (B, 3, S, S)`` in [0, 1].
        true: ``float32 (B, 3, S, S)`` in [0, 1].
        holes: ``float32 (B, 1, S, S)``, 1 = covered.
        step: number of steps done before this one, for tasks that change as they go.
        landmarks: ``float32 (B, 68, 2)``, pixels of these faces; mirrored with them, so that point 0 is always the
            image-left end of the jaw. No rows where a batch was made without any.
        rows: ``int64 (B,)``, on the processor: which of the set's pairs these are; none where a batch was made without
            a set.
        found: where the faces were found on the masked photos, on the processor, mirrored like `landmarks`; None where
            the set does not say.
    """

    masked: Tensor
    true: Tensor
    holes: Tensor
    step: int = 0
    landmarks: Tensor = field(default_factory=lambda: torch.empty(0, 68, 2))
    rows: Tensor = field(default_factory=lambda: torch.empty(0, dtype=torch.int64))
    found: FoundPoints | None = None


@dataclass(frozen=True)
class TrainingSettings:
    """How long and in what portions to train.

    Attributes:
        epochs: at most.
        max_steps: at most, whatever the epochs; None = no such limit.
        batch_size: pairs per step.
        size: side of the faces, pixels; larger crops are shrunk to it; None = as they are.
        flip: mirror every other face, at random.
        precision: ``"float32"``, or ``"bfloat16"`` or ``"float16"`` for autocast where the device has units for it.
        patience: stop after so many validations without improvement and go back to the best weights; None = train
            to the end and keep the last ones.
        checkpoint_every: steps between checkpoints.
    """

    epochs: int
    batch_size: int
    size: int | None = None
    flip: bool = False
    precision: str = "float32"
    patience: int | None = None
    checkpoint_every: int = 100
    max_steps: int | None = None

    def steps(self, pairs: int) -> int:
        """Training steps in all, where nothing stops them early.

        >>> TrainingSettings(epochs=2, batch_size=4).steps(pairs=9)
        6
        >>> TrainingSettings(epochs=2, batch_size=4, max_steps=5).steps(pairs=9)
        5
        """
        steps = self.epochs * math.ceil(pairs / self.batch_size)
        return steps if self.max_steps is None else min(steps, self.max_steps)


class TrainingTask(ABC):
    """The part of training that is a method's own.

    It holds any number of networks and optimisers, so that two that play against each other, or a slowly moving copy
    of one (a module without an optimiser, changed in `step`), are trained, stored and resumed like a single one.

    Attributes:
        modules: networks by name. The loop puts Fabric's wrappers in their place: call ``self.modules[name]``.
        optimisers: by name, likewise.
        schedulers: of learning rates, by name; the loop steps each once a training step.
    """

    monitor: ClassVar[str]
    """Name of the validation figure that early stopping watches; lower is better."""

    def __init__(
        self,
        modules: Mapping[str, nn.Module],
        optimisers: Mapping[str, Optimizer],
        schedulers: Mapping[str, LRScheduler] | None = None,
    ) -> None:
        self.modules: dict[str, nn.Module] = dict(modules)
        self.optimisers: dict[str, Optimizer] = dict(optimisers)
        self.schedulers: dict[str, LRScheduler] = dict(schedulers or {})

    @abstractmethod
    def step(self, batch: TrainingBatch, fabric: Fabric) -> dict[str, Tensor]:
        """One training step: forward, ``fabric.backward``, optimisers' steps. Returns scalar losses by name."""

    @abstractmethod
    def validate(self, batch: TrainingBatch) -> dict[str, Tensor]:
        """Figures by name, each ``(B,)``, one value per pair. Called without gradients, networks in evaluation mode."""

    def descend(self, name: str, loss: Tensor, fabric: Fabric) -> None:
        """One step of the optimiser `name`, by the gradient of `loss` alone; no gradient remains for a later step.

        No gradient is computed for parameters of other optimisers, which `loss` may depend on, too.
        """
        optimiser = self.optimisers[name]
        optimiser.zero_grad()
        fabric.backward(loss, inputs=[own for group in optimiser.param_groups for own in group["params"]])
        optimiser.step()
        optimiser.zero_grad()

    def sample(self, batch: TrainingBatch) -> Sequence[Tensor]:  # noqa: ARG002
        """Rows of a sheet of faces, each ``(B, 3, S, S)`` in [0, 1], e.g. masked, restored and true ones; called after
        every epoch like `validate`, always with the same few pairs. By default there is no sheet."""
        return ()
