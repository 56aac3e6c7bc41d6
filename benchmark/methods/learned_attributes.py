"""Keeps the attributes that a `fit` set: notices them, writes them as safetensors and JSON, and sets them again.

Reading never runs code.
"""

from __future__ import annotations

import hashlib
import json
import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load as parse_tensors
from safetensors.torch import save as tensors_as_bytes
from torch import Tensor, nn

from benchmark.methods.weights import ABOUT, TENSORS, read_about, unreadable
from benchmark.storage.atomic_files import write_atomically

_ARCHITECTURE = "attributes of {name} 1"
_NUMBERS = "biuf"
"""NumPy's kinds of numbers that safetensors holds: boolean, signed, unsigned, floating point."""


def is_storable(value: object) -> bool:
    """Whether a value is a tensor, an array of numbers, a number, a string or None."""
    if isinstance(value, np.ndarray | np.generic):
        plain = not isinstance(value, np.ma.MaskedArray) and value.dtype.itemsize <= np.dtype(np.float64).itemsize
        return isinstance(value, str) or (plain and value.dtype.kind in _NUMBERS)
    if isinstance(value, Tensor):
        return value.layout == torch.strided and not value.is_quantized and not value.is_complex()
    return value is None or isinstance(value, str | int | float)


class AttributeWatch:
    """The attributes of an object before `fit`, to be compared with those after it.

    They are compared by content, so that an array or network that `fit` changes in place is noticed, too.

    Args:
        attributes: name and value; not kept.
    """

    def __init__(self, attributes: Mapping[str, Any]) -> None:
        self._before = {name: _fingerprint(value) for name, value in attributes.items()}
        self._networks = {name: id(value) for name, value in attributes.items() if isinstance(value, nn.Module)}

    def changed(self, attributes: Mapping[str, Any]) -> frozenset[str]:
        """Names of those that are new or have another content."""
        return frozenset(name for name, value in attributes.items() if self._before.get(name) != _fingerprint(value))

    def storable(self, name: str, value: object) -> bool:
        """As `is_storable`; or a network that was there before, so that there will be one to load it into."""
        return is_storable(value) or self._networks.get(name) == id(value)


def save_attributes(folder: Path, name: str, attributes: Mapping[str, Any]) -> None:
    """Write storable values and networks' parameters.

    Args:
        folder: must exist.
        name: the name of the class; `load_attributes` asks for the same.
        attributes: by name.

    Raises:
        StorageError: the disk is full or the folder cannot be written.
    """
    tensors: dict[str, Tensor] = {}
    kinds: dict[str, str] = {}
    values: dict[str, Any] = {}
    for key, value in attributes.items():
        if isinstance(value, nn.Module):
            kinds[key] = "network"
            tensors |= {f"{key}.{part}": tensor for part, tensor in value.state_dict().items()}
        elif isinstance(value, Tensor):
            kinds[key] = "tensor"
            tensors[key] = value
        elif isinstance(value, np.ndarray | np.generic) and not isinstance(value, str | float):
            kinds[key] = "array" if isinstance(value, np.ndarray) else "number"
            tensors[key] = torch.from_numpy(np.array(value, dtype=value.dtype.newbyteorder("=")))
        else:
            values[key] = value
    about = {"architecture": _ARCHITECTURE.format(name=name), "kinds": kinds, "values": values}
    own = {key: tensor.detach().cpu().contiguous().clone() for key, tensor in tensors.items()}
    write_atomically(folder / TENSORS, tensors_as_bytes(own))
    write_atomically(folder / ABOUT, json.dumps(about, indent=1).encode("utf-8"))


def load_attributes(folder: Path, name: str, owner: Any) -> frozenset[str]:
    """Set on `owner` what `save_attributes` wrote for a class `name`; its networks are filled.

    Returns:
        The attributes' names.

    Raises:
        StorageError: a file is missing, damaged, or of another class or size.
    """
    about = read_about(folder, _ARCHITECTURE.format(name=name))
    try:
        tensors = parse_tensors((folder / TENSORS).read_bytes())
        kinds, values = dict(about["kinds"]), dict(about["values"])
        found: dict[str, Any] = values | {key: tensors[key] for key, kind in kinds.items() if kind != "network"}
    except (OSError, SafetensorError, KeyError, TypeError, ValueError) as error:
        raise unreadable(folder, error) from error
    for key, value in found.items():
        if not key.isidentifier() or callable(getattr(type(owner), key, None)):
            raise unreadable(folder, ValueError(f"'{key}' is no attribute that can be learned"))
        match kinds.get(key):
            case "tensor":
                setattr(owner, key, value.to(owner.device))
            case "array":
                setattr(owner, key, value.numpy())
            case "number":
                setattr(owner, key, value.numpy()[()])
            case _:
                setattr(owner, key, value)
    for key in (key for key, kind in kinds.items() if kind == "network"):
        network = getattr(owner, key, None)
        try:
            if not isinstance(network, nn.Module):
                raise TypeError(f"'{name}' has no network '{key}'")
            network.load_state_dict(
                {part.removeprefix(f"{key}."): value for part, value in tensors.items() if part.startswith(f"{key}.")}
            )
        except (RuntimeError, TypeError) as error:  # PyTorch lists every parameter in lines of its own
            raise unreadable(folder, ValueError(" ".join(str(error).split()))) from error
    return frozenset((*found, *kinds))


def _fingerprint(value: object) -> str:
    """The same for equal content; for what cannot be looked into, the same for the same object."""
    if isinstance(value, nn.Module):
        parts = {key: _fingerprint(tensor) for key, tensor in value.state_dict().items()}
        return f"network {id(value)} {parts}"
    if isinstance(value, Tensor) and value.layout == torch.strided and not value.is_quantized:
        content = value.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy().tobytes()
        return f"tensor {value.dtype} {tuple(value.shape)} {hashlib.sha256(content).hexdigest()}"
    if isinstance(value, np.ndarray) and value.dtype.kind in _NUMBERS:
        return f"array {value.dtype} {value.shape} {hashlib.sha256(np.ascontiguousarray(value).tobytes()).hexdigest()}"
    try:
        return f"{type(value).__name__} {hashlib.sha256(pickle.dumps(value)).hexdigest()}"
    except Exception:  # whatever an object of a plugin raises when it is pickled
        return f"object {id(value)}"
