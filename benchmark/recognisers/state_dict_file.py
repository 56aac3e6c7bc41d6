"""Reads a PyTorch or safetensors file of weights that somebody else wrote; no code of it is run."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from benchmark.errors import PluginError

_STATES = ("net_state_dict", "state_dict")
_DATA_PARALLEL = "module."
_SAFETENSORS = ".safetensors"


def read_state_dict(file: Path) -> dict[str, Tensor]:
    """Named tensors of a safetensors file, or of one that `torch.save` wrote: a state dict, plain or under
    ``net_state_dict`` or ``state_dict``. Names lose the ``module.`` that `torch.nn.DataParallel` puts before them.

    Raises:
        PluginError: the file cannot be read, is cut short, or holds something else, or numbers that are not finite.
    """
    try:
        content = _content(file)
    except (FileNotFoundError, IsADirectoryError, PermissionError) as error:
        raise PluginError(f"{file} cannot be read: {error.strerror or error}") from error
    if isinstance(content, Mapping):
        content = next((content[name] for name in _STATES if isinstance(content.get(name), Mapping)), content)
    if not isinstance(content, Mapping) or not all(
        isinstance(name, str) and isinstance(tensor, Tensor) for name, tensor in content.items()
    ):
        raise PluginError(
            f"{file} holds no state dict, neither plain nor under {' or '.join(_STATES)}; save the network's "
            "state_dict() with torch.save"
        )
    for name, tensor in content.items():
        kind = _unusual(tensor)
        if kind:
            raise PluginError(
                f"{file} holds {kind} numbers in '{name}'; save the state_dict() of a network with plain, dense "
                "tensors, or name a module or function that builds the network"
            )
    damaged = next((name for name, tensor in content.items() if not torch.isfinite(tensor).all()), None)
    if damaged is not None:
        raise PluginError(f"{file} holds numbers that are not finite in '{damaged}'; fetch or export it again")
    return {name.removeprefix(_DATA_PARALLEL): tensor for name, tensor in content.items()}


def _unusual(tensor: Tensor) -> str:
    """What keeps a tensor's numbers from being read as they are; empty for most."""
    if tensor.is_meta:
        return "no"  # a tensor of the device "meta" has a shape alone
    if tensor.is_quantized:
        return "quantised"
    return "" if tensor.layout == torch.strided else "sparse"


def _content(file: Path) -> Any:
    if file.suffix == _SAFETENSORS:
        file.open("rb").close()  # safetensors reports a missing file and a damaged one alike
        try:
            return load_file(file)
        except Exception as error:  # the reader raises any kind of error on damaged files
            raise PluginError(f"{file} is not a safetensors file, or is truncated ({error}); fetch it again") from error
    try:
        return torch.load(file, map_location="cpu", weights_only=True)
    except (FileNotFoundError, IsADirectoryError, PermissionError):
        raise
    except Exception as error:  # random bytes may be a pickle of anything: IndexError, TypeError, UnpicklingError, …
        raise PluginError(
            f"{file} is not a PyTorch file of plain tensors, or is truncated ({type(error).__name__}); fetch it again, "
            "or save the network's state_dict() with torch.save"
        ) from error


def fill(network: nn.Module, state: Mapping[str, Tensor], *, file: Path, architecture: str) -> None:
    """Put `state` into `network`; every parameter must be there, and nothing else.

    Args:
        network: changed.
        state: of `read_state_dict`.
        file: where it was read from, for messages.
        architecture: what the network is, for messages.

    Raises:
        PluginError: a name is missing or unknown, or a tensor has another shape.
    """
    expected, found = (
        {
            name: tuple(tensor.shape)
            for name, tensor in tensors.items()
            if not _is_counter(name) and isinstance(tensor, Tensor)  # get_extra_state() gives anything
        }
        for tensors in (network.state_dict(), state)
    )
    if found != expected:
        wrong = [name for name in dict.fromkeys((*expected, *found)) if expected.get(name) != found.get(name)]
        raise PluginError(
            f"{file} is not {architecture}: '{wrong[0]}' is {found.get(wrong[0], 'missing')} where "
            f"{expected.get(wrong[0], 'nothing')} is expected ({len(wrong)} of {len(expected)} tensors differ); give "
            "its state dict"
        )
    network.load_state_dict(dict(state), strict=False)  # but for counters everything fits: see above


def _is_counter(name: str) -> bool:
    """Batch normalisation counts its training steps; older files lack the count, and no embedding depends on it."""
    return name.endswith("num_batches_tracked")
