"""The digest of the code behind a plugin: a part of the key of every result that it made."""

from __future__ import annotations

import hashlib
import importlib.metadata
import inspect
import json
import sys
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

from benchmark.errors import RequestError
from benchmark.model_files import sha256_of
from benchmark.plugin_code.imported_files import computes_names, imported_files, is_installed, is_own
from benchmark.plugin_code.importer import loaded_by_imports
from benchmark.plugin_code.names import folder_module, folder_of
from benchmark.plugin_code.sources import seal, source_of, watch
from benchmark.plugin_code.typed_source import typed_source

NEVER_STORED = None
"""The digest of code that nothing can be said about: what it makes must not be found again."""


def code_digest(plugin: object) -> str | None:
    """What stands for the code of a plugin in the key of its results.

    Every class that the plugin inherits from is looked at:

    * this package's own: nothing, for the steps and classes here carry version numbers;
    * one of an installed package: the package's name and version;
    * one of a file (``--plugin FILE``, ``FILE.py:ATTR``, a script, an editable install): the file and all that it can
      import, wherever the import statement stands, except installed packages;
    * one typed into a notebook: its source, and that of the functions, classes and plain values that it names.

    To these come the files that the plugin names: ``files = ["card.yaml"]``, from the folder of its own file.

    Args:
        plugin: a class, or an object of it.

    Returns:
        Hexadecimal; empty where all of it is this package's own; `NEVER_STORED` where it cannot be known.

    Raises:
        RequestError: one of `files` is not there.
    """
    cls = plugin if isinstance(plugin, type) else type(plugin)
    parts: dict[str, Any] = {}
    for base in cls.__mro__:
        code = _code_of(base)
        if code is None:
            return NEVER_STORED
        parts |= code
    parts |= _named_files(plugin, cls)
    return _digest(parts) if parts else ""


def module_digest(module: ModuleType) -> str | None:
    """As `code_digest`, of a loaded module."""
    code = _module_code(module.__name__)
    if code is None:
        return NEVER_STORED
    return _digest(code) if code else ""


def function_digest(function: FunctionType) -> str | None:
    """As `code_digest`, of the module in which a function is defined, and of which function of it this is."""
    code = _code_of(function)
    if code is None:
        return NEVER_STORED
    which = f"{function.__qualname__} {function.__code__.co_code.hex()} {function.__code__.co_names}"
    return _digest({"code": code, "function": which, "constants": repr(function.__code__.co_consts)})


def _code_of(thing: type | FunctionType) -> Mapping[str, Any] | None:
    """By name of each file, package or typed definition; None where the source is not known."""
    code = _module_code(thing.__module__)
    return typed_source(thing) if code is None else code


def _module_code(module: str) -> Mapping[str, Any] | None:
    """By name of each file or package; None where the module has no file."""
    if module != "__main__" and (is_own(module) or module.partition(".")[0] in sys.stdlib_module_names):
        return {}
    named = getattr(sys.modules.get(module), "__file__", None)
    if named is None or not Path(named).is_file():
        return None
    file = Path(named)
    return _installed_version(module) if is_installed(file) else _files_code(module, file)


def _files_code(module: str, file: Path) -> dict[str, str]:
    """The digest of each file, by a name that does not change when the folder moves."""
    folder = folder_of(module)
    files = imported_files(module, file)
    prefix = ""
    if folder is not None:
        if any(map(computes_names, files.values())):
            for name, loaded in loaded_by_imports(folder).items():
                files |= imported_files(name, loaded)
        prefix = folder_module(folder)
    digests = {
        name.removeprefix(prefix).strip("."): hashlib.sha256(source_of(path)).hexdigest()
        for name, path in files.items()
    }
    for name, path in files.items():
        if folder_of(name) is None:
            watch(path)
    if folder is not None:
        seal(folder)
    return digests


def _installed_version(module: str) -> dict[str, str]:
    top = module.partition(".")[0]
    names = _distributions().get(top, ())
    return {name: importlib.metadata.version(name) for name in names} or {top: "installed"}


@cache
def _distributions() -> Mapping[str, Sequence[str]]:
    return importlib.metadata.packages_distributions()


def _named_files(plugin: object, cls: type) -> dict[str, str]:
    named: Sequence[str | Path] = getattr(plugin, "files", ())
    if not named:
        return {}
    try:
        folder = Path(inspect.getfile(cls)).resolve().parent
    except (OSError, TypeError):  # typed into a notebook
        folder = Path.cwd()
    digests = {}
    for name in named:
        file = folder / Path(name).expanduser()
        if not file.is_file():
            raise RequestError(f"{cls.__name__} names '{name}' in its `files`, but {file} does not exist")
        code = file.suffix == ".py"  # kept as all sources are, so that the plugin may import it by a computed name
        digests[f"file {name}"] = hashlib.sha256(source_of(file)).hexdigest() if code else sha256_of(file)
    return digests


def _digest(parts: Mapping[str, Any]) -> str:
    text = json.dumps(parts, sort_keys=True, ensure_ascii=False)
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=12).hexdigest()
