"""Arrays in files that are written through a memory map, with their disk space claimed beforehand.

Writing through a map to a full disk kills the process with a bus error (SIGBUS); claiming the space first turns that
into an ordinary error with a message. NumPy's own ``open_memmap(mode="w+")`` claims nothing, and cuts off a file for
which somebody did.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

_AT_ONCE = 1 << 24


def new_claimed_array(file: Path, *, dtype: DTypeLike, shape: tuple[int, ...]) -> np.memmap[Any, Any]:
    """A writable memory map of zeros in a new ``.npy`` file; an old one is replaced.

    Raises:
        OSError: the disk is full, or the file cannot be written.
    """
    kind = np.dtype(dtype)
    with file.open("wb") as stream:
        header = {"descr": np.lib.format.dtype_to_descr(kind), "fortran_order": False, "shape": shape}
        np.lib.format.write_array_header_1_0(stream, header)
        size = stream.tell() + int(np.prod(shape, dtype=np.int64)) * kind.itemsize
        stream.truncate(size)
    claim_space(file)
    return np.lib.format.open_memmap(file, mode="r+")


def claim_space(file: Path) -> None:
    """Have the disk keep room for all of a file, whose holes are zeros; what it holds stays.

    Raises:
        OSError: the disk is full, or the file cannot be written.
    """
    size = file.stat().st_size
    with file.open("r+b") as stream:
        if hasattr(os, "posix_fallocate") and size:
            os.posix_fallocate(stream.fileno(), 0, size)
            return
        for start in range(0, size, _AT_ONCE):  # macOS and Windows: write what is there once more
            stream.seek(start)
            content = stream.read(_AT_ONCE)
            stream.seek(start)
            stream.write(content)
