"""Opens an ONNX file for onnxruntime."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmark.errors import RequestError
from benchmark.own_networks.onnx_external_data import INSTALL
from benchmark.suggestions import did_you_mean

BYTES = "tensor(uint8)"
TYPES = {
    "tensor(float)": np.float32,
    "tensor(float16)": np.float16,
    "tensor(double)": np.float64,
    BYTES: np.uint8,
}
"""What networks of images take and give, by onnxruntime's names."""
_PROVIDERS = {"cuda": "CUDAExecutionProvider"}
_PROCESSOR = "CPUExecutionProvider"


def open_session(file: Path, device: str) -> Any:
    """An `onnxruntime.InferenceSession` of the network in `file`.

    Args:
        file: the exported network.
        device: a torch device name.

    Raises:
        RequestError: it is no network that can be opened; or onnxruntime is missing, or has no CUDA where `device` asks
            for it.
    """
    try:
        import onnxruntime  # noqa: PLC0415  # an optional package
    except ImportError as error:
        raise RequestError(f"the package onnxruntime is not installed: {INSTALL}") from error
    provider = _PROVIDERS.get(device.partition(":")[0], _PROCESSOR)
    if provider not in onnxruntime.get_available_providers():
        raise RequestError(
            f"--device {device}: this onnxruntime has no {provider}; pip uninstall onnxruntime && pip install "
            "onnxruntime-gpu, or use --device cpu"
        )
    _, _, index = device.partition(":")
    chosen: list[Any] = [_PROCESSOR]
    if provider != _PROCESSOR:
        chosen.insert(0, (provider, {"device_id": int(index or 0)}))
    import torch  # noqa: PLC0415  # recognisers are listed without it

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3  # its warnings speak to who exported the network
    options.intra_op_num_threads = torch.get_num_threads()  # as all other networks here
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")  # what waits sleeps, as elsewhere
    try:
        return onnxruntime.InferenceSession(str(file), options, providers=chosen)
    except Exception as error:  # onnxruntime's errors share no base of their own
        raise RequestError(
            f"{file} is not an ONNX network that onnxruntime {onnxruntime.__version__} can open: {one_line(error)}"
        ) from error


def chosen_output(session: Any, wanted: str | None, *, file: Path, holds: str) -> str:
    """The name of the output to read: the only one, or the one that the card names.

    Args:
        session: of `open_session`.
        wanted: what the card says; None = nothing.
        file: the network's, for messages.
        holds: what the output holds, for messages, e.g. ``"embedding"``.

    Raises:
        RequestError: there are several and the card names none, or it names one that is not there.
    """
    names: list[str] = [given.name for given in session.get_outputs()]
    if wanted is None and len(names) > 1:
        raise RequestError(
            f"{file} has several outputs ({', '.join(names)}); name the {holds} in its card, as 'output: {names[0]}'"
        )
    if wanted is not None and wanted not in names:
        raise RequestError(f"{file} has no output '{wanted}'; {did_you_mean(wanted, names, listed='it has')}")
    return wanted or names[0]


def one_line(error: Exception) -> str:
    """The message of an error of onnxruntime, 300 characters at the most."""
    return " ".join(str(error).split())[:300]


def shape_text(shape: Sequence[int | str | None]) -> str:
    """A shape as a message shows it.

    >>> shape_text(["N", 3, None, 64])
    '(N, 3, ?, 64)'
    """
    return f"({', '.join('?' if extent is None else str(extent) for extent in shape)})"


def known_extents(shape: Sequence[int | str | None]) -> list[int | None]:
    """The extents that the file fixes; None where it leaves one open.

    >>> known_extents(["N", 3, None, 64])
    [None, 3, None, 64]
    """
    return [extent if isinstance(extent, int) and extent > 0 else None for extent in shape]
