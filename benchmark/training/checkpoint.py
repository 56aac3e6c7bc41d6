"""One file from which a killed training continues. It is replaced as a whole, carries its own digest, and reading it
never runs code."""

from __future__ import annotations

import hashlib
import io
import logging
import pickle
from pathlib import Path
from typing import Any

import torch

from benchmark.errors import StorageError
from benchmark.storage.atomic_files import write_atomically

log = logging.getLogger(__name__)

_HEAD = b"unmask-benchmark training checkpoint 1\n"
_DIGEST_BYTES = 32


def write_checkpoint(file: Path, state: dict[str, Any]) -> None:
    """Write tensors, numbers, strings, lists, tuples and dictionaries of such.

    Raises:
        StorageError: the disk is full or the folder cannot be written.
    """
    buffer = io.BytesIO()
    torch.save(state, buffer)
    payload = buffer.getvalue()
    write_atomically(file, _HEAD + hashlib.sha256(payload).digest() + payload)


def read_checkpoint(file: Path) -> dict[str, Any]:
    """What `write_checkpoint` wrote, on the CPU.

    Raises:
        StorageError: not such a file, or truncated or changed since.
    """
    try:
        content = file.read_bytes()
    except OSError as error:
        raise StorageError(f"{file} cannot be read ({error.strerror}); delete it and train again") from error
    digest, payload = content[len(_HEAD) : len(_HEAD) + _DIGEST_BYTES], content[len(_HEAD) + _DIGEST_BYTES :]
    if not content.startswith(_HEAD):
        raise StorageError(f"{file} is not a training checkpoint of this program; delete it and train again")
    if hashlib.sha256(payload).digest() != digest:
        raise StorageError(f"{file} is damaged ({len(content)} bytes); delete it and train again")
    try:
        state: dict[str, Any] = torch.load(io.BytesIO(payload), map_location="cpu", weights_only=True)
    except (RuntimeError, pickle.UnpicklingError, EOFError) as error:
        raise StorageError(f"{file} cannot be read ({error}); delete it and train again") from error
    return state


def matching_checkpoint(file: Path, fingerprint: str) -> dict[str, Any] | None:
    """The checkpoint in `file` if it is whole and belongs to the same training, else None with a warning."""
    if not file.exists():
        return None
    try:
        state = read_checkpoint(file)
    except StorageError as error:
        log.warning("%s; training starts from the beginning", error)
        return None
    if state.get("fingerprint") != fingerprint:
        log.warning("%s belongs to another training (other data or settings); training starts from the beginning", file)
        return None
    return state
