"""Values that a module's source writes down plainly, read without importing it.

Plain are literals, names of plain values (also imported ones, within this program), sums, f-strings, cards, model
files, and calls of a function that does nothing but return such a value.
"""

from __future__ import annotations

import ast
import importlib.util
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from benchmark import cards, model_files
from benchmark.source_syntax import syntax

OWN = "benchmark."
"""Modules of this program begin so."""
_MADE: Mapping[str, Callable[..., Any]] = {
    "Card": cards.Card,
    "DatasetCard": cards.DatasetCard,
    "MethodCard": cards.MethodCard,
    "RecogniserCard": cards.RecogniserCard,
    "ModelFile": model_files.ModelFile,
}
"""Classes whose instances are plain, by the name that modules import."""
_OPERATORS = {ast.Add: operator.add, ast.Mult: operator.mul}


class NotDeclared(Exception):
    """The source does not say it as a plain value."""


@dataclass(frozen=True)
class Source:
    """A module's syntax.

    Attributes:
        module: its name.
        classes: those it defines.
        functions: likewise.
        values: what it assigns to plain names.
        imports: module and original name of what it imports from elsewhere.
    """

    module: str
    classes: Mapping[str, ast.ClassDef]
    functions: Mapping[str, ast.FunctionDef]
    values: Mapping[str, ast.expr]
    imports: Mapping[str, tuple[str, str]]

    def within(self, values: Mapping[str, ast.expr]) -> Source:
        """The same with the names of an inner block: a class's body, a call's arguments."""
        return replace(self, values={**self.values, **values})


@cache
def source_of(module: str) -> Source:
    """The syntax of a module.

    Raises:
        NotDeclared: it has no source.
    """
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
    functions = {node.name: node for node in body if isinstance(node, ast.FunctionDef)}
    return Source(module, classes, functions, assigned(body), imports)


def assigned(body: list[ast.stmt]) -> dict[str, ast.expr]:
    """The expressions that a block assigns to plain names."""
    values: dict[str, ast.expr] = {}
    for node in body:
        if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
            values[node.targets[0].id] = node.value
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.value is not None:
            values[node.target.id] = node.value
    return values


def plain_value(node: ast.expr, source: Source) -> Any:  # noqa: PLR0911  # one return per kind of expression
    """What an expression in `source` gives.

    Raises:
        NotDeclared: it is not plain.
    """
    match node:
        case ast.Constant(value):
            return value
        case ast.Tuple(items) | ast.List(items):
            return tuple(plain_value(item, source) for item in items)
        case ast.Dict(keys, values) if None not in keys:
            # presets hold settings of any class: who asks for a default wants the names alone
            return {
                plain_value(key, source): _value_or_none(value, source)
                for key, value in zip(keys, values, strict=True)
                if key is not None
            }
        case ast.BinOp(left, operation, right) if type(operation) in _OPERATORS:
            return _OPERATORS[type(operation)](plain_value(left, source), plain_value(right, source))
        case ast.JoinedStr(parts):
            return "".join(str(plain_value(part, source)) for part in parts)
        case ast.FormattedValue(value, -1, None):
            return plain_value(value, source)
        case ast.Subscript(value, index):
            return plain_value(value, source)[plain_value(index, source)]
        case ast.Attribute(value, attribute):
            return _attribute(plain_value(value, source), attribute)
        case ast.Call(function, arguments, keywords):
            return _called(function, [plain_value(one, source) for one in arguments], keywords, source)
        case ast.Name(name) if name in source.values:
            return plain_value(source.values[name], source)
        case ast.Name(name) if source.imports.get(name, ("", ""))[0].startswith(OWN):
            module, original = source.imports[name]
            return plain_value(ast.Name(original), source_of(module))
        case _:
            raise NotDeclared(f"line {getattr(node, 'lineno', '?')} of {source.module} is no plain value")


def _called(function: ast.expr, arguments: list[Any], keywords: list[ast.keyword], source: Source) -> Any:
    """What a card, a model file or a function of the module gives."""
    named = {word.arg: plain_value(word.value, source) for word in keywords if word.arg is not None}
    match function:
        case ast.Name(name) if source.imports.get(name, ("", ""))[1] in _MADE:
            return _MADE[source.imports[name][1]](*arguments, **named)
        case ast.Name(name) if name in source.functions:
            return _returned(source.functions[name], arguments, source)
        case ast.Attribute(ast.Name(name), "card") if not arguments:
            return _card_of_spec(source.values.get(name), named, source)
    raise NotDeclared(f"line {function.lineno} of {source.module} calls what is no plain value")


def _returned(function: ast.FunctionDef, arguments: list[Any], source: Source) -> Any:
    """What a function of one ``return`` gives for positional arguments."""
    names = [argument.arg for argument in function.args.args]
    match function.body:
        case [ast.Return(ast.expr() as value)] if len(names) == len(arguments):
            given: dict[str, ast.expr] = {name: ast.Constant(one) for name, one in zip(names, arguments, strict=True)}
            return plain_value(value, source.within(given))
    raise NotDeclared(f"{function.name} in {source.module} does more than return a plain value")


def _card_of_spec(spec: ast.expr | None, about: Mapping[str, Any], source: Source) -> cards.Card:
    """What every card says of `RecogniserSpec.card`: the spec's own words, and what `about` adds."""
    match spec:
        case ast.Call(ast.Name("RecogniserSpec"), [], keywords):
            shared = {"summary", "licence", "source", "trained_on"}
            said = {word.arg: plain_value(word.value, source) for word in keywords if word.arg in shared}
            return cards.RecogniserCard(**{"licence": "not stated", **said, **about})
    raise NotDeclared(f"{source.module} takes a card from what is no RecogniserSpec")


def _attribute(value: Any, attribute: str) -> Any:
    if not isinstance(value, tuple(_MADE.values())):  # type: ignore[arg-type]  # all of them are classes
        raise NotDeclared(f"'{attribute}' of what is neither a card nor a model file")
    return getattr(value, attribute)


def _value_or_none(node: ast.expr, source: Source) -> Any:
    try:
        return plain_value(node, source)
    except NotDeclared:
        return None
