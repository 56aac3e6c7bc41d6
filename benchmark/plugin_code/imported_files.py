"""Which files a module consists of: its own, and all that it can import which are not part of an installed package.

Found by reading the import statements, wherever in a file they stand, so that what is imported only when a method is
called (perhaps in a worker process) is known beforehand.
"""

from __future__ import annotations

import ast
import importlib.util
import site
import sys
import sysconfig
from collections.abc import Iterator
from functools import cache, lru_cache
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path

from benchmark.plugin_code.importer import is_beside
from benchmark.plugin_code.names import PARENT, folder_module, folder_of
from benchmark.plugin_code.sources import source_of

_IMPORT_CALLS = ("import_module", "__import__")


def imported_files(module: str, file: Path) -> dict[str, Path]:
    """The files that `module` consists of, by the name of each module.

    Args:
        module: its name.
        file: its own file.
    """
    found = {module: file}
    waiting = [module]
    while waiting:
        importer = waiting.pop()
        for name in _names_in(importer, found[importer]):
            for part, path in _files_of(name, importer):
                if part not in found:
                    found[part] = path
                    waiting.append(part)
    return found


def is_installed(file: Path) -> bool:
    """Whether a file is part of an installed package or of Python itself, which a version describes."""
    return any(file.resolve().is_relative_to(folder) for folder in _installed_folders())


def is_own(module: str) -> bool:
    """Whether a module is this package's own, which no digest is taken of: its steps carry version numbers."""
    return (module == "benchmark" or module.startswith("benchmark.")) and folder_of(module) is None


def computes_names(file: Path) -> bool:
    """Whether the file imports modules whose names stand nowhere in it."""
    return any(not isinstance(name, ast.Constant) for name in _called_for(_parsed(file)))


def _names_in(module: str, file: Path) -> Iterator[str]:
    """Absolute names of everything that the file's import statements may mean."""
    package = module if file.name == "__init__.py" else module.rpartition(".")[0]
    tree = _parsed(file)
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = _absolute("." * node.level + (node.module or ""), package)
            yield base
            yield from (f"{base}.{alias.name}" for alias in node.names if alias.name != "*")
    for name in _called_for(tree):
        if isinstance(name, ast.Constant) and isinstance(name.value, str):
            yield _absolute(name.value, package)


def _called_for(tree: ast.AST) -> Iterator[ast.expr]:
    """What each call of an import function gives as the module's name: in first place, as ``name=`` or in ``**``."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if called in _IMPORT_CALLS:
                named = [keyword.value for keyword in node.keywords if keyword.arg in ("name", None)]
                yield from [*node.args[:1], *named][:1]


def _parsed(file: Path) -> ast.AST:
    """Empty where the file is compiled code or has a syntax error: whoever imports it is told of that."""
    return _tree(source_of(file)) if file.suffix == ".py" else ast.Module([], [])


@lru_cache(maxsize=4096)
def _tree(source: bytes) -> ast.AST:
    try:
        return ast.parse(source)
    except (SyntaxError, ValueError):
        return ast.Module([], [])


def _absolute(name: str, package: str) -> str:
    level = len(name) - len(name.lstrip("."))
    if not level:
        return name
    parents = package.split(".")
    return ".".join([*parents[: len(parents) - level + 1], *filter(None, [name.lstrip(".")])])


def _files_of(name: str, importer: str) -> Iterator[tuple[str, Path]]:
    """The module `name` as `importer` imports it and the packages above it, as far as they are not installed."""
    folder = folder_of(importer)
    if folder is not None and folder_of(name) is None and is_beside(name.partition(".")[0], folder, importer=importer):
        name = f"{folder_module(folder)}.{name}"
    private = folder_of(name)
    if private is not None:
        known, locations = folder_module(private), [str(private)]
        parts = name.removeprefix(known).strip(".").split(".")
    else:
        known, locations = "", None
        parts = name.split(".")
        if parts[0] in sys.stdlib_module_names or parts[0] == PARENT.partition(".")[0]:
            return
    for part in filter(None, parts):
        known = f"{known}.{part}".strip(".")
        spec = _spec(known, locations)
        if spec is None:
            return
        if spec.has_location and spec.origin:
            file = Path(spec.origin)
            if is_installed(file) or not file.is_file():
                return
            yield known, file
        locations = list(spec.submodule_search_locations or ())
        if not locations:
            return


def _spec(name: str, locations: list[str] | None) -> ModuleSpec | None:
    try:
        if locations is None:
            return importlib.util.find_spec(name)
        return PathFinder.find_spec(name, locations)
    except (ImportError, ValueError, AttributeError, KeyError):  # half-made modules, namespaces within namespaces
        return None


@cache
def _installed_folders() -> tuple[Path, ...]:
    folders = [sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")]
    folders += site.getsitepackages() if hasattr(site, "getsitepackages") else []
    folders.append(site.getusersitepackages())
    return tuple(dict.fromkeys(Path(folder).resolve() for folder in folders if folder))
