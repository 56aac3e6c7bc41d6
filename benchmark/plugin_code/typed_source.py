"""The source of a class or function that has no file, with what it names: for those typed into a notebook."""

from __future__ import annotations

import ast
import inspect
import linecache
import sys
from collections.abc import Iterator
from types import CodeType, FunctionType, ModuleType
from typing import Any

_PLAIN = (bool, int, float, complex, str, bytes, type(None))


def typed_source(thing: type | FunctionType) -> dict[str, str] | None:
    """Source of `thing`, and of every function, class and plain value of its module that its code names.

    Args:
        thing: defined in a module without a file.

    Returns:
        By name; None where the source of one of them is not known, or where it names a value of another kind (a list,
        an array), whose content may change unseen.
    """
    module = sys.modules.get(thing.__module__)
    if module is None:
        return None
    found: dict[str, str] = {}
    waiting: list[type | FunctionType] = [thing]
    while waiting:
        one = waiting.pop()
        if one.__qualname__ in found:
            continue
        source = _source_of(one)
        if source is None:
            return None
        found[one.__qualname__] = source
        for name in sorted(set(_names_in(one)) & set(vars(module))):
            value = vars(module)[name]
            if _is_plain(value):
                found[name] = repr(value)
            elif isinstance(value, ModuleType) or getattr(value, "__module__", thing.__module__) != thing.__module__:
                continue  # imported: a matter of its own file or version
            elif isinstance(value, type | FunctionType):
                waiting.append(value)
            else:
                return None
    return found


def _source_of(thing: type | FunctionType) -> str | None:
    """The text of a definition. Python finds that of a class by its module's file, so here its functions lead to it."""
    if not isinstance(thing, type):
        try:
            return inspect.getsource(thing)
        except (OSError, TypeError):
            return None
    functions = [one for one in map(_unwrapped, _members(thing)) if isinstance(one, FunctionType)]
    for function in functions:
        cell = "".join(linecache.getlines(function.__code__.co_filename))
        try:
            tree = ast.parse(cell)
        except (SyntaxError, ValueError):  # a notebook's own commands
            continue
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef) and node.name == thing.__name__:
                return ast.get_source_segment(cell, node)
    return None


def _members(cls: type) -> list[Any]:
    return [getattr(value, "__func__", getattr(value, "fget", value)) for value in vars(cls).values()]


def _is_plain(value: Any) -> bool:
    return isinstance(value, _PLAIN) or (isinstance(value, tuple) and all(map(_is_plain, value)))


def _names_in(thing: type | FunctionType) -> Iterator[str]:
    """Names that the code of a function, or of all functions of a class, refers to."""
    functions: list[Any] = [thing]
    if isinstance(thing, type):
        yield from (base.__name__ for base in thing.__mro__[1:])
        functions = _members(thing)
    waiting: list[CodeType] = [one.__code__ for one in map(_unwrapped, functions) if isinstance(one, FunctionType)]
    while waiting:
        code = waiting.pop()
        yield from code.co_names
        waiting += [constant for constant in code.co_consts if isinstance(constant, CodeType)]


def _unwrapped(function: Any) -> Any:
    return inspect.unwrap(function) if callable(function) else function
