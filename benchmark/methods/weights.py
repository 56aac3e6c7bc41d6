"""Stores what a method learned: tensors as safetensors, the rest as JSON. Reading never runs code."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load as parse_arrays
from safetensors.numpy import save_file
from torch import nn

from benchmark.errors import StorageError
from benchmark.storage.utf8 import as_utf8
from benchmark.structured_text import Unreadable, read_json

TENSORS = "weights.safetensors"
ABOUT = "weights.json"


def save_arrays(folder: Path, architecture: str, arrays: Mapping[str, NDArray[Any]], **about: Any) -> None:
    """Write named arrays and `about` (JSON values).

    Args:
        folder: must exist.
        architecture: name and version of what the arrays belong to; `load_arrays` asks for the same.
        arrays: by name.
        about: whatever else was learned.
    """
    file = folder / TENSORS
    try:
        save_file({name: np.asarray(array, order="C") for name, array in arrays.items()}, file)
        (folder / ABOUT).write_bytes(as_utf8(json.dumps({"architecture": architecture, **about}, indent=1)))
    except (OSError, SafetensorError) as error:
        raise StorageError(
            f"{file} could not be written ({error}); free some space or choose another folder"
        ) from error


def load_arrays(folder: Path, architecture: str) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
    """The arrays and the rest, as `save_arrays` wrote them.

    Raises:
        StorageError: a file is missing, truncated, or of another architecture.
    """
    about = read_about(folder, architecture)
    try:
        return parse_arrays((folder / TENSORS).read_bytes()), about
    except (OSError, SafetensorError, KeyError, TypeError, ValueError) as error:  # also of types that NumPy lacks
        raise unreadable(folder, error) from error


def read_about(folder: Path, architecture: str) -> dict[str, Any]:
    """What `save_arrays` was given besides the arrays.

    Raises:
        StorageError: the file is missing, damaged, or of another architecture.
    """
    try:
        about: dict[str, Any] = read_json(folder / ABOUT)
        found = about.pop("architecture")
    except (Unreadable, KeyError, AttributeError, TypeError) as error:
        raise unreadable(folder, error) from error
    if found != architecture:
        raise StorageError(
            f"the weights in {folder} belong to '{found}', not to '{architecture}'; delete the folder and train again"
        )
    return about


def save_network(folder: Path, architecture: str, network: nn.Module, **about: Any) -> None:
    """Write a network's parameters and buffers, and `about` (JSON values)."""
    arrays = {name: tensor.detach().cpu().numpy() for name, tensor in network.state_dict().items()}
    save_arrays(folder, architecture, arrays, **about)


def load_network(folder: Path, architecture: str, network: nn.Module) -> dict[str, Any]:
    """Fill `network` with what `save_network` wrote; returns `about`.

    Raises:
        StorageError: also where a parameter is missing, unknown, not finite, or of another shape.
    """
    arrays, about = load_arrays(folder, architecture)
    expected = {name: tuple(tensor.shape) for name, tensor in network.state_dict().items()}
    shapes = {name: array.shape for name, array in arrays.items()}
    if shapes != expected:
        wrong = sorted(name for name in expected.keys() | shapes.keys() if expected.get(name) != shapes.get(name))
        raise StorageError(
            f"the weights in {folder} do not fit '{architecture}': {wrong[0]} is {shapes.get(wrong[0], 'missing')}, "
            f"expected {expected.get(wrong[0], 'nothing')}; delete the folder and train again"
        )
    damaged = [name for name, array in arrays.items() if not np.isfinite(array).all()]
    if damaged:
        raise StorageError(f"{damaged[0]} in {folder} is not finite; delete the folder and train again")
    network.load_state_dict({name: torch.from_numpy(array) for name, array in arrays.items()})
    return about


def unreadable(folder: Path, error: Exception) -> StorageError:
    """The error to raise about weights that `error` kept from being read."""
    return StorageError(
        f"the weights in {folder} cannot be read ({type(error).__name__}: {error}); delete the folder and train again"
    )
