"""A store that makes nothing: it notes what is stored and what is not, and hands out blank artefacts."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmark.artifacts import Artifact, ArtifactStore, digest, rows_work, whole_work
from benchmark.storage.row_writer import RECORDS, Commit, RowArray, read_rows
from benchmark.work import Work

_READ_IF_STORED = frozenset({"copies"})
"""Steps whose result decides what later steps are given, and with it their keys."""
_NOT_LOOKED_AT: Mapping[str, Mapping[str, Any]] = {"copies": {"reason": "not looked at yet"}}
"""By step, the record of every row of a blank artefact, where an empty one would say something."""


@dataclass(frozen=True)
class Foreseen:
    """An artefact of a run, stored or not.

    Attributes:
        work: all of it.
        missing: rows that are not stored; 1 or 0 where it has none.
    """

    work: Work
    missing: int


@dataclass(frozen=True)
class BlankArtifact(Artifact):
    """Every face found, every pixel black, nothing failed: enough to find the keys of all further steps.

    Attributes:
        count: rows.
        arrays: by name, what a row looks like; of an artefact without rows they are not known, and have one row.
        record: of every row.
    """

    made: bool = False
    count: int = 0
    arrays: Mapping[str, RowArray] = field(default_factory=dict)
    record: Mapping[str, Any] = field(default_factory=dict)

    def array(self, name: str) -> NDArray[Any]:
        """Zeros that take no memory."""
        row = self.arrays.get(name)
        if row is None:
            return np.zeros((1, 1, 1, 1), dtype=np.uint8)
        return np.broadcast_to(np.zeros((1,) * (1 + len(row.shape)), dtype=row.dtype), (self.count, *row.shape))

    def records(self) -> list[dict[str, Any]]:
        """The same for every row."""
        return [dict(self.record) for _ in range(self.count)]


class BlankStore(ArtifactStore):
    """Takes the calls of a store; nothing is made, written or read through.

    Args:
        root: of the store that the run would use; need not exist.
        fresh: whether the run would ignore what is stored.

    Attributes:
        foreseen: every artefact that was asked for, each once, in that order.
    """

    def __init__(self, root: Path, *, fresh: bool = False) -> None:
        self.root = root
        self._fresh = fresh
        self._known: dict[Path, Artifact] = {}
        self.foreseen: list[Foreseen] = []

    def folder(
        self,
        step: str,
        about: Mapping[str, Any],
        make: Callable[[Path], None],  # noqa: ARG002  # never called
        *,
        holds: Callable[[Path], bool] = lambda _: True,  # noqa: ARG002  # the run will look
        part_of_step: bool = False,  # noqa: ARG002  # nothing is timed
    ) -> Artifact:
        """A blank artefact; see `ArtifactStore.folder`."""
        key = digest(about)
        final = self.root / step / key
        if final not in self._known:
            self._known[final] = BlankArtifact(key, final)
            self.foreseen.append(Foreseen(whole_work(step, about), 0 if self._stored(final) else 1))
        return self._known[final]

    def rows(
        self,
        step: str,
        about: Mapping[str, Any],
        *,
        count: int,
        arrays: Mapping[str, RowArray],
        make: Callable[[list[int], Commit], None],
    ) -> Artifact:
        """A blank artefact; see `ArtifactStore.rows`."""
        key = digest(about)
        final = self.root / step / key
        if final not in self._known:
            stored = self._stored(final)
            missing = 0 if stored else count - self._rows_of_a_killed_run(final, count)
            self.foreseen.append(Foreseen(rows_work(step, about, arrays, make, rows=count, of=count), missing))
            blank = BlankArtifact(key, final, count=count, arrays=arrays, record=_NOT_LOOKED_AT.get(step, {}))
            self._known[final] = Artifact(key, final) if stored and step in _READ_IF_STORED else blank
        return self._known[final]

    def _stored(self, final: Path) -> bool:
        return not self._fresh and os.path.lexists(final)

    def _rows_of_a_killed_run(self, final: Path, count: int) -> int:
        if self._fresh:
            return 0
        return sum(0 <= row < count for row in read_rows(final.with_suffix(".partial") / RECORDS))
