"""One training on several devices: a process each, the same steps in all, gradients averaged between them.

Every process holds all networks and sees its share of each batch. Before an optimiser's step its gradients become the
mean over the processes, which keeps the networks equal. Wrappers such as DistributedDataParallel expect every
parameter's gradient in every backward pass; two networks that take turns do not give that, an optimiser's step does.

Without `torch.distributed` set up, everything here stands for a training in one process.
"""

from __future__ import annotations

from typing import Any, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, distributed
from torch.optim import Optimizer

T = TypeVar("T")


def process_count() -> int:
    """How many processes share the training."""
    return distributed.get_world_size() if distributed.is_available() and distributed.is_initialized() else 1


def process_number() -> int:
    """Which of them this is, from 0; number 0 writes files and shows progress."""
    return distributed.get_rank() if process_count() > 1 else 0


def share_of(rows: NDArray[np.intp]) -> NDArray[np.intp]:
    """This process's part of a batch; all of it where there are fewer rows than processes."""
    count = process_count()
    return rows if len(rows) < count else rows[process_number() :: count]


def average_gradients(optimiser: Optimizer) -> None:
    """From now on, make gradients the mean over the processes before each step of `optimiser`."""
    if process_count() > 1:
        optimiser.register_step_pre_hook(_average)


def mean_over_processes(value: Tensor) -> Tensor:
    """The mean of a value that each process has its own of: what all must decide alike is decided on this."""
    if process_count() == 1:
        return value
    total = value.detach().clone()
    distributed.all_reduce(total)
    return total / process_count()


def from_first_process(value: T) -> T:
    """What process 0 has, in all of them."""
    if process_count() == 1:
        return value
    held: list[Any] = [value]
    distributed.broadcast_object_list(held, src=0)
    return held[0]  # type: ignore[no-any-return]


def of_all_processes(value: T) -> list[T]:
    """What each process has, by its number."""
    if process_count() == 1:
        return [value]
    held: list[Any] = [None] * process_count()
    distributed.all_gather_object(held, value)
    return held


@torch.no_grad()
def _average(optimiser: Optimizer, *_: Any) -> None:
    for group in optimiser.param_groups:
        for parameter in group["params"]:
            if parameter.grad is not None:
                distributed.all_reduce(parameter.grad)
                parameter.grad /= process_count()
