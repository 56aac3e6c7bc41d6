"""Work as it is sent to the machines of a cluster: stored arrays go by the name of their file, not by their content."""

from __future__ import annotations

import io
import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from ray import cloudpickle

from benchmark.plugin_code.sources import kept_sources


def packed(work: object) -> bytes:
    """`work` and the text of the plugin files that this process knows, for `unpacked`.

    Functions and classes that were typed in travel whole; those of files travel by name.

    Raises:
        Exception: whatever an object raises that cannot be pickled.
    """
    stream = io.BytesIO()
    _Pickler(stream, protocol=pickle.HIGHEST_PROTOCOL).dump((kept_sources(), work))
    return stream.getvalue()


def unpacked(content: bytes | memoryview) -> Any:
    """What was `packed`; plugin files are those of the sender from now on."""
    _, work = pickle.loads(content)
    return work


class _Pickler(cloudpickle.CloudPickler):  # type: ignore[misc]  # untyped
    """Names the file of an array that is a part of a memory map."""

    def reducer_override(self, obj: Any) -> Any:
        reduced = _reference(obj) if isinstance(obj, np.ndarray) else None
        return super().reducer_override(obj) if reduced is None else reduced


def _reference(array: NDArray[Any]) -> tuple[Callable[..., Any], tuple[Any, ...]] | None:
    """How to open the same bytes again; None if the array is not a contiguous part of one mapped file."""
    root: Any = array
    while isinstance(root.base, np.ndarray):
        root = root.base
    if not isinstance(root, np.memmap) or root.filename is None or root.mode != "r":
        return None
    if array.dtype.hasobject or not (array.flags.c_contiguous and root.flags.c_contiguous) or not array.size:
        return None
    distance = array.__array_interface__["data"][0] - root.__array_interface__["data"][0]
    return _opened, (str(root.filename), array.dtype, array.shape, root.offset + distance)


def _opened(file: str, dtype: np.dtype[Any], shape: tuple[int, ...], offset: int) -> NDArray[Any]:
    return np.memmap(file, dtype=dtype, mode="r", offset=offset, shape=shape)
