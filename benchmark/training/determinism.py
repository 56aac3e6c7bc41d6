"""Randomness of PyTorch, kept to where it is asked for."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from benchmark.seeds import seed_for


@contextmanager
def torch_seeded(seed: int, *names: str, device: str = "cpu") -> Iterator[None]:
    """PyTorch's random streams seeded for one purpose; afterwards they are what they were before.

    >>> with torch_seeded(0, "weights"):
    ...     first = torch.rand(2)
    >>> with torch_seeded(0, "weights"):
    ...     bool((torch.rand(2) == first).all())
    True
    """
    cuda = [torch.device(device)] if device.startswith("cuda") else []
    with torch.random.fork_rng(devices=cuda), torch.backends.cudnn.flags(deterministic=True, benchmark=False):
        torch.manual_seed(seed_for(seed, *names) >> 1)
        yield


def random_state(device: str) -> dict[str, torch.Tensor]:
    """Where PyTorch's streams stand."""
    state = {"cpu": torch.get_rng_state()}
    if device.startswith("cuda"):
        state["cuda"] = torch.cuda.get_rng_state(device)
    return state


def restore_random_state(state: dict[str, torch.Tensor], device: str) -> None:
    """Put the streams back to where `random_state` found them."""
    torch.set_rng_state(state["cpu"].cpu())
    if device.startswith("cuda") and "cuda" in state:
        torch.cuda.set_rng_state(state["cuda"].cpu(), device)
