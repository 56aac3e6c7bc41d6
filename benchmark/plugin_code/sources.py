"""The text of plugin files as it was when this process first looked at it.

A run may take hours, and its author may edit files meanwhile. The text that is executed, the text that is digested for
the keys of results, and the text that worker processes execute must be the same, so a file is read once and kept.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from benchmark.errors import BenchmarkError

_kept: dict[str, bytes] = {}
_sealed: set[str] = set()
_imported_by_python: set[str] = set()


def source_of(file: Path) -> bytes:
    """The bytes of `file`, read from disk only the first time.

    Raises:
        OSError: it cannot be read.
    """
    name = str(file)
    if name not in _kept:
        _kept[name] = file.read_bytes()
    return _kept[name]


def watch(file: Path) -> None:
    """`file` is one that Python imports by itself, from the disk, in worker processes too."""
    _imported_by_python.add(str(file))


def seal(folder: Path) -> None:
    """From now on `folder` consists of the files that were read: results are stored under their digest."""
    _sealed.add(str(folder))


def unseal(folder: Path) -> None:
    """One more file of `folder` is about to be loaded on its own account."""
    _sealed.discard(str(folder))


def is_left_out(file: Path, folder: Path) -> bool:
    """Whether a file of `folder` is missing from the digest under which results are stored."""
    return str(folder) in _sealed and str(file) not in _kept


@dataclass(frozen=True)
class KeptSources:
    """What this process knows of plugin files, for a worker process, which must execute the same."""

    contents: Mapping[str, bytes]
    sealed: frozenset[str]

    def keep(self) -> None:
        """Take these for the files' contents, whatever the disk says now."""
        _kept.update(self.contents)
        _sealed.update(self.sealed)

    def __reduce__(self) -> tuple[Callable[..., KeptSources], tuple[Mapping[str, bytes], frozenset[str]]]:
        """Unpickled, they are kept at once: before the classes whose files they are."""
        return _kept_here, (self.contents, self.sealed)


def _kept_here(contents: Mapping[str, bytes], sealed: frozenset[str]) -> KeptSources:
    sources = KeptSources(contents, sealed)
    sources.keep()
    return sources


def kept_sources() -> KeptSources:
    """Everything that was read so far.

    Raises:
        BenchmarkError: a file that Python imports by itself (of an editable install, of the working folder) was edited
            meanwhile: a worker process would import it as it is now.
    """
    for name in _imported_by_python & _kept.keys():
        if Path(name).exists() and _differs(name, _kept[name]):
            raise BenchmarkError(
                f"{name} was edited after it was loaded, and worker processes would run the new version; start the "
                "program again"
            )
    return KeptSources(dict(_kept), frozenset(_sealed))


def changed_on_disk(folder: Path) -> bool:
    """Whether a file of `folder` that was read has been edited or removed since."""
    return any(Path(name).is_relative_to(folder) and _differs(name, content) for name, content in _kept.items())


def forget(folder: Path) -> None:
    """Read the files of `folder` anew when they are asked for again."""
    for name in [name for name in _kept if Path(name).is_relative_to(folder)]:
        del _kept[name]
    _sealed.discard(str(folder))


def _differs(name: str, content: bytes) -> bool:
    try:
        return Path(name).read_bytes() != content
    except OSError:
        return True
