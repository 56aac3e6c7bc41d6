"""Which of the values that a network of PyTorch returns is the embedding."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import Tensor

from benchmark.errors import PluginError
from benchmark.suggestions import did_you_mean


def embedding_in(found: Any, faces: int, *, named: str | None, network: str) -> Tensor:
    """The embedding ``(N, D)`` among what a network returns for N faces.

    That is a tensor, or a tuple, list or mapping that holds one. ``(N, D, 1, 1)`` is taken for ``(N, D)``, and
    quantised or whole numbers are read as floats.

    Args:
        found: what the network returned.
        faces: N.
        named: key or place of the embedding, as the card's ``output`` has it; None = the only value that fits.
        network: its name, for messages.

    Raises:
        PluginError: nothing fits, or several values do and none is named.

    >>> import torch
    >>> embedding_in((torch.ones(2, 8, 1, 1), torch.ones(2, 1)), 2, named=None, network="mine").shape
    torch.Size([2, 8])
    """
    several = _by_name(found)
    if several is None:
        fitting = _as_rows(found, faces)
        if fitting is None:
            raise PluginError(f"{network} gives {_described(found)} for {faces} faces where {_needed(faces)}")
        return fitting
    if named is not None and named not in several:
        hint = did_you_mean(named, list(several), listed="it has")
        raise PluginError(f"{network} gives no output '{named}', as its card says; {hint}")
    shown = ", ".join(f"{name}: {_described(value)}" for name, value in several.items())
    fitting_ones = {
        name: rows
        for name, value in several.items()
        if named in (None, name) and (rows := _as_rows(value, faces)) is not None
    }
    if not fitting_ones:
        raise PluginError(f"{network} gives {type(found).__name__} ({shown}) for {faces} faces where {_needed(faces)}")
    if len(fitting_ones) > 1:
        raise PluginError(
            f"{network} gives {len(fitting_ones)} outputs that may be the embedding ({shown}); name it in the card, as "
            f"'output: {next(iter(fitting_ones))}'"
        )
    return next(iter(fitting_ones.values()))


def _by_name(found: Any) -> dict[str, Any] | None:
    """The values of a collection by key or place; None for a single one."""
    if isinstance(found, Mapping):
        return {str(name): value for name, value in found.items()}
    return {str(place): value for place, value in enumerate(found)} if isinstance(found, list | tuple) else None


def _as_rows(found: Any, faces: int) -> Tensor | None:
    if not isinstance(found, Tensor) or found.is_complex() or found.is_sparse or found.is_meta:
        return None
    rows = found
    while rows.ndim > 2 and rows.shape[-1] == 1:
        rows = rows.squeeze(-1)
    if rows.ndim != 2 or len(rows) != faces or rows.shape[1] < 2:
        return None
    if rows.is_quantized:
        return rows.dequantize()
    return rows if rows.is_floating_point() else rows.float()


def _needed(faces: int) -> str:
    return f"one row per face is needed, a tensor ({faces}, D)"


def _described(value: Any) -> str:
    return f"shape {tuple(value.shape)}" if isinstance(value, Tensor) else type(value).__name__
