"""What the source code of a built-in plugin's class declares, read without importing it.

Importing the methods takes seconds, since they import PyTorch; `list` needs only their cards, which are written down as
plain values. Anything that is computed, or is not a plain value, raises `NotDeclared`; then the class must be imported.
"""

from __future__ import annotations

import ast
import importlib.util
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from benchmark import cards
from benchmark.source_syntax import syntax

_OWN = "benchmark."
_CARDS: Mapping[str, Callable[..., Any]] = {"Card": cards.Card, "MethodCard": cards.MethodCard}


class NotDeclared(Exception):
    """The source does not say it as a plain value."""


@dataclass(frozen=True)
class Declaration:
    """What a class says of itself.

    Attributes:
        summary: the first line of its docstring.
        card: as declared.
        needs: packages that must be installed, with the commands that install them.
        preset: its default one; empty where its kind has none.
    """

    summary: str
    card: cards.Card
    needs: Mapping[str, str]
    preset: str


def declaration(target: str) -> Declaration:
    """What the class ``"module:Class"`` of this program declares.

    Raises:
        NotDeclared: it decides by code of its own whether it is available, or its card is no plain value.

    >>> declaration("benchmark.methods.baselines.true_pixels:TruePixels").card.privileged
    True
    """
    module, _, name = target.partition(":")
    found = _Class(_source(module), name)
    if found.defined_by("availability") not in (None, *_ROOTS):
        raise NotDeclared(f"{target} decides for itself whether it is available")
    presets = found.value("presets", {})
    text = ast.get_docstring(found.node) or ""
    return Declaration(
        summary=text.partition("\n")[0],
        card=found.value("card", cards.Card()),
        needs=found.value("needs", {}),
        preset=str(next(iter(presets), "")),
    )


_ROOTS = ("benchmark.methods.method:Method", "benchmark.verification.base:Metric")
"""Classes whose `availability` asks for nothing but the packages in `needs`."""


@dataclass(frozen=True)
class _Source:
    """A module's syntax: its classes, the values it assigns, and where its imported names come from."""

    module: str
    classes: Mapping[str, ast.ClassDef]
    values: Mapping[str, ast.expr]
    imports: Mapping[str, tuple[str, str]]


@cache
def _source(module: str) -> _Source:
    spec = importlib.util.find_spec(module)
    if spec is None or spec.origin is None:
        raise NotDeclared(f"{module} has no source")
    body = syntax(Path(spec.origin)).body
    imports = {
        alias.asname or alias.name: (node.module, alias.name)
        for node in body
        if isinstance(node, ast.ImportFrom) and node.module is not None
        for alias in node.names
    }
    classes = {node.name: node for node in body if isinstance(node, ast.ClassDef)}
    return _Source(module, classes, _assigned(body), imports)


def _assigned(body: list[ast.stmt]) -> dict[str, ast.expr]:
    """The expressions that plain names are assigned."""
    values: dict[str, ast.expr] = {}
    for node in body:
        if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
            values[node.targets[0].id] = node.value
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.value is not None:
            values[node.target.id] = node.value
    return values


class _Class:
    """A class's syntax, and that of its bases."""

    def __init__(self, source: _Source, name: str) -> None:
        if name not in source.classes:
            raise NotDeclared(f"{source.module} defines no class '{name}'")
        self._source = source
        self.node = source.classes[name]
        self._values = _assigned(self.node.body)

    def defined_by(self, method: str) -> str | None:
        """``module:Class`` of the class, or of the first of its bases, that defines `method`; None where none does."""
        if any(isinstance(node, ast.FunctionDef) and node.name == method for node in self.node.body):
            return f"{self._source.module}:{self.node.name}"
        return next((found for base in self._bases() if (found := base.defined_by(method)) is not None), None)

    def value(self, attribute: str, default: Any) -> Any:
        """What the class, or the first of its bases that does so, assigns to `attribute`."""
        if attribute in self._values:
            return _evaluated(self._values[attribute], self._source)
        for base in self._bases():
            found = base.value(attribute, _ABSENT)
            if found is not _ABSENT:
                return found
        return default

    def _bases(self) -> list[_Class]:
        """The bases that this program defines."""
        bases = []
        for node in self.node.bases:
            plain = node.value if isinstance(node, ast.Subscript) else node  # Learner[MaskedPairs]
            if not isinstance(plain, ast.Name):
                continue
            if plain.id in self._source.classes:
                bases.append(_Class(self._source, plain.id))
            module, name = self._source.imports.get(plain.id, ("", ""))
            if module.startswith(_OWN):
                bases.append(_class_at(module, name))
        return bases


_ABSENT = object()


def _class_at(module: str, name: str) -> _Class:
    """A class by where it is imported from, which may hand it on from another module."""
    source = _source(module)
    if name not in source.classes and name in source.imports:
        return _class_at(*source.imports[name])
    return _Class(source, name)


def _evaluated(node: ast.expr, source: _Source) -> Any:  # noqa: PLR0911  # one return per kind of expression
    """The value of an expression of literals, names of such, and cards."""
    match node:
        case ast.Constant(value):
            return value
        case ast.Tuple(items) | ast.List(items):
            return tuple(_evaluated(item, source) for item in items)
        case ast.Dict(keys, values) if None not in keys:
            # presets hold settings of any class: who asks for a default wants the names alone
            return {
                _evaluated(key, source): _value_or_none(value, source)
                for key, value in zip(keys, values, strict=True)
                if key is not None
            }
        case ast.BinOp(left, ast.Add(), right):
            return _evaluated(left, source) + _evaluated(right, source)
        case ast.Call(ast.Name(name), [], keywords) if source.imports.get(name, ("", ""))[1] in _CARDS:
            about = {word.arg: _evaluated(word.value, source) for word in keywords if word.arg is not None}
            return _CARDS[source.imports[name][1]](**about)
        case ast.Name(name) if name in source.values:
            return _evaluated(source.values[name], source)
        case ast.Name(name) if source.imports.get(name, ("", ""))[0].startswith(_OWN):
            module, original = source.imports[name]
            return _evaluated(ast.Name(original), _source(module))
        case _:
            raise NotDeclared(f"line {getattr(node, 'lineno', '?')} of {source.module} is no plain value")


def _value_or_none(node: ast.expr, source: _Source) -> Any:
    try:
        return _evaluated(node, source)
    except NotDeclared:
        return None
