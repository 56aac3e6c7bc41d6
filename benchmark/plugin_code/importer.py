"""Imports the files of a plugin's folder under private names, for that plugin alone.

The folder is never put on ``sys.path``: no other module's ``import statistics`` finds a ``statistics.py`` that
happens to be beside a plugin. What a plugin's own files import is looked for beside them first, as Python does for a
script, with three exceptions: the standard library, this package, and the file's own name (so that ``lpips.py`` can
import the installed ``lpips``).
"""

from __future__ import annotations

import builtins
import importlib
import importlib.util
import sys
from collections.abc import Mapping, Sequence
from functools import partial
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

from benchmark.plugin_code.names import PARENT, file_module, folder_module, folder_of, unescaped
from benchmark.plugin_code.sources import changed_on_disk, forget, is_left_out, source_of, unseal

_asked_for: set[str] = set()
"""Private names that were loaded on their own account: another plugin's file does not belong to this one's code."""
_NEVER_BESIDE = frozenset({*sys.stdlib_module_names, PARENT.partition(".")[0]})


def load_file(file: Path) -> ModuleType:
    """The module in `file`, executed once; anew if it or a neighbour that it read was edited since.

    Args:
        file: exists.

    Raises:
        BaseException: whatever the file raises while it is executed.
    """
    return _load(file_module(file.resolve()), file.resolve().parent)


def load_module(name: str, folder: Path) -> ModuleType:
    """As `load_file`, of the module `name` (with dots, if it is in a package) of `folder`."""
    return _load(f"{folder_module(folder.resolve())}.{name}", folder.resolve())


def plugin_folders() -> tuple[Path, ...]:
    """The folders from which files are loaded so far."""
    folders = [folder_of(module) for module in tuple(sys.modules)]
    return tuple(dict.fromkeys(folder for folder in folders if folder is not None))


def loaded_by_imports(folder: Path) -> dict[str, Path]:
    """The modules of `folder` that are loaded because another one imported them, with their files."""
    prefix = f"{folder_module(folder)}."
    files = {
        name: getattr(module, "__file__", None)
        for name, module in tuple(sys.modules.items())
        if name.startswith(prefix) and name not in _asked_for
    }
    return {name: Path(file) for name, file in files.items() if file}


def origin_of(module: str) -> str:
    """What to call a module in messages: a private one by its file."""
    if folder_of(module) is None:
        return module
    return str(getattr(sys.modules.get(module), "__file__", None) or module)


def is_beside(name: str, folder: Path, *, importer: str = "") -> bool:
    """Whether ``import name``, in a file of `folder`, means a file or package of that folder.

    Args:
        name: without dots.
        folder: the folder of the plugin.
        importer: private name of the module that imports.
    """
    if name in _NEVER_BESIDE or importer == f"{folder_module(folder)}.{name}":
        return False
    spec = PathFinder.find_spec(name, [str(folder)])
    if spec is None:
        return False
    return spec.origin is not None or not _is_importable(name)  # a folder without code may be anything: data, results


def install() -> None:
    """Let this process find private modules."""
    if not any(isinstance(finder, _PrivateFinder) for finder in sys.meta_path):
        sys.meta_path.insert(0, _PrivateFinder())
        sys.meta_path.append(_NeighbourHint())


class _PrivateFinder(MetaPathFinder):
    """Finds the modules that `benchmark.plugin_code.names` names, and no others."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        folder = folder_of(fullname)
        if folder is None:
            return None
        if fullname == folder_module(folder):
            spec = ModuleSpec(fullname, None, is_package=True)
            spec.submodule_search_locations = [str(folder)]
            return spec
        found = PathFinder.find_spec(fullname, path, target)
        if found is None:
            file = folder / f"{unescaped(fullname.rpartition('.')[2])}.py"
            found = importlib.util.spec_from_file_location(fullname, file) if file.is_file() else None
        if found is not None and isinstance(found.loader, SourceFileLoader):
            found.loader = _PrivateLoader(fullname, found.loader.path)
        if found is not None and found.origin and is_left_out(Path(found.origin), folder):
            raise ImportError(
                f"{found.origin} is imported by a computed name after results were stored without it; add "
                f"files = ['{Path(found.origin).relative_to(folder)}'] to the plugin's class, or import it at the top"
            )
        return found


class _NeighbourHint(MetaPathFinder):
    """The last to be asked: says how to import a neighbour where ``importlib.import_module("name")`` cannot see it."""

    def find_spec(self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None) -> None:
        del target
        if path is None:
            for folder in plugin_folders():
                if is_beside(fullname, folder):
                    raise ModuleNotFoundError(
                        f"No module named '{fullname}'; it is beside a plugin in {folder}, whose files import it with "
                        f"`import {fullname}` or importlib.import_module('.{fullname}', __package__)",
                        name=fullname,
                    )


class _PrivateLoader(SourceFileLoader):
    """Executes a file of a plugin's folder, whose imports look beside it first.

    Compiled code is neither read nor written: Python takes a compiled file for current if the source has the same size
    and the same second, which an edit in the middle of work easily has.
    """

    def get_data(self, path: str) -> bytes:
        return source_of(Path(path))

    def get_code(self, fullname: str) -> CodeType:
        del fullname
        code: CodeType = self.source_to_code(self.get_data(self.path), self.path)
        return code

    def exec_module(self, module: ModuleType) -> None:
        folder = folder_of(module.__name__)
        if folder is not None:
            own_import = partial(_import_beside, folder, module.__name__)
            vars(module)["__builtins__"] = {**vars(builtins), "__import__": own_import}
        super().exec_module(module)


def _import_beside(  # noqa: PLR0917  # Python calls it so
    folder: Path,
    importer: str,
    name: str,
    globals: Mapping[str, Any] | None = None,
    locals: Mapping[str, Any] | None = None,
    fromlist: Sequence[str] | None = (),
    level: int = 0,
) -> ModuleType:
    """What an import statement in a plugin's file does (see `__import__`)."""
    top = name.partition(".")[0]
    if level == 0 and is_beside(top, folder, importer=importer):
        package = folder_module(folder)
        module = builtins.__import__(f"{package}.{name}", globals, locals, fromlist or (), 0)
        return module if fromlist else sys.modules[f"{package}.{top}"]
    return builtins.__import__(name, globals, locals, fromlist or (), level)


def _is_importable(name: str) -> bool:
    """Whether anything but a folder without code has this name."""
    try:
        spec = importlib.util.find_spec(name)
    except (ImportError, ValueError):  # half-made modules have no spec
        return True
    return spec is not None and spec.origin is not None


def _load(private: str, folder: Path) -> ModuleType:
    if changed_on_disk(folder):
        _unload(folder)
    unseal(folder)
    _asked_for.add(private)
    return importlib.import_module(private)


def _unload(folder: Path) -> None:
    package = folder_module(folder)
    for module in [name for name in sys.modules if name == package or name.startswith(f"{package}.")]:
        del sys.modules[module]
    forget(folder)
