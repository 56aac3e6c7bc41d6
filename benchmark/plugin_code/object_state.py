"""The digest of an object that a program made and handed over: of its code and of everything that it holds."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterator, Mapping
from enum import Enum
from pathlib import PurePath
from types import BuiltinFunctionType, FunctionType, MethodType, ModuleType
from typing import Any

import numpy as np

from benchmark.plugin_code.digest import NEVER_STORED, code_digest, function_digest

_PLAIN = (bool, int, float, complex, str, bytes, type(None), PurePath, Enum)


def object_digest(plugin: object) -> str | None:
    """What stands for an object in the key of its results: its code, and the state that it was given.

    >>> from fractions import Fraction
    >>> object_digest(Fraction(1, 2)) == object_digest(Fraction(2, 4)), object_digest(Fraction(1, 3)) is None
    (True, False)
    >>> object_digest(iter([])) is None
    False
    >>> object_digest(x for x in "ab") is NEVER_STORED
    True

    Returns:
        Hexadecimal, never empty; `NEVER_STORED` where its code cannot be known (see `code_digest`), or where it holds
        something that has no content to read, as an open file or a generator.
    """
    try:
        text = "\n".join(_content(plugin, ()))
    except (_Unreadable, RecursionError):
        return NEVER_STORED
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=12).hexdigest()


class _Unreadable(Exception):
    """Something whose content is not known."""


def _content(thing: Any, above: tuple[int, ...]) -> Iterator[str]:
    """Lines that differ where the contents differ."""
    if isinstance(thing, _PLAIN) or (_torch_loaded() and isinstance(thing, sys.modules["torch"].dtype)):
        yield f"{type(thing).__qualname__} {thing!r}"
        return
    if id(thing) in above:
        yield f"holder {above.index(id(thing))}"
        return
    above = (*above, id(thing))
    if isinstance(thing, type | FunctionType | MethodType | BuiltinFunctionType):
        yield from _code(thing, above)
    elif type(thing) in (list, tuple):
        yield f"{type(thing).__name__} {len(thing)}"
        for one in thing:
            yield from _content(one, above)
    elif type(thing) in (set, frozenset):
        yield f"{type(thing).__name__} {len(thing)}"
        yield from sorted("\n".join(_content(one, above)) for one in thing)
    elif isinstance(thing, Mapping) and type(thing).__module__ in ("builtins", "collections"):
        yield f"{type(thing).__name__} {len(thing)}"
        for key, value in thing.items():
            yield from _content(key, above)
            yield from _content(value, above)
    elif isinstance(thing, np.ndarray) or _is_tensor(thing):
        yield from _array(thing, above)
    else:
        yield from _reduced(thing, above)


def _code(thing: type | FunctionType | MethodType | BuiltinFunctionType, above: tuple[int, ...]) -> Iterator[str]:
    yield f"{type(thing).__name__} {thing.__module__}.{thing.__qualname__}"
    if isinstance(thing, type):
        yield _known(code_digest(thing))
    elif isinstance(thing, FunctionType):
        yield _known(function_digest(thing))
        cells = [cell.cell_contents for cell in thing.__closure__ or ()]
        yield from _content([thing.__defaults__, thing.__kwdefaults__, cells], above)
    elif thing.__self__ is not None and not isinstance(thing.__self__, ModuleType):
        yield from _content(thing.__self__, above)


def _array(thing: Any, above: tuple[int, ...]) -> Iterator[str]:
    """Of a NumPy array or a tensor of PyTorch."""
    array = thing
    if not isinstance(thing, np.ndarray) and (thing.is_quantized or thing.layout != sys.modules["torch"].strided):
        yield f"{thing.dtype} {thing.layout} {tuple(thing.shape)}"
        yield from _content(_parts_of(thing), above)
        return
    if not isinstance(thing, np.ndarray):
        try:
            array = thing.detach().cpu().contiguous().flatten().view(sys.modules["torch"].uint8).numpy()
        except (RuntimeError, TypeError, NotImplementedError) as error:  # sparse, quantised, without content
            raise _Unreadable from error
    yield f"{type(thing).__name__} {thing.dtype} {tuple(thing.shape)}"
    if array.dtype.hasobject:
        yield from _content(array.tolist(), above)
    else:
        yield hashlib.sha256(np.ascontiguousarray(array).tobytes()).hexdigest()


def _parts_of(tensor: Any) -> list[Any]:
    """The dense tensors and numbers that a quantised or sparse tensor consists of."""
    torch = sys.modules["torch"]
    if tensor.is_quantized:
        if tensor.qscheme() in (torch.per_tensor_affine, torch.per_tensor_symmetric):
            return [tensor.int_repr(), tensor.q_scale(), tensor.q_zero_point()]
        return [tensor.int_repr(), tensor.q_per_channel_scales(), tensor.q_per_channel_zero_points()]
    if tensor.layout == torch.sparse_coo:
        whole = tensor.detach().coalesce()
        return [whole.indices(), whole.values()]
    raise _Unreadable


def _is_tensor(thing: Any) -> bool:
    return _torch_loaded() and isinstance(thing, sys.modules["torch"].Tensor)


def _torch_loaded() -> bool:
    """Where it is not loaded, nothing is a tensor."""
    return "torch" in sys.modules


def _reduced(thing: Any, above: tuple[int, ...]) -> Iterator[str]:
    """Of any object that can be taken apart as for a pickle: its class and its attributes."""
    yield from _content(type(thing), above)
    try:
        taken_apart = thing.__reduce_ex__(2)
    except Exception as error:  # an open file, a lock, a generator, or an object that refuses
        raise _Unreadable from error
    if isinstance(taken_apart, str):
        yield taken_apart
        return
    for part in taken_apart[1:]:
        yield from _content(list(part) if isinstance(part, Iterator) else part, above)


def _known(digest: str | None) -> str:
    if digest is None:
        raise _Unreadable
    return digest
