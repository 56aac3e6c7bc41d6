"""One registry class for the five kinds of plugin: datasets, masks, methods, recognisers, metrics.

A plugin is registered in one of four ways; all but the second are lazy:

* built in: a file in the kind's own package whose class carries the decorator (found by reading the source);
* in-process: the decorator, ``@register_method("my-gan")``, run by ``--plugin FILE`` or by the user's own code;
* installed: an entry point in the group ``unmask_benchmark.<kind>``;
* by hand: ``METHODS.register_lazily("my-gan", "my_package.gan:MyGan")``.
"""

from __future__ import annotations

import ast
import importlib
import importlib.util
import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from importlib.metadata import EntryPoints, entry_points
from pathlib import Path
from typing import Any, Generic, TypeVar, cast

from benchmark.errors import PluginError, PluginNotLoaded, RequestError
from benchmark.plugin_code.guard import plugin_code
from benchmark.plugin_code.importer import origin_of
from benchmark.source_syntax import syntax
from benchmark.suggestions import did_you_mean

log = logging.getLogger(__name__)

T = TypeVar("T")
C = TypeVar("C", bound=type)


@dataclass(frozen=True)
class _Entry:
    """Where a plugin comes from: a class that is here, or ``module:attribute`` still to be imported."""

    origin: str
    target: type | str


class Registry(Generic[T]):
    """Names of one kind and the classes behind them.

    Args:
        kind: plural noun, as on the command line: ``"methods"``.
        base: ``"module:Class"`` that every plugin of the kind must inherit; lazy, so that asking for names is cheap.
        package: the package whose files hold the built-in plugins.
    """

    def __init__(self, kind: str, *, base: str, package: str) -> None:
        self.kind = kind
        self.singular = kind.removesuffix("s")
        self.broken: dict[str, str] = {}
        self._base = base
        self._package = package
        self._entries: dict[str, _Entry] = {}
        self._scanned = False

    def register(self, name: str) -> Callable[[C], C]:
        """Decorator that registers a class under `name`.

        Raises:
            PluginError: the name is taken by a class from elsewhere; the message names both sources.
        """

        def decorate(cls: C) -> C:
            self._add(name, _Entry(origin=f"{origin_of(cls.__module__)}:{cls.__qualname__}", target=cls))
            return cls

        return decorate

    def register_lazily(self, name: str, target: str) -> None:
        """Register ``"module:attribute"``, imported on first use."""
        self._add(name, _Entry(origin=target, target=target))

    def names(self) -> tuple[str, ...]:
        """Every known name, sorted. Nothing is imported."""
        self._scan()
        return tuple(sorted(self._entries))

    def __contains__(self, name: object) -> bool:
        self._scan()
        return name in self._entries

    def __iter__(self) -> Iterator[str]:
        return iter(self.names())

    def load(self, name: str) -> type[T]:
        """The class behind `name`, imported now if it was lazy.

        Raises:
            RequestError: no such name; the message suggests the nearest.
            PluginNotLoaded: the plugin cannot be imported.
            PluginError: its class is not of this kind.
        """
        self.check(name)
        entry = self._entries[name]
        cls: Any = _import(entry.target, name) if isinstance(entry.target, str) else entry.target
        if not isinstance(cls, type):  # a decorated function: on import, its decorator registered the class it makes
            cls = self._entries[name].target
        base = _import(self._base, name)
        if not (isinstance(cls, type) and issubclass(cls, base)):
            raise PluginError(
                f"{self.singular} '{name}' ({entry.origin}) is not a subclass of {self._base.replace(':', '.')}"
            )
        found: type[T] = cls
        return found

    def check(self, name: str) -> None:
        """Refuse a name that nothing is registered under. Nothing is imported.

        Raises:
            RequestError: the message suggests the nearest.
        """
        if name not in self:
            raise RequestError(self._unknown(name))

    def name_of(self, cls: type) -> str | None:
        """The name that `cls` is registered under; None if it is not."""
        self._scan()
        own = f"{cls.__module__}:{cls.__qualname__}"
        return next((name for name, entry in self._entries.items() if entry.target is cls or entry.target == own), None)

    def forget(self, name: str) -> None:
        """Undo a registration."""
        del self._entries[name]

    def origin(self, name: str) -> str:
        """``module:Class`` of `name`, for messages."""
        self._scan()
        return self._entries[name].origin

    def _add(self, name: str, entry: _Entry) -> None:
        known = self._entries.get(name)
        if known is not None and known.origin != entry.origin:
            raise PluginError(
                f"two {self.kind} are called '{name}': {known.origin} and {entry.origin}; rename or remove one of them"
            )
        self._entries[name] = entry

    def _unknown(self, name: str) -> str:
        hint = did_you_mean(name, sorted(self._entries))
        broken = f" (it is installed but broken: {self.broken[name]})" if name in self.broken else ""
        return f"unknown {self.singular} '{name}'{broken}; {hint} `list {self.kind}` shows them all"

    def _scan(self) -> None:
        if self._scanned:
            return
        self._scanned = True
        for name, target in _decorated_classes(self._package, f"register_{self.singular}"):
            self._add(name, _Entry(origin=target, target=target))
        for point in _entry_points().select(group=f"unmask_benchmark.{self.kind}"):
            try:
                self._add(point.name, _Entry(origin=point.value, target=point.value))
            except PluginError as error:  # one broken package must not stop the rest
                self.broken[point.name] = str(error)
                log.warning("plugin ignored: %s", error)


@cache
def _entry_points() -> EntryPoints:
    """Those of every installed package, looked up once for all kinds."""
    return cast("EntryPoints", entry_points())  # the stubs still promise what Python 3.11 no longer gives


def _import(target: str, name: str) -> Any:
    module, _, attribute = target.partition(":")
    with plugin_code(f"'{name}' cannot be loaded from {target}", error=PluginNotLoaded):
        return getattr(importlib.import_module(module), attribute)


def _decorated_classes(package: str, decorator: str) -> Iterator[tuple[str, str]]:
    """``(name, "module:Class")`` of every class in `package`'s files that carries ``@decorator("name")``."""
    spec = importlib.util.find_spec(package)
    if spec is None or spec.submodule_search_locations is None:
        return
    for folder in spec.submodule_search_locations:
        for file in sorted(Path(folder).rglob("*.py")):
            if f"@{decorator}(" not in file.read_text("utf-8"):  # a hundred files need not be parsed
                continue
            module = ".".join([package, *file.relative_to(folder).with_suffix("").parts])
            for node in syntax(file).body:
                if not isinstance(node, ast.ClassDef):
                    continue
                for call in node.decorator_list:
                    if (
                        isinstance(call, ast.Call)
                        and isinstance(call.func, ast.Name)
                        and call.func.id == decorator
                        and call.args
                        and isinstance(call.args[0], ast.Constant)
                    ):
                        yield str(call.args[0].value), f"{module}:{node.name}"
