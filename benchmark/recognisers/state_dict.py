"""Reads a PyTorch state dict from a file that somebody else wrote; no code in it is run."""

from __future__ import annotations

import pickle
from collections.abc import Collection, Mapping
from pathlib import Path

import torch
from torch import Tensor, nn

from benchmark.errors import PluginError


def read_state_dict(path: Path, *, below: str = "") -> dict[str, Tensor]:
    """The tensors of a file by name.

    Args:
        path: what ``torch.save`` wrote, of today or of old.
        below: the key under which a checkpoint holds the state dict; empty if the file holds nothing else.

    Raises:
        PluginError: the file cannot be read, or holds something other than tensors by name.
    """
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except (OSError, RuntimeError, ValueError, EOFError, KeyError, pickle.UnpicklingError) as error:
        first = str(error).strip().partition("\n")[0][:120]
        raise PluginError(f"{path} cannot be read as PyTorch weights ({type(error).__name__}: {first})") from error
    if below and isinstance(content, Mapping):
        content = content.get(below)
    if not (isinstance(content, Mapping) and content and all(isinstance(one, Tensor) for one in content.values())):
        where = f"under '{below}' " if below else ""
        raise PluginError(f"{path} holds no tensors by name {where}(it holds: {type(content).__name__})")
    return {str(name): tensor for name, tensor in content.items()}


def fill(network: nn.Module, tensors: Mapping[str, Tensor], path: Path, *, unused: Collection[str] = ()) -> None:
    """Give `network` exactly these weights.

    Args:
        network: changed in place.
        tensors: as `read_state_dict` gives them.
        path: of the file, for messages.
        unused: names that may be in the file and are no part of the network.

    Raises:
        PluginError: one is missing, unknown, not finite, or of another shape.
    """
    given = {name: tensor for name, tensor in tensors.items() if name not in unused}
    expected = network.state_dict()
    for name in sorted(expected.keys() | given.keys()):
        found, wanted = given.get(name), expected.get(name)
        if found is None or wanted is None or found.shape != wanted.shape:
            raise PluginError(
                f"{path} holds the weights of another network: '{name}' is {_shape(found)}, expected {_shape(wanted)}"
            )
        if not torch.isfinite(found).all():
            raise PluginError(f"{path} is damaged: '{name}' holds numbers that are not finite")
    network.load_state_dict(given)


def _shape(tensor: Tensor | None) -> str:
    return "absent" if tensor is None else "×".join(map(str, tensor.shape)) or "a number"
