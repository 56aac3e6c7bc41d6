"""The weights of an ONNX network that are in files of their own beside it, as exporters write them by default."""

from __future__ import annotations

import hashlib
import posixpath
from collections.abc import Iterator
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any

from benchmark.errors import RequestError
from benchmark.model_files import sha256_of

INSTALL = "pip install 'unmask-benchmark[onnx]'"


def external_data_files(file: Path) -> tuple[str, ...]:
    """The files that the network in `file` reads its weights from, relative to its folder, each once.

    Args:
        file: exists.

    Raises:
        RequestError: `file` is not an ONNX network, one of the files is missing, or is outside the folder; or the
            package onnx is missing.
    """
    try:
        import onnx  # noqa: PLC0415  # an optional package
    except ImportError as error:
        raise RequestError(f"the package onnx is not installed: {INSTALL}") from error
    try:
        network = onnx.load(str(file), load_external_data=False)
    except Exception as error:  # protobuf's errors share no base of their own
        raise RequestError(f"{file} is not an ONNX network: {' '.join(str(error).split())[:300]}") from error
    external = onnx.TensorProto.EXTERNAL
    locations = {
        entry.value
        for message in _messages(network)
        if isinstance(message, onnx.TensorProto) and message.data_location == external
        for entry in message.external_data
        if entry.key == "location"
    }
    return tuple(_checked(file, location) for location in sorted(locations))


def network_digest(file: Path) -> str:
    """SHA-256 of a network: of its file, and where it has others, of all of them together.

    Raises:
        RequestError: see `external_data_files`.
        StorageError: a file cannot be read.
    """
    beside = external_data_files(file)
    if not beside:
        return sha256_of(file)
    whole = hashlib.sha256(sha256_of(file).encode())
    for location in beside:
        whole.update(f"\n{location} {sha256_of(file.parent / location)}".encode())
    return whole.hexdigest()


def _checked(file: Path, location: str) -> str:
    """`location`, unless a network from somewhere else could make us read any file of this machine by it."""
    path = PurePosixPath(posixpath.normpath(location.replace("\\", "/")))
    if path.is_absolute() or path.parts[:1] == ("..",) or PureWindowsPath(location).drive:
        raise RequestError(
            f"{file} reads weights from '{location}', which is outside its folder; copy that file beside it and export "
            "the network again, or save it as one file: onnx.save(onnx.load(FILE), NEW_FILE)"
        )
    if not (file.parent / path).is_file():
        raise RequestError(f"{file} reads weights from '{location}', which is not beside it; copy that file too")
    return str(path)


def _messages(message: Any) -> Iterator[Any]:
    """`message` and all messages inside it, whatever they are called: graphs, nodes, attributes, functions, tensors."""
    yield message
    for field, value in message.ListFields():
        if field.message_type is not None:
            for inner in value if hasattr(value, "__len__") else [value]:
                yield from _messages(inner)
