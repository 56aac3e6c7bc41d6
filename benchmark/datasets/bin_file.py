"""Reads InsightFace's ``.bin`` test files: a pickle of encoded images and of labels that say which pairs are mated.

Labels are booleans or 0 and 1. A pickle can contain instructions to run any program. This reader accepts lists, tuples,
bytes, booleans, whole numbers and arrays of them, builds the arrays itself instead of letting the file call NumPy, and
refuses everything else.
"""

from __future__ import annotations

import pickle
import pickletools
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from io import BytesIO
from pathlib import Path
from typing import Any, ClassVar, Literal

from benchmark.datasets.photo_formats import looks_like_an_image
from benchmark.errors import RequestError


@dataclass(frozen=True)
class BinFile:
    """The content of one file.

    Attributes:
        images: 2P encoded images (JPEG or PNG); pair p compares 2p with 2p + 1.
        mated: P booleans.
    """

    images: tuple[bytes, ...]
    mated: tuple[bool, ...]


def read_bin(file: Path) -> BinFile:
    """The images and booleans of a file, kept in memory for the process: reading takes a second and 100 MB.

    Raises:
        RequestError: the file cannot be read, is no pickle, or holds something else than images and booleans.
    """
    try:
        status = file.stat()
    except OSError as error:
        raise RequestError(f"{file} cannot be read: {error.strerror}") from error
    return _read(file, status.st_size, status.st_mtime_ns)


@lru_cache(maxsize=1)
def _read(file: Path, size: int, changed: int) -> BinFile:  # noqa: ARG001  (a changed file is another file)
    try:
        data = file.read_bytes()
        _check_sizes(data)
        # files written by Python 2 hold the images as its byte strings
        content = _Unpickler(BytesIO(data), encoding="bytes").load()
    except _RefusedError as error:
        raise RequestError(f"{file} is not one of InsightFace's .bin files: it holds {error}; {_REMEDY}") from None
    except MemoryError:
        raise RequestError(f"{file} does not fit into memory; {_REMEDY}") from None
    except OSError as error:
        raise RequestError(f"{file} cannot be read: {error.strerror}") from error
    except Exception as error:  # a damaged pickle raises anything: EOFError, KeyError, struct.error, ValueError, …
        raise RequestError(f"{file} is damaged or no pickle ({type(error).__name__}); {_REMEDY}") from None
    return _checked(file, content)


_REMEDY = "download it again"


class _RefusedError(Exception):
    """What a file holds that it must not."""


def _check_sizes(data: bytes) -> None:
    """Refuse a file for which the unpickler would allocate more memory than the file can fill."""
    for opcode, argument, position in pickletools.genops(data):  # checks the length of every value that it reads
        size = argument if isinstance(argument, int) else 0
        room = len(data) - (position or 0) if opcode.name == "FRAME" else len(data)
        if opcode.name in ("FRAME", *_NUMBERED) and size > room:
            raise _RefusedError("values beyond its own end")


_NUMBERED = ("PUT", "BINPUT", "LONG_BINPUT", "GET", "BINGET", "LONG_BINGET")
"""Orders with the number of a place to keep a value in: the unpickler makes room for as many."""


def _checked(file: Path, content: Any) -> BinFile:
    def refuse(what: str) -> RequestError:
        return RequestError(f"{file} is not one of InsightFace's .bin files: {what}; {_REMEDY}")

    if not isinstance(content, tuple | list) or len(content) != 2:
        raise refuse(f"it holds {_kind(content)} where a pair of lists should be")
    images, labels = content
    mated = labels.values() if isinstance(labels, _Array) else labels
    if not isinstance(images, list | tuple) or not isinstance(mated, list | tuple):
        raise refuse(f"it holds {_kind(images)} and {_kind(mated)} where two lists should be")
    if not mated:
        raise refuse("it lists no comparison")
    if len(images) != 2 * len(mated):
        raise refuse(f"{len(images)} images for {len(mated)} comparisons, where each takes two")
    for row, same in enumerate(mated):
        if not isinstance(same, bool | int) or same not in (0, 1):
            said = str(same)[:20] if isinstance(same, int) else _kind(same)
            raise refuse(f"comparison {row} is {said} where a boolean, 0 or 1 should be")
    encoded = []
    for row, image in enumerate(images):
        data = image.data if isinstance(image, _Array) and image.name == "u1" else image
        if not isinstance(data, bytes | bytearray) or not looks_like_an_image(bytes(data[:16])):
            raise refuse(f"image {row} is {_kind(image)} that holds no image")
        encoded.append(bytes(data))
    return BinFile(tuple(encoded), tuple(map(bool, mated)))


def _kind(value: Any) -> str:
    if isinstance(value, _Array):
        return "an array"
    if isinstance(value, bytes | bytearray):
        return f"{len(value)} bytes"
    return {"int": "a number", "float": "a number", "str": "text", "NoneType": "nothing"}.get(
        type(value).__name__, f"a {type(value).__name__}"
    )


class _DType:
    """Stands for ``numpy.dtype``: bytes, booleans and whole numbers alone."""

    names: ClassVar[dict[str, str]] = {"uint8": "u1", "bool": "b1"}
    widths: ClassVar[dict[str, int]] = {"b1": 1} | {f"{kind}{width}": width for kind in "iu" for width in (1, 2, 4, 8)}

    def __init__(self, name: str | bytes, *_: Any) -> None:
        text = name.decode("latin-1") if isinstance(name, bytes) else str(name)
        plain = text.lstrip("|<>=")
        self.name = self.names.get(plain, plain)
        self.big_endian = text.startswith(">")
        if self.name not in self.widths:
            raise _RefusedError(f"an array of {text[:20]!r}")

    @property
    def width(self) -> int:
        """Bytes of one value."""
        return self.widths[self.name]

    def __setstate__(self, state: Any) -> None:
        """Only the byte order matters: the second value of what NumPy stores."""
        if isinstance(state, tuple) and len(state) > 1:
            self.big_endian = state[1] in (">", b">")


class _Array:
    """Stands for ``numpy.ndarray`` of one row or column of values."""

    name = ""
    data = b""
    dtype: _DType

    def __setstate__(self, state: Any) -> None:
        _, shape, dtype, _, data = state
        self._fill(shape, dtype, data)

    def _fill(self, shape: Any, dtype: Any, data: Any) -> None:
        if not isinstance(dtype, _DType) or not isinstance(data, bytes | bytearray | str):
            raise _RefusedError("an array of something other than bytes, booleans and whole numbers")
        raw = data.encode("latin-1") if isinstance(data, str) else bytes(data)
        if not _is_one_row(shape, len(raw) // dtype.width) or len(raw) % dtype.width:
            raise _RefusedError(f"an array of shape {repr(shape)[:40]} where encoded images are one row of bytes")
        self.name, self.data, self.dtype = dtype.name, raw, dtype

    def values(self) -> list[bool] | list[int]:
        """Booleans, or whole numbers."""
        if self.name == "b1":
            return [byte != 0 for byte in self.data]
        order: Literal["big", "little"] = "big" if self.dtype.big_endian else "little"
        width = self.dtype.width
        parts = (self.data[start : start + width] for start in range(0, len(self.data), width))
        return [int.from_bytes(part, order, signed=self.name.startswith("i")) for part in parts]


def _is_one_row(shape: Any, count: int) -> bool:
    """Whether an array of so many values is a row of them, or a column: ``(N,)``, ``(N, 1)`` or ``(1, N)``."""
    if not isinstance(shape, tuple) or not all(isinstance(side, int) for side in shape):
        return False
    return shape in ((count,), (count, 1), (1, count))


def _reconstruct(*_: Any) -> _Array:
    return _Array()


def _from_buffer(data: Any, dtype: Any, shape: Any, _order: Any = "C") -> _Array:
    array = _Array()
    array._fill(shape, dtype, data)
    return array


def _scalar(dtype: Any, data: Any) -> bool | int:
    array = _Array()
    array._fill((1,), dtype, data)
    return array.values()[0]


def _encode(text: Any, encoding: Any = "latin1") -> bytes:
    """Stands for ``_codecs.encode``, by which Python 3 writes bytes in the older pickle formats."""
    if not isinstance(text, str) or encoding not in ("latin1", b"latin1"):
        raise _RefusedError("text in an unusual encoding")
    return text.encode("latin-1")


def _bytes(*values: Any) -> bytes:
    """Stands for the constructor ``bytes``: of nothing, or of bytes."""
    if len(values) > 1 or not all(isinstance(value, bytes | bytearray) for value in values):
        raise _RefusedError("bytes made in an unusual way")
    return bytes(values[0]) if values else b""


class _Maker:
    """What the file gets instead of a function or class: it can be called, and nothing else can be done to it."""

    __slots__ = ("_make",)

    def __init__(self, make: Callable[..., Any]) -> None:
        self._make = make

    def __call__(self, *values: Any) -> Any:
        return self._make(*values)

    def __setstate__(self, state: Any) -> None:
        raise _RefusedError("an instruction that changes a function")


_KNOWN = {
    ("numpy", "ndarray"): _Maker(_reconstruct),
    ("numpy", "dtype"): _Maker(_DType),
    ("_codecs", "encode"): _Maker(_encode),
    **{(module, name): _Maker(_bytes) for module in ("builtins", "__builtin__") for name in ("bytes", "bytearray")},
}
for _numpy in ("numpy.core", "numpy._core"):
    _KNOWN[f"{_numpy}.multiarray", "_reconstruct"] = _Maker(_reconstruct)
    _KNOWN[f"{_numpy}.multiarray", "scalar"] = _Maker(_scalar)
    _KNOWN[f"{_numpy}.numeric", "_frombuffer"] = _Maker(_from_buffer)


class _Unpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        try:
            return _KNOWN[module, name]
        except KeyError:
            raise _RefusedError(f"an object {f'{module}.{name}'[:100]!r}") from None

    def persistent_load(self, pid: Any) -> Any:  # noqa: ARG002  (the base's signature)
        raise _RefusedError("a reference to something outside the file")
